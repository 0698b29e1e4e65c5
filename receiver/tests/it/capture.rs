//! Capture: everything is taken and kept, byte for byte, but for the secrets that are configured.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{answer, post},
};

const SECRET: &str = "canary \"quoted\" 7f3a";
const PASSWORD: &str = "canary-password-91";

const CAPTURING: &str = r#"
    [[endpoint]]
    path = "/capture"
    authentication = { type = "client-secret", secret = "file:secret" }
    capture = true
    [[endpoint]]
    path = "/unknown"
    capture = true
"#;

fn escaped(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// Captures a body, and gives its id.
fn capture(receiver: &Receiver, path: &str, headers: &str, body: &[u8]) -> String {
    let answer = answer(receiver.address, post(path, headers, body));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["id"].as_str().unwrap().to_owned()
}

fn start() -> Receiver {
    Receiver::start_with(SECRET, PASSWORD, CAPTURING)
}

#[test]
fn any_body_is_answered_200_and_kept_exactly_but_for_configured_secrets() {
    let receiver = start();
    let json = serde_json::to_string(SECRET).unwrap();
    let cases: [(&str, Vec<u8>, Vec<u8>); 10] = [
        ("empty", b"".to_vec(), b"".to_vec()),
        ("an array", b"[1, 2.50 ]".to_vec(), b"[1, 2.50 ]".to_vec()),
        ("null", b"null".to_vec(), b"null".to_vec()),
        ("no JSON", b"a=1&b=\xFF".to_vec(), b"a=1&b=\xFF".to_vec()),
        ("a name twice", br#"{"a":1,"a":2}"#.to_vec(), br#"{"a":1,"a":2}"#.to_vec()),
        (
            "a secret deep in it",
            format!(r#"{{ "x":[{{"Auth":{json}}}] , "n":1.00}}"#).into(),
            br#"{ "x":[{"Auth":"<client-secret>"}] , "n":1.00}"#.to_vec(),
        ),
        (
            "an escaped secret",
            format!(r#"{{"s":"{}"}}"#, escaped(SECRET)).into(),
            br#"{"s":"<client-secret>"}"#.to_vec(),
        ),
        (
            "another endpoint's password",
            format!(r#"{{"p":"{PASSWORD}","q":"not {PASSWORD}"}}"#).into(),
            br#"{"p":"<client-secret>","q":"not <client-secret>"}"#.to_vec(),
        ),
        (
            "a secret in what is no JSON",
            format!("secret={SECRET}&more").into(),
            b"secret=<client-secret>&more".to_vec(),
        ),
        (
            "another secret at the profile's place",
            br#"{"clientSecret" : "other","b":1}"#.to_vec(),
            br#"{"clientSecret" : "<client-secret>","b":1}"#.to_vec(),
        ),
    ];
    let mut apart = Vec::new();
    for (case, body, kept) in &cases {
        let id = capture(&receiver, "/capture", "", body);
        let raw = receiver.command(&["messages", "show", "--raw", &id]);
        // One in which no known secret stands may hold another.
        let in_log = kept.is_empty() || String::from_utf8_lossy(kept).contains("<client-secret>");
        let shown = if in_log { String::from_utf8_lossy(kept) } else { "".into() };
        assert_eq!(String::from_utf8_lossy(&raw.stdout), shown, "{case}");
        if !in_log {
            apart.push((id, String::from_utf8(kept.clone()).map_err(|_| "YT0xJmI9/w==")));
        }
    }
    let listed = receiver.command(&["messages", "list", "--output", "json"]);
    let listed: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!((listed.len(), apart.len()), (6, 4));
    assert!(listed.iter().all(|message| message["captured"] == true && message["flow"].is_null()), "{listed:?}");
    assert_eq!(receiver.exported().len(), 6);
    let lines = fs::read_to_string(receiver.folder().join("data/captures.jsonl")).unwrap();
    let kept_apart = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).map(|line| {
        let body = line["body"].as_str().map(ToOwned::to_owned);
        (
            line["id"].as_str().unwrap().to_owned(),
            body.ok_or(if line["bodyBase64"] == "YT0xJmI9/w==" { "YT0xJmI9/w==" } else { "" }),
        )
    });
    assert_eq!(kept_apart.collect::<Vec<_>>(), apart);
}

#[test]
fn what_else_a_request_says_is_kept_but_no_credential() {
    let receiver = start();
    let headers = format!(
        "Authorization: Basic am86eA==\r\nCookie: a=b\r\nUser-Agent: Product/1.0\r\nX-Key: Key {PASSWORD}\r\nX-Functions-Key: abc123\r\nX-Note: Key {PASSWORD}\r\nContent-Type: text/plain\r\n"
    );
    let body = r#"{"trigger":"stepCompleted","flow":{"flowIdentifier":"FLOW-1"},"clientSecret":"x"}"#;
    let request = post("/capture", &headers, body);
    let request = String::from_utf8(request).unwrap().replacen("Content-Type: application/json\r\n", "", 1);
    let id = answer(receiver.address, request).json()["id"].as_str().unwrap().to_owned();
    let shown = receiver.command(&["messages", "show", &id]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    for line in [
        "trigger   stepCompleted",
        "flow      FLOW-1",
        "contract  not checked: captured",
        "header    authorization: <dropped>",
        "header    cookie: <dropped>",
        "header    user-agent: Product/1.0",
        "header    x-key: <dropped>",
        "header    x-functions-key: <dropped>",
        "header    x-note: Key <client-secret>",
        "header    content-type: text/plain",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    let list = String::from_utf8(receiver.command(&["messages", "list"]).stdout).unwrap();
    assert!(list.contains("FLOW-1") && list.trim_end().ends_with("captured"), "{list}");
    let folder = receiver.folder().to_owned();
    // The folder must stay until it was read.
    let log = folder.join("data/log/00000000000000000000.log");
    let stored = fs::read(&log).unwrap();
    for credential in ["am86eA==", "a=b", "abc123", PASSWORD] {
        assert!(!stored.windows(credential.len()).any(|bytes| bytes == credential.as_bytes()), "{credential}");
    }
}

#[test]
fn what_may_hold_an_unknown_secret_is_kept_apart_in_a_file_for_its_owner_alone() {
    let temporary = TempDir::new().unwrap();
    fs::write(temporary.path().join("secret"), SECRET).unwrap();
    let receiver = Receiver::start_in(temporary.path(), &format!("log_payloads = true\n{CAPTURING}"), &[]);
    let body = r#"{"Auth":{"Key":"nobody knows this"}}"#;
    let id = capture(&receiver, "/unknown", "", body.as_bytes());
    let encoded = capture(&receiver, "/capture", "Content-Encoding: gzip\r\n", b"\x1f\x8b...");
    // The secret is there, and in reverse it is not known.
    let reversed: String = SECRET.chars().rev().collect();
    let almost = capture(&receiver, "/capture", "", serde_json::json!({ "key": reversed }).to_string().as_bytes());
    assert!(receiver.exported().is_empty());
    let file = receiver.folder().join("data/captures.jsonl");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines[0]["id"].as_str(), lines[0]["body"].as_str()), (Some(id.as_str()), Some(body)));
    assert_eq!(lines[1]["id"].as_str(), Some(encoded.as_str()));
    assert_eq!(lines[2]["id"].as_str(), Some(almost.as_str()));
    capture(&receiver, "/capture", "", br#"{"shown":1,"clientSecret":"x"}"#);
    assert!(receiver.terminate().success());
    let printed = fs::read_to_string(temporary.path().join("stdout.log")).unwrap();
    assert!(printed.contains("shown") && !printed.contains("nobody knows"), "{printed}");
    let stderr = fs::read_to_string(temporary.path().join("stderr.log")).unwrap();
    assert!(!stderr.contains("nobody knows"), "{stderr}");
}

#[test]
fn the_start_says_what_capturing_means() {
    let receiver = start();
    let folder = TempDir::new().unwrap();
    let kept = folder.path().join("stdout.log");
    let stdout = receiver.folder().join("stdout.log");
    let address = receiver.address.to_string();
    let at = receiver.folder().display().to_string();
    receiver.terminate_then(|| fs::copy(&stdout, &kept).map(drop).unwrap());
    let text = fs::read_to_string(&kept).unwrap().replace(&address, "ADDRESS").replace(&at, "FOLDER");
    insta::assert_snapshot!("start_of_a_capturing_receiver", text);
}

#[test]
fn a_refusal_for_want_of_a_secret_says_where_it_was_looked_for_and_the_way_out() {
    let receiver = start();
    let answer = answer(receiver.address, post("/secret", "", r#"{"ClientSecret":"x"}"#));
    assert_eq!(answer.status, 403);
    assert!(!String::from_utf8_lossy(&answer.body).contains("capture"), "only the log says it: {answer:?}");
    let stderr = receiver.folder().join("stderr.log");
    let mut line = String::new();
    receiver.terminate_then(|| line = fs::read_to_string(&stderr).unwrap());
    assert!(
        line.contains(
            "no secret at /clientSecret; if this is the product's own message, use `serve --capture` and `learn`"
        ),
        "{line}"
    );
}
