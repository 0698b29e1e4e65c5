//! `refused`: why requests were refused, as an operator reads it who has the id that the client got.

use std::{fs, path::Path, time::Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use schemas::Redactor;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{Answer, PATIENCE, Raw, answer, post},
};

const SECRET: &str = "Canary-schlüssel-91b2";
const OLD_SECRET: &str = "Canary-before-77ef";
const PASSWORD: &str = "Canary-pässwort-4e";

const ENDPOINTS: &str = r#"
    keep_refused_bodies = true
    admin = "127.0.0.1:0"
    [[endpoint]]
    path = "/none"
    [[endpoint]]
    path = "/secret"
    authentication = { type = "client-secret", secret = "file:secret" }
    also_accept = [{ type = "client-secret", secret = "file:old-secret", not_after = 2020-01-01T00:00:00Z }]
    [[endpoint]]
    path = "/basic"
    authentication = { type = "basic", username = "jo", password = "file:password" }
    [[endpoint]]
    path = "/strict"
    nonconforming = "reject"
    [[endpoint]]
    path = "/quiet"
    [limits]
    body_bytes = 65536
    body_timeout = "1s"
"#;

fn start_in(folder: &Path) -> Receiver {
    for (file, secret) in [("secret", SECRET), ("old-secret", OLD_SECRET), ("password", PASSWORD)] {
        fs::write(folder.join(file), secret).unwrap();
    }
    Receiver::start_in(folder, ENDPOINTS, &[])
}

fn id(answer: &Answer) -> String {
    answer.header("x-request-id").unwrap().to_owned()
}

