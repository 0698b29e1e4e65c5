//! Credentials that an endpoint repeats, in whatever encoding: nothing prints them, and nothing keeps them.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tempfile::TempDir;

use crate::{
    replay::Desk,
    run,
    support::counting::{Counting, Reply},
    support::endpoint::Endpoint,
    webhook_sender,
};

const SECRET: &str = "tür <zyx> \"tor\"/42";
/// The middle of the secret, which no encoding here changes.
const PART: &str = "zyx";
const KEY: &str = "canary/key+1=";

/// The secret as other programs write it.
fn encodings() -> Vec<String> {
    let json = serde_json::to_string(SECRET).unwrap();
    let json = &json[1..json.len() - 1];
    let again = serde_json::to_string(json).unwrap();
    let percent: String = SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect();
    vec![
        SECRET.to_owned(),
        json.to_owned(),
        json.replace('ü', "\\u00FC").replace('<', "\\u003c").replace('/', "\\/"),
        again[1..again.len() - 1].replace('ü', "\\\\u00fc"),
        "t%C3%BCr%20%3Czyx%3E%20%22tor%22%2F42".to_owned(),
        "t%c3%bcr+%3czyx%3e+%22tor%22/42".to_owned(),
        percent.replace('%', "%25"),
        "t&uuml;r &lt;zyx&gt; &quot;tor&quot;&#x2F;42".to_owned(),
        "t&#0252;r &#60;zyx&#62; &#34;tor&#34;/42".to_owned(),
        "t&amp;#xFC;r &amp;lt;zyx&amp;gt; &amp;quot;tor&amp;quot;/42".to_owned(),
    ]
}

fn is_free_of_secrets(text: &str) -> bool {
    let base64 = STANDARD.encode(SECRET);
    ![PART, "canary", &base64[4..12]].iter().any(|part| text.contains(part))
}

#[test]
fn an_echoed_credential_is_masked_in_every_encoding() {
    for echo in encodings().into_iter().chain([STANDARD.encode(SECRET), STANDARD.encode(format!("x{SECRET}"))]) {
        for (content_type, body) in [
            ("text/html", format!("<p>not {echo}!")),
            ("application/problem+json", format!(r#"{{"title":"no","detail":"not {}!"}}"#, echo.replace('"', "\\\""))),
        ] {
            for form in ["human", "json"] {
                let headers = format!("content-type: {content_type}\r\n");
                let endpoint = Endpoint::with_status("403 Forbidden", &headers, &body);
                let mut command = webhook_sender();
                command.args([
                    "send",
                    "--to",
                    &endpoint.url("http"),
                    "--client-secret",
                    "env:SECRET",
                    "--output",
                    form,
                ]);
                let sent = run(command.env("SECRET", SECRET));
                endpoint.request();
                assert!(
                    is_free_of_secrets(&sent.stdout) && is_free_of_secrets(&sent.stderr),
                    "{echo}: {}",
                    sent.stdout
                );
                assert!(sent.stdout.contains("***!"), "{echo}: {}", sent.stdout);
            }
        }
    }
}

#[test]
fn the_key_in_a_url_and_in_a_header_comes_back_masked() {
    for (name, headers, body) in [
        ("a redirect", "location: /run/?code=canary%2Fkey%2B1%3D\r\n", ""),
        ("a redirect elsewhere", "location: https://jo:canary@b.example/?token=canary\r\n", ""),
        ("a path", "", "Cannot POST /run?code=canary%2Fkey%2B1%3D"),
        ("a decoded path", "", "Cannot POST /run?code=canary/key+1="),
        ("a path in JSON", "", r#"{"path":"\/run?code=canary\/key\u002b1\u003d"}"#),
        ("a header", "", "wrong x-functions-key: canary/key+1="),
    ] {
        for form in ["human", "json"] {
            let endpoint = Endpoint::with_status("307 Temporary Redirect", headers, body);
            let to = format!("{}?code=canary%2Fkey%2B1%3D", endpoint.url("http"));
            let mut command = webhook_sender();
            command.args(["send", "--to", &to, "--header", &format!("x-functions-key: {KEY}"), "--output", form]);
            let sent = run(&mut command);
            endpoint.request();
            assert!(is_free_of_secrets(&sent.stdout) && is_free_of_secrets(&sent.stderr), "{name}: {}", sent.stdout);
        }
    }
}

#[test]
fn a_dry_run_masks_each_header_that_may_hold_a_credential() {
    for name in ["x-functions-key", "X-Gitlab-Token", "x-client-secret", "x-hub-signature-256", "x-auth", "x-password"]
    {
        for form in ["human", "json"] {
            let mut command = webhook_sender();
            command.args(["send", "--dry-run", "--to", "http://127.0.0.1:9/run?code=canary", "--output", form]);
            let shown =
                run(command.args(["--header", &format!("{name}: {KEY}"), "--header", &format!("x-note: {KEY}")]));
            assert_eq!(shown.code, Some(0), "{}", shown.stderr);
            assert!(is_free_of_secrets(&shown.stdout), "{name}: {}", shown.stdout);
            assert!(shown.stdout.contains("***"), "{name}: {}", shown.stdout);
        }
    }
}

#[test]
fn the_outbox_keeps_no_echo() {
    let (desk, folder) = (Desk::new(), TempDir::new().unwrap());
    let file = folder.path().join("secret");
    fs::write(&file, SECRET).unwrap();
    let endpoint = Counting::new(|_, arrived| {
        Reply::Status(422, format!("{} {} {}", arrived.path, encodings().join(" "), STANDARD.encode(SECRET)))
    });
    let body = desk.file("one.json", "{}");
    let mut command = desk.replay(&body, &endpoint.url("/run?code=canary%2Fkey%2B1%3D"));
    let replayed = run(command.args(["--client-secret", &format!("file:{}", file.display())]));
    assert_eq!(endpoint.requests().len(), 1, "{}", replayed.stderr);
    let mut command = webhook_sender();
    let shown = run(command.args(["deliveries", "show", "1", "--data", &desk.path("outbox")]));
    assert!(shown.stdout.contains("***"), "{}", shown.stdout);
    for text in [&replayed.stdout, &replayed.stderr, &shown.stdout] {
        assert!(is_free_of_secrets(text), "{text}");
    }
    for entry in fs::read_dir(desk.path("outbox")).unwrap() {
        let text = String::from_utf8_lossy(&fs::read(entry.unwrap().path()).unwrap()).into_owned();
        assert!(!text.contains(PART), "{text}");
    }
}
