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

/// The key in the URL of the endpoint, as it is and as others write it.
const KEY: &str = "canary+key/1=";
const KEY_SPELLINGS: [&str; 6] = [
    KEY,
    "canary%2Bkey%2F1%3D",
    "canary%2bkey%2f1%3d",
    "canary%252Bkey%252F1%253D",
    "canary\\u002bkey\\/1\\u003d",
    "canary&#43;key&#x2F;1&equals;",
];

/// Redirects some requests to the same URL with a slash, and echoes the path and the secret to others as a framework's
/// error page does.
fn echo_url(request: &Request) -> ResponseTemplate {
    let body = String::from_utf8_lossy(&request.body);
    if body.len().is_multiple_of(2) {
        let location = format!("/hooks/?{}", request.url.query().unwrap_or_default());
        return ResponseTemplate::new(307).insert_header("location", location.as_str());
    }
    let text = KEY_SPELLINGS.join(" ")
        + " t\u{fc}r-und-tor-42 t\\u00FCr-und-tor-42 t&uuml;r-und-tor-42 t&#xFC;r-und-tor-42 t%c3%bcr-und-tor-42";
    ResponseTemplate::new(404)
        .insert_header("www-authenticate", "Basic TÜR t\u{fc}r-und-tor-42")
        .set_body_string(format!("Cannot POST {} {text}", request.url.path()))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_written_holds_the_key_of_the_url_or_an_escaped_credential() {
    let (_server, url) = mock(echo_url).await;
    let url = format!("{url}?code=canary%2Bkey%2F1%3D");
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(at("secret"), "t\u{fc}r-und-tor-42").unwrap();
    let reference = format!("file:{}", at("secret"));
    let forms = ["json", "junit", "markdown", "html", "terminal"];
    let files = forms.map(|form| format!("{form}={}", at(form)));
    let mut line = vec!["check", url.as_str(), "--verbose", "--client-secret", reference.as_str()];
    line.extend(files.iter().flat_map(|file| ["--report", file.as_str()]));
    let ran = ran(&line);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let written = forms.map(|form| (form, fs::read_to_string(at(form)).unwrap()));
    for (name, text) in written.into_iter().chain([("stdout", ran.stdout), ("stderr", ran.stderr)]) {
        assert!(!text.contains("canary"), "{name} holds the key: {text}");
        assert!(!text.contains("r-und-tor-42"), "{name} holds the secret: {text}");
        assert!(name == "stderr" || name == "terminal" || text.contains("***"), "{name}: {text}");
    }
}

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
        // The endpoint did leak it, and the report shows that.
        assert!(streams[0].1.contains("AUTH-24"), "{}", streams[0].1);
    }
}