fn run(receiver: &Receiver, arguments: &[&str]) -> String {
    let output = receiver.command(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn show(receiver: &Receiver, answer: &Answer) -> String {
    run(receiver, &["refused", "show", &id(answer)])
}

/// The text without what differs from run to run.
fn settled(text: &str, answers: &[&Answer]) -> String {
    let text = answers.iter().fold(text.to_owned(), |text, answer| text.replace(&id(answer), "ID"));
    let words = text.split_inclusive([' ', '\n']).map(|word| {
        let bare = word.trim_end().trim_end_matches([',', '.']);
        let end = &word[bare.len()..];
        if bare.parse::<jiff::Timestamp>().is_ok() {
            format!("TIME{end}")
        } else if bare.starts_with("127.0.0.1:") {
            format!("PEER{end}")
        } else {
            word.to_owned()
        }
    });
    words.collect()
}

fn secret(secret: &str) -> Vec<u8> {
    post("/secret", "", format!(r#"{{"trigger":"stepCompleted","clientSecret":"{secret}"}}"#))
}

fn basic(credential: impl AsRef<[u8]>) -> Vec<u8> {
    post("/basic", &format!("Authorization: Basic {}\r\n", STANDARD.encode(credential)), "{}")
}

fn latin_1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

#[test]
fn every_kind_of_refusal_is_explained_by_the_id_that_the_client_got() {
    let folder = TempDir::new().unwrap();
    let receiver = start_in(folder.path());
    let head = |line: &str, headers: &str| format!("{line}\r\n{headers}\r\n").into_bytes();
    let json = "Content-Type: application/json\r\n";
    // Case, request, sentence, clause of the check that failed.
    let cases: [(&str, Vec<u8>, &str, &str); 14] = [
        ("no Host", head("POST /none HTTP/1.1", "Content-Length: 0\r\n"), "The Host header is missing.", "HTTP-16"),
        (
            "an expectation",
            head("POST /none HTTP/1.1", "Host: x\r\nExpect: more\r\nContent-Length: 0\r\n"),
            "The Expect header is not exactly",
            "HTTP-9",
        ),
        ("a path", post("/secrets", "", "{}"), "No endpoint has the path /secrets.", "HTTP-1"),
        ("a method", head("GET /none HTTP/1.1", "Host: x\r\n"), "The method is GET, but", "HTTP-14"),
        ("no password", post("/basic", "", "{}"), "The authorization header is missing.", "AUTH-17"),
        ("a wrong password", basic("jo:Canary-wrong"), "The username or the password is wrong.", "AUTH-18"),
        (
            "a length",
            post("/none", "", " ".repeat(65_537)),
            "The body is larger than 65536 bytes; it announced",
            "HTTP-19",
        ),
        (
            "a media type",
            head("POST /none HTTP/1.1", "Host: x\r\nContent-Type: text/xml\r\nContent-Length: 0\r\n"),
            "The content type is not JSON in UTF-8: the request has text/xml.",
            "HTTP-15",
        ),
        (
            "half a body",
            head("POST /none HTTP/1.1", &format!("Host: x\r\n{json}Content-Length: 9\r\n")),
            "The body was not complete within `body_timeout`.",
            "HTTP-17",
        ),
        ("no JSON", post("/none", "", "{\n \"a\": oh}"), "The body is not JSON: ", "HTTP-12"),
        (
            "no object",
            post("/none", "", "[1]"),
            "The body is JSON, but not an object with at least one member.",
            "MSG-1",
        ),
        (
            "no secret",
            post("/secret", "", r#"{"a":1}"#),
            "The client secret is missing: the message has nothing at",
            "AUTH-4",
        ),
        ("a wrong secret", secret("Canary-wrong"), "The client secret is wrong.", "AUTH-6"),
        (
            "a broken rule",
            post("/strict", "", r#"{"trigger":"stepCompleted","flow":{},"step":{}}"#),
            "The message breaks the contract at /flow",
            "MSG-4",
        ),
    ];
    let answers = cases.each_ref().map(|(_, request, ..)| answer(receiver.address, request));
    for ((case, _, sentence, clause), answer) in cases.iter().zip(&answers) {
        let shown = show(&receiver, answer);
        assert!(shown.starts_with(sentence), "{case}: {shown}");
        let failed = shown.lines().find(|line| line.starts_with("failed")).unwrap();
        assert_eq!(failed.split_whitespace().nth(1), Some(*clause), "{case}: {shown}");
    }
    let [.., wrong, broken] = &answers;
    insta::assert_snapshot!("refused_show", settled(&show(&receiver, wrong), &[wrong]));
    insta::assert_snapshot!("refused_show_not_found", settled(&show(&receiver, &answers[2]), &[&answers[2]]));
    let all: Vec<&Answer> = answers.iter().collect();
    let list = run(&receiver, &["refused", "list"]);
    // All of them come in the order of their arrival.
    let ids: Vec<&str> = list.lines().skip(1).map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(ids, answers.iter().rev().map(id).collect::<Vec<_>>());
    insta::assert_snapshot!("refused_list", settled(&list, &all));
    insta::assert_snapshot!("refused_summary", settled(&run(&receiver, &["refused", "summary"]), &all));
    let some =
        run(&receiver, &["refused", "list", "--endpoint", "/secret", "--code", "client-secret-refused", "-n", "1"]);
    assert_eq!(some.lines().count(), 2, "{some}");
    let json: Value =
        serde_json::from_str(&run(&receiver, &["refused", "show", &id(broken), "--output", "json"])).unwrap();
    assert_eq!(json["request"]["fault"]["clause"], "MSG-4");
    assert_eq!(json["kind"]["count"], 1);
    assert!(json["explanation"]["checks"].as_array().unwrap().iter().any(|check| check["outcome"] == "failed"));
}

#[test]
fn a_near_miss_is_explained_and_no_part_of_a_credential_is_kept() {
    let folder = TempDir::new().unwrap();
    let receiver = start_in(folder.path());
    let pair = format!("jo:{PASSWORD}");
    let header = |value: &str| post("/basic", &format!("Authorization: {value}\r\n"), "{}");
    let secret_is = "The client secret is the right client secret, but sent ";
    let basic_is = "The credential is the right username and password, but sent ";
    let decomposed = SECRET.replace('ü', "u\u{308}");
    let twice: String = SECRET.bytes().map(char::from).collect();
    let percent: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let cases: [(&str, Vec<u8>, String); 17] = [
        ("a line end", secret(&format!("{SECRET}\\n")), format!("{secret_is}with white space")),
        ("another case", secret(&SECRET.to_lowercase()), format!("{secret_is}in another letter case.")),
        ("decomposed", secret(&decomposed), format!("{secret_is}in another Unicode normalization form.")),
        ("read as Latin-1", secret(&twice), format!("{secret_is}in UTF-8 twice.")),
        ("percent-encoded", secret(&percent), format!("{secret_is}percent-encoded.")),
        ("quotes", secret(&format!("'{SECRET}'")), format!("{secret_is}in quotes.")),
        ("a scheme", secret(&format!("Basic {SECRET}")), format!("{secret_is}with a prefix such as `Basic `")),
        ("a version", secret(&format!("v1,{SECRET}")), format!("{secret_is}with a prefix")),
        (
            "an old one",
            secret(OLD_SECRET),
            "The client secret is an old client secret whose `not_after` has passed.".into(),
        ),
        (
            "an old one in quotes",
            secret(&format!("'{OLD_SECRET}'")),
            "The client secret is an old client secret whose `not_after` has passed, but sent in quotes.".into(),
        ),
        (
            "elsewhere",
            post("/secret", "", format!(r#"{{"auth":[{{"key":"{SECRET}"}}]}}"#)),
            "The right client secret is in the message at /auth/0/key, but the endpoint reads it at /clientSecret."
                .into(),
        ),
        ("not near", secret("Canary-wrong"), "The client secret is wrong.".into()),
        ("Latin-1", basic(latin_1(&pair)), format!("{basic_is}in Latin-1.")),
        ("no scheme", header(&STANDARD.encode(&pair)), format!("{basic_is}with another scheme.")),
        (
            "the scheme twice",
            header(&format!("Basic Basic {}", STANDARD.encode(&pair))),
            format!("{basic_is}with a prefix"),
        ),
        ("a password in another case", basic(pair.to_uppercase()), format!("{basic_is}in another letter case.")),
        ("not near", basic("jo:Canary-wrong"), "The username or the password is wrong.".into()),
    ];
    let answers = cases.each_ref().map(|(_, request, _)| answer(receiver.address, request));
    let mut seen = String::new();
    for ((case, _, expected), answer) in cases.iter().zip(&answers) {
        assert!(matches!(answer.status, 401 | 403), "{case}");
        let shown = show(&receiver, answer);
        assert!(shown.starts_with(expected), "{case}: {shown}");
        seen.push_str(&shown);
    }
    // The answers of one kind are the same, whatever was near.
    let of_kind = |status| answers.iter().filter(move |answer| answer.status == status).map(|answer| &answer.body);
    for status in [401, 403] {
        assert!(of_kind(status).all(|body| of_kind(status).all(|other| body == other)), "{status}");
    }
    seen.push_str(&run(&receiver, &["refused", "list", "--output", "json", "-n", "99"]));
    seen.push_str(&run(&receiver, &["refused", "summary"]));
    seen.push_str(&receiver.log());
    seen.push_str(&fs::read_to_string(folder.path().join("data/refused.json")).unwrap());
    assert!(seen.contains("***"), "bodies are kept");
    let presented = [decomposed, twice, SECRET.to_lowercase(), pair.to_uppercase(), "Canary-wrong".to_owned()];
    let right = [SECRET, OLD_SECRET, PASSWORD].map(str::to_owned);
    for credential in right.into_iter().chain(presented) {
        assert!(!Redactor::default().with(credential).is_in(seen.as_bytes()), "{seen}");
    }
    assert!(!seen.to_lowercase().contains("canary"), "{seen}");
}

#[test]
fn refused_requests_are_known_after_a_restart_and_a_damaged_file_is_replaced() {
    let folder = TempDir::new().unwrap();
    let receiver = start_in(folder.path());
    let first = answer(receiver.address, secret("Canary-wrong"));
    let last = answer(receiver.address, secret("Canary-wrong"));
    // The last one is saved although the receiver ends at once.
    receiver.terminate();
    let receiver = start_in(folder.path());
    assert!(show(&receiver, &last).contains("often     2 times since"));
    let third = answer(receiver.address, secret("Canary-wrong"));
    assert!(show(&receiver, &third).contains("often     3 times since"));
    assert!(show(&receiver, &first).starts_with("The client secret is wrong."));
    receiver.kill();
    let file = folder.path().join("data/refused.json");
    fs::write(&file, "{\"version\":1,").unwrap();
    let receiver = start_in(folder.path());
    receiver.logged(0, "earlier refused requests are not known any more");
    let fourth = answer(receiver.address, secret("Canary-wrong"));
    assert!(show(&receiver, &fourth).contains("often     1 time since"));
    let unknown = receiver.command(&["refused", "show", &id(&first)]);
    let error = String::from_utf8(unknown.stderr).unwrap();
    assert!(error.contains("there is no refused request with the id") && error.contains("refused list"), "{error}");
    receiver.terminate();
}

#[test]
fn a_flood_of_refused_requests_does_not_grow_the_memory() {
    const REQUESTS: usize = 1500;
    let folder = TempDir::new().unwrap();
    let receiver = start_in(folder.path());
    let wrong = post("/secret", "", format!(r#"{{"clientSecret":"Canary-wrong","a":"{}"}}"#, "x ".repeat(10_000)));
    let flood = |requests: usize| {
        let mut raw = Raw::connect(receiver.address);
        for _ in 0..requests {
            raw.send(&wrong);
            assert_eq!(raw.answer().unwrap().status, 403);
        }
    };
    flood(100);
    let before = receiver.resident();
    flood(REQUESTS);
    let grown = receiver.resident().saturating_sub(before);
    assert!(grown < 24 << 10, "{grown} KiB");
    // Each is counted or dropped, once the worker has come to it.
    let began = Instant::now();
    while counted(&receiver) + dropped(&receiver) < 100 + REQUESTS {
        assert!(began.elapsed() < PATIENCE, "{} counted, {} dropped", counted(&receiver), dropped(&receiver));
    }
    assert_eq!(counted(&receiver) + dropped(&receiver), 100 + REQUESTS);
    let last = answer(receiver.address, post("/other", "", "{}"));
    assert!(show(&receiver, &last).starts_with("No endpoint has the path /other."));
}

fn dropped(receiver: &Receiver) -> usize {
    let request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    let metrics = String::from_utf8(answer(receiver.admin(), request).body).unwrap();
    let name = "webhook_receiver_refused_requests_dropped_total ";
    metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap().parse().unwrap()
}

/// How many requests for `/secret` were refused, as the summary has it.
fn counted(receiver: &Receiver) -> usize {
    let summary: Value = serde_json::from_str(&run(receiver, &["refused", "summary", "--output", "json"])).unwrap();
    let kinds = summary["refused"].as_array().unwrap();
    let count = kinds.iter().find(|kind| kind["endpoint"] == "/secret").and_then(|kind| kind["count"].as_u64());
    usize::try_from(count.unwrap_or_default()).unwrap()
}
