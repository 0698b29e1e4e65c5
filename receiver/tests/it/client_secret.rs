//! The client secret: only what is unambiguous and right is accepted, and it rests nowhere.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{Raw, post},
};

const SECRETS: [(&str, &str); 4] = [
    ("plain", "canary-plain-5d1e"),
    ("quotes", "canary \"quoted\" \\ back\\slash / é"),
    ("escapes", "canary\u{7}\u{1b}[2J\u{2028}end"),
    ("four bytes", "🌊"),
];

fn body(secret: &str) -> String {
    format!(
        r#"{{ "trigger":"stepCompleted","flow":{{"flowIdentifier":"FLOW-1"}}, "step":{{"stepIdentifier":"S","fields":[]}},"clientSecret" : {secret} ,"z":"\u00e9"}}"#
    )
}

fn escaped(text: &str) -> String {
    let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
    format!("\"{units}\"")
}

fn status(receiver: &Receiver, body: &str) -> u16 {
    let mut raw = Raw::connect(receiver.address);
    raw.send(post("/secret", "", body));
    let answer = raw.answer().unwrap();
    fs::write(receiver.folder().join(format!("answer-{}", uuid::Uuid::now_v7())), &answer.body).unwrap();
    answer.status
}

#[test]
fn only_what_is_unambiguous_and_right_is_accepted_and_it_is_found_nowhere() {
    for (case, secret) in SECRETS {
        let secret = if case == "four bytes" { secret.repeat(250) } else { secret.to_owned() };
        let folder = TempDir::new().unwrap();
        let outside = TempDir::new().unwrap();
        let file = outside.path().join("secret");
        fs::write(&file, &secret).unwrap();
        let receiver = Receiver::start_in(
            folder.path(),
            &format!(
                "log_payloads = true\n[[endpoint]]\npath = \"/secret\"\nauthentication = {{ type = \"client-secret\", secret = \"file:{}\" }}\n",
                file.display()
            ),
            &[],
        );
        let plain = serde_json::to_string(&secret).unwrap();
        let accepted =
            [body(&plain), body(&escaped(&secret)), body(&plain).replace("clientSecret", "client\\u0053ecret")];
        for body in &accepted {
            assert_eq!(status(&receiver, body), 200, "{case}: {body}");
        }
        for (what, refused) in [
            ("right first", body(&format!("{plain},\"clientSecret\":\"x\""))),
            ("right last", body(&format!("\"x\",\"clientSecret\":{plain}"))),
            ("twice right", body(&format!("{plain},\"client\\u0053ecret\":{plain}"))),
            (
                "decoy deeper",
                body("\"x\"").replace("\"fields\":[]", &format!("\"fields\":[],\"clientSecret\":{plain}")),
            ),
            ("in a list", body(&format!("[{plain}]"))),
            ("in an object", body(&format!("{{\"value\":{plain}}}"))),
            ("a number", body("12345")),
            ("null", body("null")),
            ("empty", body("\"\"")),
            ("a space behind", body(&serde_json::to_string(&format!("{secret} ")).unwrap())),
            (
                "all but the last",
                body(
                    &serde_json::to_string(&secret.chars().take(secret.chars().count() - 1).collect::<String>())
                        .unwrap(),
                ),
            ),
            ("another case", body(&plain).replace("clientSecret", "ClientSecret")),
        ] {
            let status = status(&receiver, &refused);
            assert!([400, 403].contains(&status), "{case}, {what}: {status}");
        }
        let exported = receiver.exported();
        let stored: Vec<&str> = exported.iter().map(|line| line["body"].as_str().unwrap()).collect();
        let emptied = [body("\"\""), body("\"\""), body("\"\"").replace("clientSecret", "client\\u0053ecret")];
        assert_eq!(stored, emptied, "{case}");
        let at = usize::try_from(exported[0]["secretAt"].as_u64().unwrap()).unwrap();
        assert_eq!(&stored[0][at..at + 2], "\"\"", "{case}");
        let listed = receiver.command(&["messages", "list"]);
        fs::write(folder.path().join("list"), listed.stdout).unwrap();
        assert!(receiver.terminate().success());
        let printed = fs::read_to_string(folder.path().join("stdout.log")).unwrap();
        assert!(printed.contains("FLOW-1"), "payloads are printed: {printed}");
        let forms = [
            secret.clone(),
            plain.trim_matches('"').to_owned(),
            escaped(&secret).trim_matches('"').to_owned(),
            escaped(&secret).trim_matches('"').to_lowercase(),
            STANDARD.encode(&secret),
            secret.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        ];
        search(folder.path(), &forms, case);
    }
}

/// Fails where any file below a folder holds one of the texts.
fn search(folder: &Path, forms: &[String], case: &str) {
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, forms, case);
            continue;
        }
        files += 1;
        let bytes = fs::read(&path).unwrap();
        for form in forms {
            let found = bytes.windows(form.len()).any(|window| window == form.as_bytes());
            assert!(!found, "{case}: found in {}", path.display());
        }
    }
    assert!(files > 0, "{}", folder.display());
}

