//! The client secret: only what is unambiguous and right is accepted, and it rests nowhere.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tempfile::TempDir;

use crate::{
    program::Receiver,
    raw::{Raw, post},
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
