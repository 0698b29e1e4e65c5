//! Passwords, host names, and requests that other sites make a browser send.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use rustls::version::TLS13;
use tempfile::TempDir;

use super::{Inspected, basic, password};
use crate::support::{
    certificate::{Certificate, TLS, connect_to},
    program::Receiver,
    raw_client::{PATIENCE, Raw, answer},
};

const ENDPOINT: &str = "[[endpoint]]\npath = \"/none\"\n";

#[test]
fn nothing_is_shown_without_the_password() {
    let inspected = Inspected::start(ENDPOINT);
    let right = &inspected.password;
    let file = inspected.folder.path().join("data/inspector/password");
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    for (case, headers, expected) in [
        ("right", basic(right), 200),
        ("as a token", format!("Authorization: Bearer {right}\r\n"), 200),
        ("as a token, in other case", format!("Authorization: bearer {right}\r\n"), 200),
        ("none", String::new(), 401),
        ("wrong", basic("wrong"), 401),
        ("a wrong token", "Authorization: Bearer wrong\r\n".to_owned(), 401),
        ("an empty token", "Authorization: Bearer \r\n".to_owned(), 401),
        ("twice", basic(right).repeat(2), 401),
        ("right and a token", format!("{}Authorization: Bearer {right}\r\n", basic(right)), 401),
        ("another user", format!("Authorization: Basic {}\r\n", "am86eA=="), 401),
        ("the token as Basic", format!("Authorization: Basic {right}\r\n"), 401),
    ] {
        for path in ["/", "/no-such-page"] {
            let expected = if path == "/" || expected == 401 { expected } else { 404 };
            let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", inspected.address);
            let answer = answer(inspected.address, request);
            assert_eq!(answer.status, expected, "{case} {path}: {answer:?}");
            let challenge = answer.header("www-authenticate");
            assert_eq!(challenge.is_some_and(|it| it.starts_with("Basic realm=")), expected == 401, "{case}");
            assert!(!String::from_utf8_lossy(&answer.body).contains(right), "{case}");
        }
    }
    assert_eq!(inspected.get("/sign-out").status, 401);
    assert!(!inspected.receiver.log().contains(right));
}

