//! URLs in every spelling: what goes over the wire is a URI (RFC 3986), wherever the URL came from.

use crate::{
    run,
    support::server::{Answering, Server},
    webhook_sender,
};

const SAMPLE: &str = "step-completed-minimal";

#[test]
fn what_a_request_line_cannot_hold_is_percent_encoded() {
    let server = Server::start(Answering::ok());
    let url = server.url();
    let (_, port) = url.split_once("127.0.0.1:").unwrap();
    let port = port.split('/').next().unwrap();
    for (number, (host, path, line)) in [
        ("127.0.0.1", "/hä?x=ü", "/h%C3%A4?x=%C3%BC"),
        ("127.0.0.1", "/my hook/[1]?a={b}|c", "/my%20hook/%5B1%5D?a=%7Bb%7D%7Cc"),
        ("127.0.0.1", "/%C3%a4/~/%7E?code=a%2Bb==", "/%C3%a4/~/%7E?code=a%2Bb=="),
        ("127.0.0.1", "?x#ä", "/?x"),
        ("2130706433", "/", "/"),
        ("0x7f.1", "/", "/"),
    ]
    .into_iter()
    .enumerate()
    {
        let to = format!("HTTP://{host}:{port}{path}");
        let sent = run(webhook_sender().args(["send", "--to", &to, "--sample", SAMPLE]));
        assert_eq!(sent.code, Some(0), "{to}: {}", sent.stderr);
        let head = &server.requests()[number].head;
        assert!(head.starts_with(&format!("POST {line} HTTP/1.1\r\n")), "{to}: {head}");
        assert!(head.contains(&format!("host: 127.0.0.1:{port}\r\n")) && head.is_ascii(), "{to}: {head}");
    }
}

#[test]
fn a_load_and_a_replay_send_the_same_request_line() {
    let server = Server::start(Answering::ok());
    let to = server.url().replace("/hooks/flowingly", "/hä?x=ü");
    let loaded =
        run(webhook_sender().args(["load", "--to", &to, "--duration", "100ms", "--connections", "1", "--max"]));
    assert_eq!(loaded.code, Some(0), "{}", loaded.stderr);
    let folder = tempfile::TempDir::new().unwrap();
    let body = folder.path().join("one.json");
    std::fs::write(&body, schemas::Sample::find(SAMPLE).unwrap().body).unwrap();
    let outbox = folder.path().join("outbox");
    let arguments = ["replay", "--from", body.to_str().unwrap(), "--to", &to, "--data", outbox.to_str().unwrap()];
    let replayed = run(webhook_sender().args(arguments));
    assert_eq!(replayed.code, Some(0), "{}", replayed.stderr);
    for request in server.requests() {
        assert!(request.head.starts_with("POST /h%C3%A4?x=%C3%BC HTTP/1.1\r\n"), "{}", request.head);
    }
}

#[test]
fn a_proxy_gets_a_uri_and_is_named_by_one() {
    let server = Server::start(Answering::ok());
    let proxy = server.url().replace("http://", "HTTP://jo:pä ss@").replace("/hooks/flowingly", "");
    let send = |proxy: &str, no: &str| {
        let mut command = webhook_sender();
        command.env("HTTP_PROXY", proxy).env("NO_PROXY", no).env_remove("http_proxy").env_remove("no_proxy");
        run(command.args(["send", "--to", "http://bücher.invalid/hä", "--sample", SAMPLE]))
    };
    let sent = send(&proxy, "");
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    let head = &server.requests()[0].head;
    assert!(head.starts_with("POST http://xn--bcher-kva.invalid/h%C3%A4 HTTP/1.1\r\n"), "{head}");
    // `jo:pä ss` in base64.
    assert!(head.contains("proxy-authorization: Basic am86cMOkIHNz\r\n"), "{head}");
    // Without the proxy the name leads nowhere.
    assert_eq!(send(&proxy, "a.example, .BÜCHER.invalid").code, Some(3));
    let refused = send("http://jo:canary-6@pro xy:3128", "");
    assert_eq!(refused.code, Some(2));
    insta::assert_snapshot!("no_proxy_by_this_name", refused.stderr);
}

#[test]
fn a_url_that_cannot_be_used_says_why() {
    let said = ["http://a b/", "http:///hook", "http://a:port/", "http://jo:canary-6@a/", "http://a\\b/", "ftp://a/"]
        .map(|to| {
            let sent = run(webhook_sender().args(["send", "--to", to, "--sample", SAMPLE]));
            assert_eq!(sent.code, Some(2));
            sent.stderr
        });
    insta::assert_snapshot!("urls_that_cannot_be_used", said.join("\n"));
}
