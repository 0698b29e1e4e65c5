//! `webhook-sender send` and what comes back: exit codes, words, and no credential in either.

use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use crate::{
    run,
    send::CANARY,
    support::endpoint::{Endpoint, nobody},
    webhook_sender,
};

#[test]
fn the_exit_code_follows_the_answer() {
    for (status, code, words) in [
        ("200 OK", 0, "200 OK in"),
        ("202 Accepted", 0, "202 Accepted in"),
        ("299 Fine", 0, "299 "),
        ("302 Found", 1, "redirects are not followed"),
        ("400 Bad Request", 1, "use --profile"),
        ("401 Unauthorized", 1, "add --username TEXT --password env:NAME"),
        ("403 Forbidden", 1, "add --client-secret env:NAME"),
        ("404 Not Found", 1, "there is no endpoint at the path /hooks/flowingly"),
        ("405 Method Not Allowed", 1, "does not accept"),
        ("413 Payload Too Large", 1, "must accept more"),
        ("415 Unsupported Media Type", 1, "application/json"),
        ("422 Unprocessable Entity", 1, "use --profile"),
        ("418 I'm a teapot", 1, "418"),
        ("500 Internal Server Error", 1, "its own log"),
        ("503 Service Unavailable", 1, "send it again later"),
    ] {
        let endpoint = Endpoint::with_status(status, "", "");
        let sent = run(webhook_sender().args(["send", "--to", &endpoint.url("http")]));
        assert_eq!(sent.code, Some(code), "{status}");
        assert!(sent.stdout.contains(words), "{status}: {}", sent.stdout);
        assert_eq!(sent.stderr, "", "{status}");
    }
}

#[test]
fn silence_has_an_exit_code_and_a_sentence() {
    let stalling = Endpoint::stalling_after("");
    let half = Endpoint::stalling_after("HTTP/1.1 200 O");
    let handshake = Endpoint::stalling_after("");
    let plain = Endpoint::plain();
    let (closing, garbage) = (Endpoint::closing(), Endpoint::answering("SSH-2.0-OpenSSH_9.6\r\n"));
    for (name, url, arguments, words, code) in [
        ("refused", nobody(), vec![], "the connection was refused", "connection-refused"),
        (
            "no name",
            "http://no-such-host.invalid/".to_owned(),
            vec![],
            "`no-such-host.invalid` could not be resolved",
            "name-not-resolved",
        ),
        ("silent", stalling.url("http"), vec!["--timeout", "200ms"], "the time limit of 200 ms passed", "timeout"),
        ("half an answer", half.url("http"), vec!["--timeout", "200ms"], "the time limit of 200 ms passed", "timeout"),
        (
            "silent in TLS",
            handshake.url("https"),
            vec!["--connect-timeout", "200ms"],
            "no connection within 200 ms",
            "connect-timeout",
        ),
        ("plain server", plain.url("https"), vec![], "does not speak TLS", "not-tls"),
        ("closed", closing.url("http"), vec![], "the endpoint closed the connection", "connection-closed"),
        ("not HTTP", garbage.url("http"), vec![], "not HTTP/1.1", "not-http"),
    ] {
        // The endpoints are good for one connection, so the form of the output is that of the case.
        let json = name.len() % 2 == 0;
        let mut command = webhook_sender();
        command.args(["send", "--to", &url]).args(arguments).args(["--output", if json { "json" } else { "human" }]);
        let sent = run(&mut command);
        assert_eq!(sent.code, Some(3), "{name}: {}{}", sent.stdout, sent.stderr);
        if json {
            let object: Value = serde_json::from_str(&sent.stdout).unwrap();
            assert_eq!((&object["status"], &object["error"]["code"]), (&Value::Null, &json!(code)), "{name}");
            assert!(object["error"]["message"].as_str().unwrap().contains(words), "{name}: {object}");
        } else {
            assert!(sent.stderr.starts_with("error: nothing answered: "), "{name}: {}", sent.stderr);
            assert!(sent.stderr.contains(words), "{name}: {}", sent.stderr);
            assert_eq!(sent.stdout, "", "{name}");
        }
    }
}

#[test]
fn a_status_counts_even_when_the_body_never_ends() {
    let endpoint = Endpoint::stalling_after("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
    let mut command = webhook_sender();
    let sent = run(command.args(["send", "--to", &endpoint.url("http"), "--timeout", "1s", "--output", "json"]));
    let object: Value = serde_json::from_str(&sent.stdout).unwrap();
    assert_eq!(sent.code, Some(0));
    assert_eq!((&object["answer"], &object["answerComplete"]), (&json!("abc"), &json!(false)));

    let body = "x".repeat(70_000);
    let endpoint = Endpoint::with_status("200 OK", "", &body);
    let sent = run(webhook_sender().args(["send", "--to", &endpoint.url("http"), "--output", "json"]));
    let object: Value = serde_json::from_str(&sent.stdout).unwrap();
    assert_eq!((object["answer"].as_str().unwrap().len(), &object["answerComplete"]), (65_536, &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    let server = MockServer::start().await;
    let elsewhere = format!("{}/elsewhere?sig=canary-9", server.uri());
    let redirect = ResponseTemplate::new(307).insert_header("location", elsewhere.as_str());
    Mock::given(path("/hook")).respond_with(redirect).expect(1).mount(&server).await;
    Mock::given(path("/elsewhere")).respond_with(ResponseTemplate::new(200)).expect(0).mount(&server).await;
    let sent = run(webhook_sender().args(["send", "--to", &format!("{}/hook", server.uri())]));
    assert_eq!(sent.code, Some(1));
    assert!(sent.stdout.contains("/elsewhere?sig=***"), "{}", sent.stdout);
}

#[test]
fn no_answer_brings_a_credential_to_the_terminal() {
    let echo = r#"{"title":"Refused","detail":"got canary-5f1b\u0022\u005c and am86Y2FuYXJ5LTVmMWIiXA== \u001b[2J"}"#;
    for (name, content_type, expected) in [
        ("problem", "application/problem+json", "Refused: got *** and *** \\u{1b}[2J"),
        ("JSON", "application/json", r#"{"title":"Refused","detail":"got *** and *** \u001b[2J"}"#),
    ] {
        for authentication in
            [["--client-secret", "env:SECRET"].as_slice(), &["--username", "jo", "--password", "env:SECRET"]]
        {
            for form in ["human", "json"] {
                let endpoint =
                    Endpoint::with_status("403 Forbidden", &format!("content-type: {content_type}\r\n"), echo);
                let mut command = webhook_sender();
                command.args(["send", "--to", &endpoint.url("http"), "--output", form]).args(authentication);
                let sent = run(command.env("SECRET", CANARY));
                assert_eq!(sent.code, Some(1));
                let shown = sent.stdout + &sent.stderr;
                assert!(!shown.contains("canary"), "{name} {form}: {shown}");
                if form == "human" && authentication.len() == 4 {
                    assert!(shown.contains(expected), "{name}: {shown}");
                    assert!(!shown.contains("am86"), "{name}: {shown}");
                }
            }
        }
    }
}
