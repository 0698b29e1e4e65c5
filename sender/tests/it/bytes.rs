//! What is passed on keeps its bytes: digits, escapes, spacing, and names that are there twice.

use serde_json::{Value, json};

use crate::{replay::Desk, run, support::counting::Counting, webhook_sender};

/// What a reader of JSON would print otherwise; without the closing brace.
const BODY: &str =
    "{ \"a\" : [12345678901234567890123, 5000.50, 1e2, -0, 0.00000012, 1.0E+2],\r\n\t\"b\":\"\\u00fc\\/\",\"b\":1";
const NUMBERS: [&str; 6] = ["12345678901234567890123", "5000.50", "1e2", "-0", "0.00000012", "1.0E+2"];

fn exported(body: &str, secret_at: Option<usize>) -> String {
    let mut line =
        json!({"id": "01990c2e-7d5f-7000-8000-000000000000", "receivedAt": "2026-11-24T08:00:00Z", "endpoint": "crm"});
    if let Some(at) = secret_at {
        line["secretAt"] = at.into();
    }
    line["body"] = body.into();
    line.to_string() + "\n"
}

#[test]
fn a_replay_edits_the_place_of_the_credential_and_nothing_else() {
    let nested = "name = \"nested\"\n[roles]\nclientSecret = \"/auth/secret\"\ntrigger = \"/trigger\"\nflowIdentifier = \"/f\"\n\
                  stepIdentifier = \"/s\"\nstepFields = \"/d\"\n[triggers]\nstepCreated = 1\nstepCompleted = 2\n[fields]\n\
                  form = \"map\"\nkey = \"name\"\n";
    let desk = Desk::new();
    let profile = desk.file("nested.toml", nested);
    let secret = format!("file:{}", desk.file("plain", "x"));
    let client_secret = ["--client-secret", &secret];
    let basic = ["--username", "jo", "--password", &secret];
    let profiled = ["--client-secret", &secret, "--profile", &profile];
    let emptied = format!("{BODY}, \"clientSecret\": \"\"}}");
    let at = emptied.find("\"\"").unwrap();
    let first = format!("{{\"clientSecret\":\"\" ,{}}}", &BODY[1..]);
    let authenticated = format!("{BODY},\"auth\":{{\"n\":1.0}} }}");
    for (name, line, credentials, expected) in [
        (
            "inserted",
            exported(&format!("{BODY}}}"), None),
            &client_secret[..],
            format!("{BODY},\"clientSecret\":\"x\"}}"),
        ),
        ("filled", exported(&emptied, Some(at)), &client_secret, emptied.replace("\"\"", "\"x\"")),
        ("removed for none", exported(&emptied, Some(at)), &[], format!("{BODY}}}")),
        ("removed for Basic", exported(&emptied, Some(at)), &basic, format!("{BODY}}}")),
        ("the first one removed", exported(&first, Some(16)), &[], format!("{{{}}}", BODY[1..].trim_start())),
        ("the only one removed", exported("{\"clientSecret\":\"\"}", Some(16)), &[], "{}".to_owned()),
        (
            "a missing parent",
            exported(&format!("{BODY}}}"), None),
            &profiled,
            format!("{BODY},\"auth\":{{\"secret\":\"x\"}}}}"),
        ),
        (
            "an existing parent",
            exported(&authenticated, None),
            &profiled,
            authenticated.replace("1.0}", "1.0,\"secret\":\"x\"}"),
        ),
        ("an empty parent", exported("{\"auth\":{}}", None), &profiled, "{\"auth\":{\"secret\":\"x\"}}".to_owned()),
    ] {
        let (endpoint, file) = (Counting::taking(), desk.file(&format!("{name}.jsonl"), line));
        let replayed = run(desk.replay(&file, &endpoint.url("/")).args(credentials));
        assert_eq!(replayed.code, Some(0), "{name}: {}", replayed.stderr);
        assert_eq!(endpoint.bodies(), [expected], "{name}");
    }
}

#[test]
fn a_profile_moves_values_and_keeps_their_digits() {
    let map = "name = \"map\"\n[roles]\ntrigger = \"/t\"\nflowIdentifier = \"/f\"\nstepIdentifier = \"/s\"\nstepFields = \"/d\"\n\
               [triggers]\nstepCreated = 1\nstepCompleted = 2\n[fields]\nform = \"map\"\nkey = \"name\"\n";
    let (desk, endpoint) = (Desk::new(), Counting::taking());
    let fields: Vec<String> = NUMBERS[1..]
        .iter()
        .map(|number| format!(r#"{{"name":"{number}","type":"Currency","value":{number}}}"#))
        .collect();
    let message = desk.file(
        "message.json",
        format!(
            r#"{{"trigger":"stepCompleted","flow":{{"flowIdentifier":"F"}},"step":{{"stepIdentifier":"S","fields":[{}]}}}}"#,
            fields.join(",")
        ),
    );
    let profile = desk.file("map.toml", map);
    let sent =
        run(webhook_sender().args(["send", "--message", &message, "--profile", &profile, "--to", &endpoint.url("/")]));
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    for number in &NUMBERS[1..] {
        assert!(endpoint.bodies()[0].contains(&format!("\"{number}\":{number}")), "{number}: {}", endpoint.bodies()[0]);
    }
}

#[test]
fn shown_numbers_keep_their_digits() {
    let desk = Desk::new();
    let endpoint = Counting::new(|_, arrived| {
        crate::support::counting::Reply::Status(200, String::from_utf8_lossy(&arrived.body).into_owned())
    });
    let body = desk.file("body.json", format!("{BODY}}}"));
    run(&mut desk.replay(&body, &endpoint.url("/")));
    let data = desk.path("outbox");
    let url = endpoint.url("/");
    let lines = [
        &["deliveries", "show", "1", "--data", &data][..],
        &["deliveries", "show", "1", "--data", &data, "--output", "json"],
        &["send", "--dry-run", "--raw-body", &body, "--to", &url],
        &["send", "--dry-run", "--raw-body", &body, "--to", &url, "--output", "json"],
        &["send", "--raw-body", &body, "--to", &url, "--output", "json"],
    ];
    for line in lines {
        let shown = run(webhook_sender().args(line));
        assert_eq!(shown.code, Some(0), "{line:?}: {}", shown.stderr);
        for number in NUMBERS {
            assert!(shown.stdout.contains(number), "{line:?}: {number} in {}", shown.stdout);
        }
        assert!(!line.contains(&"json") || serde_json::from_str::<Value>(&shown.stdout).is_ok(), "{}", shown.stdout);
    }
}