/// A configuration with one credential, for each place where one can stand.
const PLACES: [(&str, &str); 6] = [
    ("client secret", "authentication = { type = \"client-secret\", secret = \"REF\" }"),
    ("password", "authentication = { type = \"basic\", username = \"jo\", password = \"REF\" }"),
    (
        "an old secret",
        "authentication = { type = \"client-secret\", secret = \"file:right\" }\n\
         also_accept = [{ type = \"client-secret\", secret = \"REF\" }]",
    ),
    (
        "a destination's secret",
        "[[endpoint.destination]]\nname = \"a\"\ntype = \"http\"\nurl = \"https://hooks.example/\"\n\
         authentication = { type = \"client-secret\", secret = \"REF\" }",
    ),
    (
        "a destination's password",
        "[[endpoint.destination]]\nname = \"a\"\ntype = \"http\"\nurl = \"https://hooks.example/\"\n\
         authentication = { type = \"basic\", username = \"jo\", password = \"REF\" }",
    ),
    ("a URL", "[[endpoint.destination]]\nname = \"a\"\ntype = \"http\"\nurl = \"REF\""),
];

fn checked(folder: &Path, credential: &str, variable: &str) -> (bool, String) {
    let toml = format!("[[endpoint]]\npath = \"/secret\"\n{credential}\n");
    fs::write(folder.join("receiver.toml"), toml).unwrap();
    let output = std::process::Command::new(crate::support::program::BINARY)
        .args(["check-config", "--config", "receiver.toml"])
        .env("CREDENTIAL", variable)
        .current_dir(folder)
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[cfg(feature = "relay")]
#[test]
fn what_cannot_be_seen_at_the_edges_of_a_credential_is_refused_when_it_is_checked() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("right"), "right").unwrap();
    let text = "https://canary.example/";
    for (place, credential) in PLACES {
        for (before, after, shown) in [
            ("", "\n", None),
            ("", "\r\n", None),
            ("", "\n\n", Some("ends with `\\n` (a line end)")),
            ("", "\r", Some("ends with `\\r`")),
            ("", " \n", Some("ends with ` ` (a space)")),
            ("\u{feff}", "\n", Some("begins with `\\u{feff}`")),
            ("\t", "\u{a0}", Some("begins with `\\t` and ends with `\\u{a0}`")),
            ("", "\u{200b}", Some("ends with `\\u{200b}`")),
        ] {
            let content = format!("{before}{text}{after}");
            fs::write(folder.path().join("credential"), &content).unwrap();
            let (is_right, said) = checked(folder.path(), &credential.replace("REF", "file:credential"), "");
            assert_eq!(is_right, shown.is_none(), "{place}, {content:?}: {said}");
            let (is_right, of_variable) =
                checked(folder.path(), &credential.replace("REF", "env:CREDENTIAL"), &content);
            assert!(!is_right, "a variable has no line end of its own: {place}, {content:?}");
            let of_file = shown.map(|shown| ["credential", shown]).into_iter().flatten().map(|part| (&said, part));
            let of_both = [(&of_variable, "env:CREDENTIAL ")].into_iter().chain(of_file);
            for (said, part) in of_both {
                let parts = [part, "printf %s 'SECRET'", "`exact:", "receiver.toml:", "which cannot be seen"];
                let missing = parts.into_iter().find(|part| !said.contains(part));
                assert_eq!(missing, None, "{place}, {content:?}: {said}");
                assert!(!said.contains("canary"), "{said}");
            }
        }
    }
    let basic = |username: &str| {
        format!("authentication = {{ type = \"basic\", username = \"{username}\", password = \"file:right\" }}")
    };
    for (username, said) in [
        ("jo", None),
        ("exact: jo", None),
        ("jo ", Some("the username ends with ` ` (a space)")),
        ("\\u200Bjo", Some("the username begins with `\\u{200b}`")),
        ("exact:jo:x", Some("colon")),
    ] {
        let (is_right, found) = checked(folder.path(), &basic(username), "");
        assert_eq!(is_right, said.is_none(), "{username}: {found}");
        assert!(said.is_none_or(|said| found.contains(said)), "{username}: {found}");
    }
}

#[test]
fn a_secret_that_is_meant_with_its_edges_is_compared_as_it_is() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("meant"), " canary \n").unwrap();
    let toml = "[[endpoint]]\npath = \"/secret\"\n\
                authentication = { type = \"client-secret\", secret = \"exact:file:meant\" }\n";
    let receiver = Receiver::start_in(folder.path(), toml, &[]);
    for (secret, expected) in [(" canary \n", 200), (" canary ", 403), ("canary", 403)] {
        assert_eq!(status(&receiver, &body(&serde_json::to_string(secret).unwrap())), expected, "{secret:?}");
    }
}
