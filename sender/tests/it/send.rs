//! `webhook-sender send`: what goes over the wire, and what is refused without sending.

mod refused;

use std::{fs, io::Write as _};

use schemas::Sample;
use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempDir};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{basic_auth, body_bytes, header, header_exists, method, path},
};

use crate::{
    run,
    support::endpoint::{Endpoint, nobody},
    webhook_sender,
};

const SAMPLE: &str = "step-completed-customer-set-up";
/// With a quote and a backslash, which JSON escapes.
pub(crate) const CANARY: &str = "canary-5f1b\"\\";

fn file(content: impl AsRef<[u8]>) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content.as_ref()).unwrap();
    file
}

fn path_of(file: &NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

/// The request with its changing parts: head as text, body as JSON.
fn parts(request: &[u8]) -> (String, Value) {
    let end = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(request[..end].to_vec()).unwrap();
    (head, serde_json::from_slice(&request[end + 4..]).unwrap())
}

#[test]
fn the_bytes_on_the_wire_are_these() {
    let (body, password) = (file(b"{ \"exactly\": \xff these\r\nbytes }"), file("open sesame\n"));
    let endpoint = Endpoint::with_status("200 OK", "", "{\"id\":\"0198\"}");
    let mut command = webhook_sender();
    command.args(["send", "--to", &endpoint.url("http"), "--raw-body", path_of(&body), "--username", "Aladdin"]);
    command.args(["--password", &format!("file:{}", path_of(&password))]);
    let sent = run(&mut command);
    assert_eq!((sent.code, sent.stderr.as_str()), (Some(0), ""));
    assert!(sent.stdout.ends_with("ms, id 0198\n"), "{}", sent.stdout);

    let port = endpoint.port();
    let mut expected = format!(
        "POST /hooks/flowingly HTTP/1.1\r\n\
         content-type: application/json\r\n\
         authorization: basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\
         user-agent: webhook-sender/0.1.0\r\n\
         host: 127.0.0.1:{port}\r\n\
         content-length: 29\r\n\r\n"
    )
    .into_bytes();
    expected.extend(b"{ \"exactly\": \xff these\r\nbytes }");
    let request = endpoint.request();
    assert_eq!(request, expected, "{}", String::from_utf8_lossy(&request));
}

#[tokio::test(flavor = "multi_thread")]
async fn basic_is_what_others_read_as_basic() {
    let server = MockServer::start().await;
    let sample = Sample::find("step-completed-basic").unwrap();
    Mock::given(method("POST"))
        .and(path("/hook"))
        .and(header("content-type", "application/json"))
        .and(header("authorization", "basic am86cMOkc3M6d8O2cmTwn4yK"))
        .and(body_bytes(sample.body))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;
    let mut command = webhook_sender();
    command.args(["send", "--to", &format!("{}/hook", server.uri()), "--sample", "step-completed-basic"]);
    let sent = run(command.args(["--username", "jo", "--password", "env:PASSWORD"]).env("PASSWORD", "päss:wörd🌊"));
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    assert!(sent.stdout.contains(": 204 No Content in "), "{}", sent.stdout);

    // Another implementation's matcher; it writes the scheme with a capital, so it is given one.
    let server = MockServer::start().await;
    Mock::given(basic_auth("jo", "päss:wörd🌊"))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&server)
        .await;
    let mut command = webhook_sender();
    command.args(["send", "--to", &server.uri(), "--header", "authorization: Basic am86cMOkc3M6d8O2cmTwn4yK"]);
    assert_eq!(run(&mut command).code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_authorization_header_where_none_is_due() {
    let server = MockServer::start().await;
    Mock::given(header_exists("authorization")).respond_with(ResponseTemplate::new(200)).expect(0).mount(&server).await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).expect(3).mount(&server).await;
    for arguments in [vec![], vec!["--sample", SAMPLE], vec!["--client-secret", "env:SECRET"]] {
        let mut command = webhook_sender();
        let sent = run(command.args(["send", "--to", &server.uri()]).args(&arguments).env("SECRET", CANARY));
        assert_eq!(sent.code, Some(0), "{arguments:?}: {}", sent.stderr);
    }
}

#[test]
fn a_sample_is_sent_as_it_is_and_a_secret_is_put_in() {
    let endpoint = Endpoint::with_status("200 OK", "", "");
    assert_eq!(run(webhook_sender().args(["send", "--to", &endpoint.url("http"), "--sample", SAMPLE])).code, Some(0));
    assert!(endpoint.request().ends_with(Sample::find(SAMPLE).unwrap().body));

    let endpoint = Endpoint::with_status("200 OK", "", "");
    let mut command = webhook_sender();
    command.args(["send", "--to", &endpoint.url("http"), "--sample", SAMPLE, "--client-secret", "env:SECRET"]);
    let sent = run(command.env("SECRET", CANARY));
    assert_eq!(sent.code, Some(0));
    assert!(!(sent.stdout + &sent.stderr).contains("canary"));
    let (_, body) = parts(&endpoint.request());
    assert_eq!(body["clientSecret"], CANARY);
}

#[test]
fn a_message_comes_from_standard_input_too() {
    let endpoint = Endpoint::with_status("200 OK", "", "");
    let message = Sample::find(SAMPLE).unwrap().body;
    let mut command = webhook_sender();
    let sent = run(command.args(["send", "--to", &endpoint.url("http"), "--message", "-"]).write_stdin(message));
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    assert!(endpoint.request().ends_with(message));
}

#[test]
fn flags_compose_a_message() {
    for (name, arguments, checks) in [
        ("without any", vec![], vec![("/trigger", json!("stepCompleted")), ("/previousStep", json!(null))]),
        (
            "completed",
            vec!["--flow", "FLOW-9", "--subject", "Zoë", "--step", "Form", "--field", "Limit:Currency=5.5"],
            vec![
                ("/flow/flowIdentifier", json!("FLOW-9")),
                ("/flow/subject", json!("Zoë")),
                ("/step/stepIdentifier", json!("Form")),
                ("/step/fields/0/name", json!("Limit")),
                ("/step/fields/0/value", json!(5.5)),
                ("/step/fields/0/order", json!(1)),
            ],
        ),
        (
            "created by a public form",
            vec!["--previous-step", "public-form", "--step-type", "approval", "--field", "A=1", "--webhook-name", "W"],
            vec![
                ("/trigger", json!("stepCreated")),
                ("/webhook/name", json!("W")),
                ("/step/type", json!("approval")),
                ("/step/fields", json!([])),
                ("/previousStep/type", json!("publicForm")),
                ("/previousStep/access", json!("public")),
                ("/previousStep/fields/0/value", json!("1")),
            ],
        ),
    ] {
        let endpoint = Endpoint::with_status("200 OK", "", "");
        let sent = run(webhook_sender().args(["send", "--to", &endpoint.url("http")]).args(arguments));
        assert_eq!(sent.code, Some(0), "{name}: {}", sent.stderr);
        let (_, body) = parts(&endpoint.request());
        assert_eq!(schemas::Schema::StepMessage.violations(&body), [], "{name}");
        for (pointer, expected) in checks {
            assert_eq!(body.pointer(pointer), Some(&expected), "{name}: {pointer}");
        }
    }
}

#[test]
fn a_dry_run_sends_nothing_and_masks_what_opens_doors() {
    let url = nobody();
    for (name, arguments, expected) in [
        ("secret put in", vec!["--client-secret", "env:SECRET"], "\"clientSecret\":\"***\""),
        ("secret of the sample", vec!["--sample", "step-completed-client-secret"], ": \"***\""),
        ("basic", vec!["--username", "jo", "--password", "env:SECRET"], "authorization: basic ***\n"),
        ("given header", vec!["--header", "authorization: Bearer canary-1"], "authorization: Bearer ***\n"),
        ("given key", vec!["--header", "X-Api-Key: canary-1"], "x-api-key: ***\n"),
        ("content type", vec!["--header", "content-type: text/plain"], "\ncontent-type: text/plain\n"),
        ("not JSON", vec!["--raw-body", "-"], "bytes, not shown: the body is not JSON"),
    ] {
        for form in ["human", "json"] {
            let mut command = webhook_sender();
            command.args(["send", "--dry-run", "--to", &url, "--output", form]).args(&arguments);
            let sent = run(command.env("SECRET", CANARY).write_stdin("{\"clientSecret\":\"canary\""));
            assert_eq!((sent.code, sent.stderr.as_str()), (Some(0), ""), "{name}");
            assert!(!sent.stdout.contains("canary"), "{name}: {}", sent.stdout);
            if form == "human" {
                assert!(sent.stdout.contains(expected), "{name}: {}", sent.stdout);
            } else {
                let object: Value = serde_json::from_str(&sent.stdout).unwrap();
                assert_eq!(object["method"], "POST", "{name}");
            }
        }
    }
    let sample = Sample::find("step-completed-client-secret").unwrap();
    let secret = serde_json::from_slice::<Value>(sample.body).unwrap()["clientSecret"].as_str().unwrap().to_owned();
    let sent = run(webhook_sender().args(["send", "--dry-run", "--to", &url, "--sample", sample.name]));
    assert!(!sent.stdout.contains(&secret), "{}", sent.stdout);
}

#[test]
fn a_profile_shapes_the_message_and_what_it_drops_is_reported() {
    let profile = file(
        "name = \"captured\"\n[roles]\ntrigger = \"/Event\"\nclientSecret = \"/Secret\"\nflowIdentifier = \"/FlowId\"\n\
         stepIdentifier = \"/Step/Name\"\nstepFields = \"/Step/Values\"\n[triggers]\nstepCreated = 1\n\
         stepCompleted = 2\n[fields]\nform = \"map\"\nkey = \"name\"\n",
    );
    let endpoint = Endpoint::with_status("200 OK", "", "");
    let mut command = webhook_sender();
    command.args(["send", "--to", &endpoint.url("http"), "--profile", path_of(&profile), "--field", "A=1"]);
    let sent = run(command.args(["--client-secret", "env:SECRET"]).env("SECRET", CANARY));
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    assert!(sent.stderr.starts_with("note: the profile `captured` has no place for this"), "{}", sent.stderr);
    assert!(sent.stderr.contains("\n  flowSubject\n"), "{}", sent.stderr);
    let (_, body) = parts(&endpoint.request());
    assert_eq!(
        body,
        json!({
            "Event": 2, "Secret": CANARY, "FlowId": "FLOW-604",
            "Step": {"Name": "New Customer (Debtor) Form", "Values": {"A": "1"}},
        })
    );

    // What the contract does not know cannot go through a profile, and that is said too.
    let endpoint = Endpoint::with_status("200 OK", "", "");
    let mut command = webhook_sender();
    command.args(["send", "--to", &endpoint.url("http"), "--profile", path_of(&profile), "--output", "json"]);
    let sent = run(command.args(["--sample", "step-completed-unknown-properties"]));
    assert!(sent.stderr.contains(", which the contract does not know\n"), "{}", sent.stderr);
    let object: Value = serde_json::from_str(&sent.stdout).unwrap();
    assert!(object["dropped"].as_array().unwrap().len() > 1, "{object}");
}

#[test]
fn headers_are_added_and_replaced() {
    let endpoint = Endpoint::with_status("200 OK", "", "");
    let mut command = webhook_sender();
    command.args(["send", "--to", &endpoint.url("http"), "--header", "X-Tag: a", "--header", "x-tag:b"]);
    command.args(["--header", "Content-Type: application/vnd.test+json", "--header", "User-Agent: mine"]);
    assert_eq!(run(&mut command).code, Some(0));
    let (head, _) = parts(&endpoint.request());
    for line in ["x-tag: a\r\nx-tag: b", "content-type: application/vnd.test+json", "user-agent: mine"] {
        assert!(head.contains(line), "{line}: {head}");
    }
    assert_eq!(head.matches("content-type").count() + head.matches("user-agent").count(), 2, "{head}");
}

#[test]
fn samples_are_listed_and_shown() {
    let list = run(webhook_sender().args(["samples", "list"]));
    assert_eq!((list.code, list.stderr.as_str()), (Some(0), ""));
    let valid = list.stdout.find(SAMPLE).unwrap();
    let heading = list.stdout.find("Invalid: ").unwrap();
    let invalid = list.stdout.find("null--MSG-1 ").unwrap();
    assert!(valid < heading && heading < invalid, "{}", list.stdout);

    let list = run(webhook_sender().args(["samples", "list", "--output", "json"]));
    let rows: Vec<Value> = serde_json::from_str(&list.stdout).unwrap();
    let bytes = Sample::find("null--MSG-1").unwrap().body.len();
    assert!(rows.contains(&json!({"name": "null--MSG-1", "valid": false, "clause": "MSG-1", "bytes": bytes})));

    for name in [SAMPLE, "null--MSG-1"] {
        let shown = webhook_sender().args(["samples", "show", name]).output().unwrap();
        assert_eq!(shown.stdout, Sample::find(name).unwrap().body, "{name}");
    }
    let unknown = run(webhook_sender().args(["samples", "show", "xyzzy"]));
    assert_eq!(unknown.code, Some(2));
}

#[test]
fn a_secret_that_others_on_the_way_can_read_is_warned_of() {
    for (name, to, arguments, warning) in [
        (
            "a client secret",
            "http://192.0.2.1/",
            ["--client-secret", "env:SECRET"].as_slice(),
            Some("the client secret can be"),
        ),
        ("a private address", "http://10.0.0.1/", &["--client-secret", "env:SECRET"], Some("the client secret can be")),
        (
            "a key in a header",
            "http://192.0.2.1/",
            &["--header", "x-functions-key: canary"],
            Some("`x-functions-key` can be"),
        ),
        ("https", "https://192.0.2.1/", &["--client-secret", "env:SECRET"], None),
        ("this machine", "http://127.0.0.1:9/", &["--client-secret", "env:SECRET"], None),
        ("meant so", "http://192.0.2.1/", &["--client-secret", "env:SECRET", "--allow-plaintext"], None),
        ("no secret", "http://192.0.2.1/", &[], None),
    ] {
        let mut command = webhook_sender();
        command.args(["send", "--dry-run", "--to", to]).args(arguments).env("SECRET", CANARY);
        let sent = run(&mut command);
        assert_eq!(sent.code, Some(0), "{name}: {}", sent.stderr);
        match warning {
            Some(words) => {
                assert!(sent.stderr.starts_with("warning: ") && sent.stderr.contains(words), "{name}: {}", sent.stderr)
            }
            None => assert_eq!(sent.stderr, "", "{name}"),
        }
    }
}
