//! Relayed messages keep their bytes, and stored answers contain no credential.

use std::fs;

use tempfile::TempDir;

use super::{SOON, send};
use crate::support::{
    program::Receiver,
    raw_client::{answer, post},
    teams::{Reply, Teams},
};

const SECRET: &str = "t\u{fc}r <zyx> \"tor\"/42";

/// A message that a JSON library would print with other bytes; without the closing brace.
const BODY: &str = r#"{ "trigger":"stepCompleted","flow":{"flowIdentifier":"F"},"step":{"stepIdentifier":"S","fields":[
    {"name":"T","type":"Currency","value":12345678901234567890123},{"name":"U","value":[5000.50,1e2,-0,0.00000012]}]},
    "x":"\u00fc\/","x":1"#;

fn destination(name: &str, url: &str, more: &str) -> String {
    format!("[[endpoint.destination]]\nname = \"{name}\"\ntype = \"http\"\nurl = \"{url}\"\n{SOON}{more}\n")
}

fn start(folder: &TempDir, destinations: &str) -> Receiver {
    fs::write(folder.path().join("secret"), SECRET).unwrap();
    fs::write(folder.path().join("other"), "other-secret").unwrap();
    let endpoint =
        "[[endpoint]]\npath = \"/hooks\"\nauthentication = { type = \"client-secret\", secret = \"file:secret\" }\n";
    Receiver::start_in(folder.path(), &format!("{endpoint}{destinations}"), &[])
}

#[test]
fn each_destination_gets_the_bytes_with_its_own_credential() {
    let teams = Teams::accepting();
    let url = |name: &str| format!("http://{}/{name}", teams.address);
    let folder = TempDir::new().unwrap();
    let client_secret = "authentication = { type = \"client-secret\", secret = \"file:other\" }";
    let basic = "authentication = { type = \"basic\", username = \"jo\", password = \"file:other\" }";
    let receiver = start(
        &folder,
        &[
            destination("none", &url("none"), ""),
            destination("secret", &url("secret"), client_secret),
            destination("basic", &url("basic"), basic),
        ]
        .concat(),
    );
    let json = serde_json::to_string(SECRET).unwrap();
    let last = format!("{BODY} ,\t\"clientSecret\" : {json} }}\n");
    let first = format!("{{ \"client\\u0053ecret\":{json}, {}}}", &BODY[1..]);
    for (sent, without, with) in [
        (&last, format!("{BODY} }}\n"), last.replace(&json, "\"other-secret\"")),
        (&first, format!("{{ {}}}", BODY[1..].trim_start()), first.replace(&json, "\"other-secret\"")),
    ] {
        let before = teams.got().len();
        send(&receiver, sent);
        teams.until_accepted(before + 3);
        for got in &teams.got()[before..] {
            let expected = if got.head.starts_with("POST /secret ") { &with } else { &without };
            assert_eq!(got.text(), *expected, "{}", got.head);
        }
    }
}

#[test]
fn an_export_holds_the_bytes_and_a_shown_message_its_digits() {
    let folder = TempDir::new().unwrap();
    let receiver = start(&folder, "");
    let sent = format!("{BODY},\"clientSecret\":{}}}", serde_json::to_string(SECRET).unwrap());
    let id = send(&receiver, &sent);
    let exported = receiver.command(&["messages", "export"]).stdout;
    let line: serde_json::Value = serde_json::from_slice(&exported).unwrap();
    assert_eq!(line["body"], format!("{BODY},\"clientSecret\":\"\"}}"));
    let shown = String::from_utf8(receiver.command(&["messages", "show", &id]).stdout).unwrap();
    for text in [
        " 12345678901234567890123\n",
        " 5000.50,\n",
        " 1e2,\n",
        " -0,\n",
        " 0.00000012\n",
        "\"x\": \"\u{fc}/\"",
        "\"x\": 1",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
}

#[test]
fn an_echo_in_any_encoding_is_in_no_log_status_or_store() {
    let base64 = "dMO8ciA8enl4PiAidG9yIi80Mg==";
    let teams = Teams::start(move |number, got| {
        let echo = [
            "t&uuml;r &lt;zyx&gt; &quot;tor&quot;&#x2f;42",
            "t\\u00FCr \\u003czyx\\u003E \\\"tor\\\"\\/42",
            "t\\\\u00fcr <zyx> \\\\\\\"tor\\\\\\\"/42",
            "t%C3%BCr+%3czyx%3E%20%22tor%22%2f42",
            "t%25C3%25BCr%2520%253Czyx%253E%2520%2522tor%2522%252F42",
            base64,
        ][number % 6];
        Reply::Answer([500, 400][usize::from(number >= 6)], String::new(), format!("{echo} {}", got.text()))
    });
    let folder = TempDir::new().unwrap();
    let own = "authentication = { type = \"client-secret\", secret = \"file:secret\" }";
    let url = format!("http://{}/in?key=canary%2Fkey", teams.address);
    let receiver = start(&folder, &destination("echo", &url, own));
    let sent = format!("{BODY},\"clientSecret\":{}}}", serde_json::to_string(SECRET).unwrap());
    assert_eq!(answer(receiver.address, post("/hooks", "", &sent)).status, 200);
    receiver.logged(0, "a dead letter");
    let status = receiver.command(&["relay", "status"]);
    let mut texts =
        vec![("status".to_owned(), String::from_utf8(status.stdout).unwrap()), ("log".to_owned(), receiver.log())];
    receiver.terminate_then(|| {
        for entry in fs::read_dir(folder.path().join("data/relay")).unwrap() {
            let path = entry.unwrap().path();
            texts.push((path.display().to_string(), String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()));
        }
    });
    assert!(texts.len() > 2 && texts[0].1.contains("***"), "{texts:?}");
    for (name, text) in &texts {
        for part in ["zyx", &base64[4..16], "canary"] {
            assert!(!text.contains(part), "{part} is in {name}: {text}");
        }
    }
}
