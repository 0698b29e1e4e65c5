//! Senders that do one thing wrong, byte by byte.

use contract_tests::{
    Listener,
    report::terminal::{self, Layout},
};
use schemas::{Authentication, Sample};

use crate::listen::{
    BODY, HOST, JSON, PAIR, SECRET, basic, client_secret, request, secret_json, standing::Standing, with_secret,
};

/// Name, request, clauses that it breaks.
type Wrong<'a> = (&'a str, Vec<u8>, &'a [&'a str]);

async fn hold(authentication: Authentication, table: Vec<Wrong<'_>>) {
    let standing = Standing::start(Listener::new(authentication)).await;
    for (name, bytes, expected) in table {
        let answer = standing.send(&bytes).await;
        let seen = standing.seen();
        assert_eq!(seen.len(), 1, "{name}: {answer}");
        assert_eq!(seen[0].broken, expected, "{name}");
    }
    let report = standing.stop().await;
    let shown = terminal::render(&report, Layout { columns: 100, verbose: true, strict: true });
    let json = serde_json::to_string(&report).unwrap();
    for secret in [SECRET, &secret_json(), PAIR, "wörd/längst", "battery", "horse"] {
        assert!(!shown.contains(secret) && !json.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn without_authentication() {
    let plain = [HOST, JSON];
    let raw = |text: &str| text.replace('\n', "\r\n").into_bytes();
    let with = |from: &str, to: &str| request(&plain, &BODY.replace(from, to));
    let replaced = |from: &[u8], to: &[u8]| {
        let mut bytes = request(&plain, BODY);
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        bytes.splice(at..at + from.len(), to.iter().copied());
        bytes
    };
    hold(
        Authentication::None,
        vec![
            ("right", request(&plain, BODY), &[]),
            ("a charset", request(&[HOST, "Content-Type: Application/JSON; charset=\"UTF-8\""], BODY), &[]),
            ("HTTP/1.0 without a host", raw(&format!("POST / HTTP/1.0\ncontent-type: application/json\ncontent-length: {}\n\n{BODY}", BODY.len())), &[]),
            ("chunks", [&request(&[HOST, JSON, "transfer-encoding: chunked"], "")[..0], format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{}\r\n{:X};a=b\r\n{}\r\n0\r\nx: y\r\n\r\n", 9, &BODY[..9], BODY.len() - 9, &BODY[9..]).as_bytes()].concat(), &[]),
            ("not JSON", with("}", ""), &["MSG-1"]),
            ("no body", request(&plain, ""), &["MSG-1"]),
            ("a byte order mark", request(&plain, &format!("\u{FEFF}{BODY}")), &["MSG-2"]),
            ("latin-1", replaced(b"\"v\"", b"\"\xE4\""), &["MSG-2"]),
            ("UTF-16", { let body: Vec<u8> = BODY.encode_utf16().flat_map(u16::to_be_bytes).collect(); let mut bytes = format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes(); bytes.extend(body); bytes }, &["MSG-2"]),
            ("a trigger of another letter case", with("stepCompleted", "StepCompleted"), &["MSG-3"]),
            ("a previous step on completion", with("\"flow\"", "\"previousStep\":{\"stepIdentifier\":\"b\",\"fields\":[]},\"flow\""), &["MSG-7"]),
            ("no previous step on creation", with("stepCompleted", "stepCreated").into_iter().collect(), &["MSG-6", "MSG-8"]),
            ("a check box as a boolean", with("\"Text\",\"value\":\"v\"", "\"CheckBox\",\"value\":true"), &["MSG-10"]),
            ("a name twice", with("\"flow\":{", "\"flow\":{\"flowIdentifier\":\"FLOW-0\","), &["MSG-20"]),
            ("a name twice elsewhere", with("\"flow\":{", "\"noise\":{\"a\":1,\"a\":2},\"flow\":{"), &["MSG-20"]),
            ("a client secret", request(&plain, &with_secret("\"x\"")), &["MSG-15"]),
            ("an authorization header", request(&[HOST, JSON, "authorization: basic eDp5"], BODY), &["AUTH-1"]),
            ("PUT", { let mut bytes = request(&plain, BODY); bytes.splice(0..4, *b"PUT"); bytes }, &["HTTP-1"]),
            ("no content type", request(&[HOST], BODY), &["HTTP-4"]),
            ("a form", request(&[HOST, "content-type: application/x-www-form-urlencoded"], BODY), &["HTTP-4"]),
            ("another charset", request(&[HOST, "content-type: application/json; charset=utf-16"], BODY), &["HTTP-5"]),
            ("no host", request(&[JSON], BODY), &["HTTP-16"]),
            ("two hosts", request(&[HOST, HOST, JSON], BODY), &["HTTP-16"]),
            ("two lengths", request(&[HOST, JSON, "content-length: 1"], BODY), &["HTTP-17"]),
            ("a length that is not a number", raw("POST / HTTP/1.1\nhost: x\ncontent-type: application/json\ncontent-length: +1\n\n1"), &["HTTP-17"]),
            ("length and coding", raw(&format!("POST / HTTP/1.1\nhost: x\ncontent-type: application/json\ncontent-length: 4\ntransfer-encoding: chunked\n\n{:x}\n{BODY}\n0\n\n", BODY.len())), &["HTTP-17"]),
            ("a broken chunk", raw("POST / HTTP/1.1\nhost: x\ncontent-type: application/json\ntransfer-encoding: chunked\n\nzz\n"), &["HTTP-17"]),
            ("a chunk longer than said", raw("POST / HTTP/1.1\nhost: x\ncontent-type: application/json\ntransfer-encoding: chunked\n\n1\n{}\n0\n\n"), &["HTTP-17"]),
            ("cut short", request(&plain, BODY)[..120].to_vec(), &["HTTP-17"]),
            ("a broken request line", raw("POST /a b c HTTP/1.1\nhost: x\n\n"), &["HTTP-18"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn with_a_client_secret() {
    let json = secret_json();
    let plain = [HOST, JSON];
    let right = with_secret(&json);
    let escaped = json.replace('c', "\\u0063").replace('🐎', "\\ud83d\\udc0e");
    hold(
        client_secret(),
        vec![
            ("right", request(&plain, &right), &[]),
            ("right, escaped", request(&plain, &with_secret(&escaped)), &[]),
            ("missing", request(&plain, BODY), &["MSG-15"]),
            ("empty", request(&plain, &with_secret("\"\"")), &["MSG-15"]),
            ("null", request(&plain, &with_secret("null")), &["MSG-15"]),
            ("another", request(&plain, &with_secret("\"correct horse battery\"")), &["MSG-15"]),
            ("with a line end", request(&plain, &with_secret(&json.replace("🐎", "🐎\\n"))), &["MSG-15"]),
            ("twice", request(&plain, &with_secret(&format!("{json},\"clientSecret\":{json}"))), &["MSG-20"]),
            ("in a field, too", request(&plain, &right.replace("\"v\"", &escaped)), &["AUTH-9"]),
            (
                "as a member's name, too",
                request(&plain, &right.replace("\"flow\"", &format!("{json}:1,\"flow\""))),
                &["AUTH-9"],
            ),
            (
                "in the URL, too",
                {
                    let mut bytes = request(&plain, &right);
                    bytes.splice(6..6, *b"?s=correct%20%22horse%22%20%5c%20battery%20%f0%9f%90%8e");
                    bytes
                },
                &["AUTH-1"],
            ),
            ("in a header, too", request(&[HOST, JSON, &format!("x-secret: {SECRET}")], &right), &["AUTH-1"]),
            ("with Basic, too", request(&[HOST, JSON, "authorization: basic eDp5"], &right), &["AUTH-1"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn with_basic() {
    let header = |value: &str| request(&[HOST, JSON, &format!("authorization: {value}")], BODY);
    hold(
        basic(),
        vec![
            ("right", header(&format!("basic {PAIR}")), &[]),
            ("right, with a capital letter", header(&format!("Basic  {PAIR}")), &[]),
            // Of the same texts in ISO 8859-1, by another program.
            ("latin-1", header("basic am86cORzczp39nJkL2zkbmdzdA=="), &["AUTH-15"]),
            ("UTF-8 twice", header("basic am86cMODwqRzczp3w4PCtnJkL2zDg8KkbmdzdA=="), &["AUTH-15"]),
            ("with a line end", header("basic am86cMOkc3M6d8O2cmQvbMOkbmdzdAo="), &["AUTH-18"]),
            ("base64 twice", header("basic YW04NmNNT2tjM002ZDhPMmNtUXZiTU9rYm1kemRBPT0="), &["AUTH-20"]),
            ("without base64", header("basic jo:päss:wörd/längst"), &["AUTH-19"]),
            ("without the scheme", header(PAIR), &["AUTH-17"]),
            ("another scheme", header(&format!("bearer {PAIR}")), &["AUTH-17"]),
            ("another username", header("basic am9pOnDDpHNzOnfDtnJkL2zDpG5nc3Q="), &["AUTH-18"]),
            ("another password", header("basic am86cGFzcw=="), &["AUTH-18"]),
            ("no base64", header("basic jo:password"), &["AUTH-19"]),
            ("no parameter", header("basic"), &["AUTH-19"]),
            ("no colon", header("basic am8="), &["AUTH-19"]),
            ("without padding", header(&format!("basic {}", PAIR.trim_end_matches('='))), &["AUTH-20"]),
            (
                "two headers",
                request(
                    &[HOST, JSON, &format!("authorization: basic {PAIR}"), &format!("authorization: basic {PAIR}")],
                    BODY,
                ),
                &["AUTH-21"],
            ),
            ("two in one", header(&format!("basic {PAIR}, basic {PAIR}")), &["AUTH-21"]),
            (
                "a client secret, too",
                request(&[HOST, JSON, &format!("authorization: basic {PAIR}")], &with_secret("\"x\"")),
                &["MSG-15"],
            ),
            (
                "the pair in the URL, too",
                {
                    let mut bytes = header(&format!("basic {PAIR}"));
                    bytes.splice(6..6, format!("?auth={PAIR}").into_bytes());
                    bytes
                },
                &["AUTH-1"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn every_invalid_sample_breaks_the_clause_in_its_name() {
    let none = Standing::start(Listener::new(Authentication::None)).await;
    // Those on the secret are written for a webhook that has one; which, the sample says.
    for sample in Sample::invalid().filter(|sample| !sample.name.contains("client-secret")) {
        let name = sample.name.strip_suffix(".json").unwrap_or(sample.name);
        let clause = name.rsplit_once("--").unwrap().1;
        none.send(&request(&[HOST, JSON], std::str::from_utf8(sample.body).unwrap())).await;
        assert_eq!(none.seen()[0].broken, [clause], "{name}");
    }
    none.stop().await;
}

#[tokio::test]
async fn a_failure_shows_the_first_three_messages_and_a_reader_knows_what_was_seen() {
    let standing = Standing::start(Listener::new(client_secret()).answers("503,307,200".parse().unwrap())).await;
    let right = request(&[HOST, JSON], &with_secret(&secret_json()));
    assert!(standing.send(&right).await.starts_with("HTTP/1.1 503 \r\n"));
    assert!(standing.send(&right).await.contains("location: /webhook-contract/redirected\r\n"));
    standing.send(b"GET /webhook-contract/redirected HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    for _ in 0..4 {
        standing.send(&request(&[HOST, JSON], &with_secret("\"another secret\"").replace("\"task\"", "7"))).await;
    }
    // A TLS greeting.
    standing.send(b"\x16\x03\x01\x02\x00").await;
    let mut report = standing.stop().await;
    (report.subject.url, report.started, report.took_ms) =
        ("http://127.0.0.1:8090/hooks/flowingly".to_owned(), jiff::Timestamp::UNIX_EPOCH, 1200);
    let shown = terminal::render(&report, Layout { columns: 100, verbose: false, strict: false });
    insta::assert_snapshot!("broken", anstream::adapter::strip_str(&shown).to_string());
}
