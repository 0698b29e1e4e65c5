//! Spellings that HTTP and URIs hold to be the same (RFC 3986 section 6.2.2, RFC 9110) are the same here.

use crate::support::{
    program::{BINARY, Receiver},
    raw_client::{Raw, answer, post},
};

const MESSAGE: &str = r#"{"a":1}"#;

#[test]
fn a_path_is_found_in_every_spelling() {
    let receiver = Receiver::start(
        "admin = \"127.0.0.1:0\"\n[[endpoint]]\npath = \"/hooks/%7Eteam\"\n\
         [[endpoint]]\npath = \"/caf%c3%a9/a|b\"\nname = \"second\"\n",
    );
    for (path, endpoint) in [
        ("/hooks/%7Eteam", "/hooks/%7Eteam"),
        ("/hooks/~team", "/hooks/%7Eteam"),
        ("/hooks/%7eteam?x=%7E", "/hooks/%7Eteam"),
        ("/%68ooks/~%74eam", "/hooks/%7Eteam"),
        ("/hooks/./x/../~team", "/hooks/%7Eteam"),
        ("http://x/hooks/~team", "/hooks/%7Eteam"),
        ("HTTP://other.example:80/hooks/%7Eteam", "/hooks/%7Eteam"),
        ("/caf%C3%A9/a%7cb", "second"),
        ("/caf%c3%A9/a|b", "second"),
        // These are other paths.
        ("/hooks/~Team", ""),
        ("/hooks%2F~team", ""),
        ("//hooks/~team", ""),
        ("/hooks/~team/", ""),
        ("/hooks/%257Eteam", ""),
        ("*", ""),
        ("http://x", ""),
    ] {
        let seen = receiver.log().len();
        let status = answer(receiver.address, post(path, "", MESSAGE)).status;
        assert_eq!(status, if endpoint.is_empty() { 404 } else { 200 }, "{path}");
        receiver.logged(seen, "\"verdict\"");
        let line = receiver.log_lines().pop().unwrap();
        assert_eq!(line["endpoint"].as_str().unwrap_or_default(), endpoint, "{path}");
    }
    assert_eq!(answer(receiver.admin(), "GET /health%7A HTTP/1.1\r\nhost: x\r\n\r\n").status, 200);
}

#[test]
fn words_of_a_head_are_compared_without_case() {
    // `jo` and `canary-password-4e`.
    let right = "am86Y2FuYXJ5LXBhc3N3b3JkLTRl";
    let receiver = Receiver::start_with("canary-secret-91b2", "canary-password-4e", "");
    for (case, path, headers, status) in [
        ("identity", "/none", "Content-Encoding: identity\r\n", 200),
        ("Identity", "/none", "Content-Encoding: Identity\r\n", 200),
        ("a list", "/none", "content-encoding: IDENTITY,\tidentity ,\r\n", 200),
        ("two fields", "/none", "CONTENT-ENCODING: identity\r\nContent-Encoding: Identity\r\n", 200),
        ("an empty field", "/none", "Content-Encoding:\r\n", 200),
        ("gzip", "/none", "Content-Encoding: GZip\r\n", 415),
        ("a list with gzip", "/none", "Content-Encoding: identity, gzip\r\n", 415),
        ("a field with gzip", "/none", "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n", 415),
        ("a scheme in capitals", "/basic", &format!("AUTHORIZATION: BASIC {right}\r\n"), 200),
        ("a scheme in both", "/basic", &format!("authorization: bAsIc   {right} \r\n"), 200),
    ] {
        assert_eq!(answer(receiver.address, post(path, headers, MESSAGE)).status, status, "{case}");
    }
    for (media_type, status) in [
        ("APPLICATION/JSON; charset=\"UTF-8\"", 200),
        ("application/json;CHARSET=Utf-8", 200),
        ("application/json; profile=\"x;charset=latin1\"", 200),
        ("Application/CloudEvents+JSON ; charset=\"utf\\-8\"", 200),
        ("application/json; charset=\"UTF-16\"", 415),
        ("application/json, application/json", 415),
    ] {
        let head = format!("POST /none HTTP/1.1\r\nHost: x\r\nContent-Type: {media_type}\r\nContent-Length: 7\r\n\r\n");
        assert_eq!(answer(receiver.address, format!("{head}{MESSAGE}")).status, status, "{media_type}");
    }
    let head = "POST /none HTTP/1.1\r\nHOST: x\r\nCONTENT-TYPE: application/json\r\n";
    let chunked =
        answer(receiver.address, format!("{head}TRANSFER-ENCODING: Chunked\r\n\r\n7\r\n{MESSAGE}\r\n0\r\n\r\n"));
    assert_eq!(chunked.status, 200);
    let mut raw = Raw::connect(receiver.address);
    raw.send(format!("{head}EXPECT: 100-Continue\r\nContent-Length: 7\r\n\r\n"));
    assert_eq!(raw.answer().unwrap().status, 100, "Expect");
    raw.send(format!("{MESSAGE}{head}CONNECTION: x, Close\r\nContent-Length: 7\r\n\r\n{MESSAGE}"));
    assert_eq!((raw.answer().unwrap().status, raw.answer().unwrap().status), (200, 200));
    assert!(raw.is_closed(), "Connection");
}

#[test]
fn two_endpoints_never_have_equivalent_paths() {
    let folder = tempfile::TempDir::new().unwrap();
    let config = folder.path().join("receiver.toml");
    let said = |toml: &str| {
        std::fs::write(&config, toml).unwrap();
        let output =
            std::process::Command::new(BINARY).args(["check-config", "--config"]).arg(&config).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        said.replace(&format!("{}/", folder.path().display()), "")
    };
    let paths =
        ["/hooks/~team", "/hooks/%7eteam", "/hooks/x/../~team", "/hooks/~team", "/100%", "/a%2Fb", "/a%2fb", "/a/b"];
    let endpoints = paths.iter().enumerate();
    let toml: String =
        endpoints.map(|(at, path)| format!("[[endpoint]]\npath = \"{path}\"\nname = \"{at}\"\n")).collect();
    insta::assert_snapshot!(said(&toml));
}
