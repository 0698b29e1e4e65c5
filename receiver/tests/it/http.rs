//! Every status, its header fields, and which reason wins when there are two. The requests are exact bytes.

use schemas::{Sample, Schema};

use crate::support::{
    program::Receiver,
    raw_client::{Answer, Raw, post},
};

const SECRET: &str = "canary-secret-91b2";
const PASSWORD: &str = "canary-password-4e";
/// `basic` and the base64 of `jo:canary-password-4e`, written by hand.
const RIGHT: &str = "authorization: basic am86Y2FuYXJ5LXBhc3N3b3JkLTRl\r\n";
const WRONG: &str = "Authorization: Basic am86bm9wZQ==\r\n";

fn start() -> Receiver {
    let more = "[[endpoint]]\npath = \"/strict\"\nnonconforming = \"reject\"\n[limits]\nbody_bytes = 4096\n";
    Receiver::start_with(SECRET, PASSWORD, more)
}

fn message() -> &'static str {
    std::str::from_utf8(Sample::find("step-completed-customer-set-up").unwrap().body).unwrap()
}

fn with_secret(secret: &str) -> String {
    message().replacen('{', &format!("{{\"clientSecret\":{secret},"), 1)
}

fn request(line: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("{line}\r\n{headers}\r\n{body}").into_bytes()
}

const JSON: &str = "Content-Type: application/json\r\n";

fn check(case: &str, receiver: &Receiver, request: &[u8], expected: u16) -> Answer {
    let mut raw = Raw::connect(receiver.address);
    raw.send(request);
    let mut answer = raw.answer().unwrap_or_else(|| panic!("{case}: no answer"));
    if answer.status == 100 {
        answer = raw.answer().unwrap();
    }
    assert_eq!(answer.status, expected, "{case}: {}", String::from_utf8_lossy(&answer.body));
    if expected == 200 {
        assert_eq!(answer.json()["id"].as_str().unwrap().len(), 36, "{case}");
    } else if !answer.body.is_empty() {
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{case}");
        assert_eq!(Schema::Problem.violations(&answer.json()), [], "{case}");
        let shown = format!("{}{}", answer.head, String::from_utf8_lossy(&answer.body));
        for hidden in [SECRET, PASSWORD, "am86", "nope", "/strict", "/basic"] {
            assert!(!shown.contains(hidden), "{case}: {shown}");
        }
    }
    answer
}