#[test]
fn a_new_password_replaces_the_old_one_without_a_restart() {
    let inspected = Inspected::start(ENDPOINT);
    let old = &inspected.password;
    let status = |password: &str| {
        let request = format!("GET / HTTP/1.1\r\nHost: {}\r\n{}\r\n", inspected.address, basic(password));
        answer(inspected.address, request).status
    };
    let becomes = |password: &str, expected: u16| {
        let began = Instant::now();
        while status(password) != expected {
            assert!(began.elapsed() < PATIENCE, "{expected}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let rotated = inspected.receiver.command(&["secret", "rotate", "inspect"]);
    assert!(rotated.status.success(), "{rotated:?}");
    let new = password(inspected.folder.path());
    assert_ne!(&new, old);
    becomes(&new, 200);
    assert_eq!(status(old), 200, "it is kept for a day");
    let printed = String::from_utf8(rotated.stdout).unwrap();
    assert!(!printed.contains(&new) && !printed.contains(old.as_str()));
    let folder = inspected.folder.path().to_str().unwrap();
    let (printed, _) = printed.split_once(".until-").unwrap();
    insta::assert_snapshot!("rotate_inspect", printed.replace(folder, "FOLDER"));
    assert!(inspected.receiver.command(&["secret", "rotate", "inspect", "--keep-old", "0s"]).status.success());
    becomes(old, 401);
    becomes(&password(inspected.folder.path()), 200);
    assert_eq!(status(&new), 401);
}

#[test]
fn other_names_for_the_same_address_are_refused() {
    let inspected = Inspected::start(&format!("inspect_hosts = [\"hooks.example.com\"]\n{ENDPOINT}"));
    let port = inspected.address.port();
    for (hosts, expected) in [
        (format!("Host: 127.0.0.1:{port}\r\n"), 200),
        (format!("Host: localhost:{port}\r\n"), 200),
        ("Host: hooks.example.com\r\n".to_owned(), 200),
        (format!("Host: 127.0.0.1.evil.example:{port}\r\n"), 421),
        (format!("Host: evil.example:{port}\r\n"), 421),
        (format!("Host: localhost.:{port}\r\n"), 421),
        (format!("Host: [::1]:{port}\r\n"), 421),
        ("Host: localhost\r\n".to_owned(), 421),
        (String::new(), 421),
        (format!("Host: localhost:{port}\r\n").repeat(2), 421),
    ] {
        let request = format!("GET / HTTP/1.1\r\n{hosts}{}\r\n", basic(&inspected.password));
        assert_eq!(answer(inspected.address, request).status, expected, "{hosts}");
    }
    let absolute = format!("GET http://evil.example/ HTTP/1.1\r\n{}\r\n", inspected.head());
    assert_eq!(answer(inspected.address, absolute).status, 421);
}

#[test]
fn what_another_site_makes_a_browser_send_is_refused() {
    let inspected = Inspected::start(ENDPOINT);
    let own = format!("Origin: http://{}\r\n", inspected.address);
    let fetch = |site: &str, mode: &str, destination: &str| {
        format!("Sec-Fetch-Site: {site}\r\nSec-Fetch-Mode: {mode}\r\nSec-Fetch-Dest: {destination}\r\n")
    };
    for (case, method, headers, expected) in [
        ("typed", "GET", fetch("none", "navigate", "document"), 200),
        ("its own page", "GET", fetch("same-origin", "cors", "empty"), 200),
        ("a link elsewhere", "GET", fetch("cross-site", "navigate", "document"), 200),
        ("another port's link", "GET", fetch("same-site", "navigate", "document"), 200),
        ("fetch or EventSource", "GET", fetch("cross-site", "cors", "empty"), 403),
        ("another port's fetch", "GET", fetch("same-site", "cors", "empty"), 403),
        ("an image", "GET", fetch("cross-site", "no-cors", "image"), 403),
        ("a script", "GET", fetch("same-site", "no-cors", "script"), 403),
        ("a frame", "GET", fetch("cross-site", "navigate", "iframe"), 403),
        ("a WebSocket", "GET", "Upgrade: websocket\r\nOrigin: http://127.0.0.1:1\r\n".to_owned(), 403),
        ("a WebSocket of a sandbox", "GET", "Upgrade: websocket\r\nOrigin: null\r\n".to_owned(), 403),
        ("its own page, of an old browser", "GET", own.clone(), 200),
        ("a form elsewhere", "POST", fetch("cross-site", "navigate", "document"), 403),
        ("another port's form", "POST", fetch("same-site", "navigate", "document"), 403),
        ("a form elsewhere, of an old browser", "POST", "Origin: http://evil.example\r\n".to_owned(), 403),
        ("a form in a sandbox", "POST", "Origin: null\r\n".to_owned(), 403),
        ("its own form", "POST", fetch("same-origin", "navigate", "document"), 405),
        ("its own form, of an old browser", "POST", own, 405),
        ("a program", "POST", String::new(), 405),
    ] {
        let length = if method == "POST" { "Content-Length: 0\r\n" } else { "" };
        let request = format!("{method} / HTTP/1.1\r\n{}{length}{headers}\r\n", inspected.head());
        assert_eq!(answer(inspected.address, request).status, expected, "{case}");
    }
}

#[test]
fn every_answer_has_the_headers_that_limit_what_a_browser_does_with_it() {
    let inspected = Inspected::start(ENDPOINT);
    let head = inspected.head();
    for (case, request) in [
        ("a page", format!("GET / HTTP/1.1\r\n{head}\r\n")),
        ("a missing page", format!("GET /x HTTP/1.1\r\n{head}\r\n")),
        ("no password", format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", inspected.address)),
        ("another host", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned()),
    ] {
        let answer = answer(inspected.address, request);
        for (name, expected) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(expected), "{case}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'; script-src 'sha256-",
            "; style-src 'sha256-",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'; trusted-types rows",
        ] {
            assert!(policy.contains(part), "{case}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{case}: {policy}");
    }
}

#[test]
fn other_machines_reach_it_over_tls_with_the_certificate_of_the_receiver() {
    let folder = TempDir::new().unwrap();
    let certificate = Certificate::make();
    certificate.install(folder.path());
    let toml = format!("inspect = \"0.0.0.0:0\"\ninspect_hosts = [\"localhost\"]\n{TLS}{ENDPOINT}");
    let receiver = Receiver::start_in(folder.path(), &toml, &[]);
    let port = receiver.inspector().port();
    let client = certificate.client(&[&TLS13], &["h2", "http/1.1"]);
    let stream = connect_to(([127, 0, 0, 1], port).into(), client).unwrap();
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    let mut raw = Raw::over(stream);
    raw.send(format!("GET / HTTP/1.1\r\nHost: localhost:{port}\r\n{}\r\n", basic(&password(folder.path()))));
    assert_eq!(raw.answer().unwrap().status, 200);
    receiver.terminate_then(|| {
        let printed = fs::read_to_string(folder.path().join("stdout.log")).unwrap();
        let line = printed.lines().find(|line| line.starts_with("Inspector at ")).unwrap().to_owned();
        assert!(
            line.starts_with(&format!("Inspector at https://localhost:{port}/ (user operator, password in ")),
            "{line}"
        );
        assert!(!printed.contains(&password(folder.path())), "what is not a terminal may be kept");
    });
}

#[test]
fn open_pages_do_not_delay_the_end() {
    let inspected = Inspected::start(ENDPOINT);
    let mut idle = Raw::connect(inspected.address);
    idle.send(format!("GET / HTTP/1.1\r\n{}\r\n", inspected.head()));
    assert_eq!(idle.answer().unwrap().status, 200);
    let mut half = Raw::connect(inspected.address);
    half.send("GET / HTTP/1.1\r\n");
    assert!(inspected.receiver.terminate().success());
    assert!(idle.is_closed() && half.is_closed());
}

#[test]
fn a_head_is_limited_and_does_not_delay_others() {
    let inspected = Inspected::start(ENDPOINT);
    let mut idle: Vec<Raw> = (0..60).map(|_| Raw::connect(inspected.address)).collect();
    idle.iter_mut().for_each(|raw| raw.send("GET / HTTP/1.1\r\n"));
    let long = format!("GET / HTTP/1.1\r\n{}X-Long: {}\r\n\r\n", inspected.head(), "x".repeat(300 << 10));
    let mut raw = Raw::connect(inspected.address);
    // The rest of it may meet a closed connection, which may also take the answer.
    raw.try_send(long.as_bytes());
    assert!(raw.answer().is_none_or(|answer| answer.status == 431));
    assert!(raw.is_closed());
    assert_eq!(inspected.get("/").status, 200);
}
