//! No credential in anything that the program writes, whatever an endpoint sends back.

use std::fs;

use tempfile::TempDir;
use wiremock::{Request, ResponseTemplate};

use crate::check::{endpoint::mock, program::ran};

const SECRET: &str = "correct \"horse\" \\ bättery/🐎";

/// The secret as it can stand somewhere, most of it spelled by other programs.
const SPELLINGS: [&str; 8] = [
    SECRET,
    // JSON, with and without escapes beyond ASCII.
    r#"correct \"horse\" \\ bättery/🐎"#,
    r#"correct \"horse\" \\ b\u00e4ttery/\ud83d\udc0e"#,
    // base64, alone and behind `jo:`.
    "Y29ycmVjdCAiaG9yc2UiIFwgYsOkdHRlcnkv8J+Qjg==",
    "am86Y29ycmVjdCAiaG9yc2UiIFwgYsOkdHRlcnkv8J+Qjg==",
    "correct%20%22horse%22%20%5C%20b%C3%A4ttery%2F%F0%9F%90%8E",
    "correct &quot;horse&quot; \\ bättery/🐎",
    // The most of it, with which a wrong one begins or ends.
    "\" \\ bättery/",
];

/// Sends everything back: the body, its secret percent-encoded, and the header.
fn echo(request: &Request) -> ResponseTemplate {
    let header = request.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = String::from_utf8_lossy(&request.body);
    let percent = if body.contains("clientSecret") { SPELLINGS[5] } else { "" };
    ResponseTemplate::new(200)
        .insert_header("x-authorization", header)
        .insert_header("location", format!("/login?secret={percent}").as_str())
        .set_body_string(format!("{percent} {header} {}", &body[body.len().saturating_sub(200)..]))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_written_holds_the_credential() {
    let (_server, url) = mock(echo).await;
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(at("secret"), SECRET).unwrap();
    let reference = format!("file:{}", at("secret"));
    let forms = ["json", "junit", "markdown", "html", "terminal"];
    let files = forms.map(|form| format!("{form}={}", at(form)));
    for credential in
        [&["--client-secret", reference.as_str()][..], &["--username", "jo", "--password", reference.as_str()]]
    {
        let mut line = vec!["check", url.as_str(), "--verbose", "--color", "always"];
        line.extend(credential);
        line.extend(files.iter().flat_map(|file| ["--report", file.as_str()]));
        let ran = ran(&line);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        let written = forms.map(|form| (form, fs::read_to_string(at(form)).unwrap()));
        let streams = [("stdout", ran.stdout), ("stderr", ran.stderr)];
        for (name, text) in written
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .chain(streams.iter().map(|(name, text)| (*name, text.as_str())))
        {
            for spelling in SPELLINGS {
                assert!(!text.contains(spelling), "{name} holds {spelling:?}");
            }
        }
        // It was there to be found, and the report says so.
        assert!(streams[0].1.contains("AUTH-24"), "{}", streams[0].1);
    }
}