#[test]
fn every_request_gets_its_status() {
    let receiver = start();
    let length = message().len();
    let chunked = format!("{length:x}\r\n{}\r\n0\r\n\r\n", message());
    let quoted = |secret: &str| format!("\"{secret}\"");
    let cases: Vec<(&str, Vec<u8>, u16)> = vec![
        ("a message", post("/none", "", message()), 200),
        ("a query is ignored", post("/none?x=1", "", message()), 200),
        ("absolute form", post("http://x/none", "", message()), 200),
        (
            "HTTP/1.0 without Host",
            request("POST /none HTTP/1.0", &format!("{JSON}Content-Length: {length}\r\n"), message()),
            200,
        ),
        (
            "chunked",
            request("POST /none HTTP/1.1", &format!("Host: x\r\n{JSON}Transfer-Encoding: chunked\r\n"), &chunked),
            200,
        ),
        ("expect 100-continue", post("/none", "Expect: 100-continue\r\n", message()), 200),
        ("the right secret", post("/secret", "", with_secret(&quoted(SECRET))), 200),
        ("the right password", post("/basic", RIGHT, message()), 200),
        ("the scheme in capitals", post("/basic", &RIGHT.replace("basic", "BASIC"), message()), 200),
        ("nonconforming is stored", post("/none", "", r#"{"a":1}"#), 200),
        // 400
        ("no Host", request("POST /none HTTP/1.1", &format!("{JSON}Content-Length: {length}\r\n"), message()), 400),
        ("two Hosts", post("/none", "Host: y\r\n", message()), 400),
        (
            "two lengths",
            request(
                "POST /none HTTP/1.1",
                &format!("Host: x\r\n{JSON}Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
                &chunked,
            ),
            400,
        ),
        (
            "two lengths the other way round",
            request(
                "POST /none HTTP/1.1",
                &format!("Host: x\r\n{JSON}Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"),
                &chunked,
            ),
            400,
        ),
        ("two different lengths", post("/none", "Content-Length: 7\r\n", message()), 400),
        (
            "a length that is no number",
            request("POST /none HTTP/1.1", &format!("Host: x\r\n{JSON}Content-Length: ten\r\n"), message()),
            400,
        ),
        (
            "a broken chunk",
            request("POST /none HTTP/1.1", &format!("Host: x\r\n{JSON}Transfer-Encoding: chunked\r\n"), "zz\r\n"),
            400,
        ),
        (
            "a length that is too small",
            request("POST /none HTTP/1.1", &format!("Host: x\r\n{JSON}Content-Length: 10\r\n"), message()),
            400,
        ),
        ("no JSON", post("/none", "", "hello"), 400),
        ("an empty body", post("/none", "", ""), 400),
        ("something after the object", post("/none", "", "{\"a\":1} x"), 400),
        ("a byte order mark", post("/none", "", "\u{feff}{\"a\":1}"), 400),
        ("no UTF-8", post("/none", "", b"{\"a\":\"\xff\"}"), 400),
        ("a lone surrogate", post("/none", "", r#"{"a":"\ud800"}"#), 400),
        ("nested too deep", post("/none", "", "[".repeat(200)), 400),
        ("a number beyond range", post("/none", "", r#"{"a":1e999}"#), 400),
        ("a flow twice", post("/none", "", r#"{"flow":{},"flow":{}}"#), 400),
        (
            "the right secret twice",
            post("/secret", "", with_secret(&format!("\"{SECRET}\",\"clientSecret\":\"{SECRET}\""))),
            400,
        ),
        // 401, 403
        ("no credential", post("/basic", "", message()), 401),
        ("a wrong password", post("/basic", WRONG, message()), 401),
        ("two authorization headers", post("/basic", &format!("{RIGHT}{RIGHT}"), message()), 401),
        ("bearer", post("/basic", "Authorization: Bearer abc\r\n", message()), 401),
        ("no secret", post("/secret", "", message()), 403),
        ("a wrong secret", post("/secret", "", with_secret("\"nope\"")), 403),
        ("a number for a secret", post("/secret", "", with_secret("12345")), 403),
        ("the secret in a header", post("/secret", &format!("Authorization: {SECRET}\r\n"), message()), 403),
        // 404, 405
        ("another path", post("/other", "", message()), 404),
        ("a slash at the end", post("/none/", "", message()), 404),
        ("two slashes", post("//none", "", message()), 404),
        // 413, 415
        (
            "announced too large",
            request("POST /none HTTP/1.1", &format!("Host: x\r\n{JSON}Content-Length: 99999999\r\n"), ""),
            413,
        ),
        (
            "too large without an announcement",
            request(
                "POST /none HTTP/1.1",
                &format!("Host: x\r\n{JSON}Transfer-Encoding: chunked\r\n"),
                &format!("1388\r\n{}\r\n0\r\n\r\n", " ".repeat(5000)),
            ),
            413,
        ),
        (
            "no content type",
            request("POST /none HTTP/1.1", &format!("Host: x\r\nContent-Length: {length}\r\n"), message()),
            415,
        ),
        (
            "text",
            request(
                "POST /none HTTP/1.1",
                &format!("Host: x\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n"),
                message(),
            ),
            415,
        ),
        ("compressed", post("/none", "Content-Encoding: gzip\r\n", message()), 415),
        // 422
        ("null", post("/none", "", "null"), 422),
        ("an array", post("/none", "", "[{\"a\":1}]"), 422),
        ("a string", post("/none", "", "\"a\""), 422),
        ("an empty object", post("/none", "", "{}"), 422),
        ("an empty object where a secret is due", post("/secret", "", "{}"), 422),
        ("nonconforming is refused", post("/strict", "", r#"{"a":1}"#), 422),
        // Two reasons at once: the one that comes first in the order of refusal wins.
        ("400 before 404", request("POST /other HTTP/1.1", JSON, ""), 400),
        ("404 before 405", request("GET /other HTTP/1.1", "Host: x\r\n", ""), 404),
        ("405 before 401", request("GET /basic HTTP/1.1", "Host: x\r\n", ""), 405),
        (
            "401 before 413",
            request("POST /basic HTTP/1.1", &format!("Host: x\r\n{JSON}Content-Length: 99999999\r\n"), ""),
            401,
        ),
        ("413 before 415", request("POST /none HTTP/1.1", "Host: x\r\nContent-Length: 99999999\r\n", ""), 413),
        ("415 before 400", request("POST /none HTTP/1.1", "Host: x\r\nContent-Length: 1\r\n", "{"), 415),
        ("400 before 403", post("/secret", "", "{\"clientSecret\":"), 400),
    ];
    for (case, request, expected) in &cases {
        check(case, &receiver, request, *expected);
    }
}

#[test]
fn refusals_carry_what_the_client_needs_next() {
    let receiver = start();
    let refused = check("no credential", &receiver, &post("/basic", "", message()), 401);
    assert_eq!(refused.header("www-authenticate"), Some("Basic realm=\"flowingly\", charset=\"UTF-8\""));
    for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "QUERY", "get"] {
        let line = format!("{method} /none HTTP/1.1");
        let answer = check(method, &receiver, &request(&line, "Host: x\r\nContent-Length: 0\r\n", ""), 405);
        assert_eq!(answer.header("allow"), Some("POST"), "{method}");
    }
    let announced = request("POST /none HTTP/1.1", &format!("Host: x\r\n{JSON}Content-Length: 99999999\r\n"), "");
    let too_large = check("too large", &receiver, &announced, 413);
    assert_eq!(too_large.header("connection"), Some("close"));
    let strict = check("strict", &receiver, &post("/strict", "", r#"{"a":1}"#), 422).json();
    assert_eq!(strict["violations"][0]["clause"], "MSG-1");
    // One answer for every wrong credential: nobody learns which half was wrong.
    let bodies: Vec<Vec<u8>> = ["", WRONG, "Authorization: Basic c2FtOm5vcGU=\r\n", "Authorization: Basic !\r\n"]
        .map(|header| check(header, &receiver, &post("/basic", header, message()), 401).body)
        .to_vec();
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_connection_serves_one_request_after_the_other() {
    let receiver = start();
    let mut raw = Raw::connect(receiver.address);
    for (request, expected) in [
        (post("/none", "", message()), 200),
        (post("/secret", "", message()), 403),
        (post("/none", "", "[]"), 422),
        (post("/other", "", ""), 404),
        (post("/none", "", message()), 200),
    ] {
        raw.send(request);
        assert_eq!(raw.answer().unwrap().status, expected);
    }
    raw.send([post("/none", "", message()), post("/none", "", "null"), post("/none", "", message())].concat());
    let statuses: Vec<u16> = (0..3).map(|_| raw.answer().unwrap().status).collect();
    assert_eq!(statuses, [200, 422, 200]);
}
