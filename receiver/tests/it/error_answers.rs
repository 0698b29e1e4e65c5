//! Error answers: they reveal nothing, and stay small.

use std::fs;

use crate::support::{
    program::Receiver,
    raw_client::{answer, post},
};

const SECRET: &str = "canary-secret-91b2";

#[test]
fn an_error_answer_never_repeats_a_name_or_a_value_of_the_message() {
    let receiver = Receiver::start_with(SECRET, SECRET, "");
    for (case, body) in [
        ("the presented credential as a name", format!(r#"{{"clientSecret":{{"{SECRET}":1,"{SECRET}":2}}}}"#)),
        ("personal data as a name", r#"{"step":{"fields":[{"canary Ann":1,"canary Ann":2}]}}"#.to_owned()),
        ("a wrong credential", r#"{"clientSecret":"canary"}"#.to_owned()),
        ("an unfinished credential", r#"{"clientSecret":"canary"#.to_owned()),
        ("a bad escape", r#"{"clientSecret":"canary\x"}"#.to_owned()),
        ("a bare word", "{\"clientSecret\":canary}".to_owned()),
    ] {
        let answer = answer(receiver.address, post("/secret", "", body));
        let shown = format!("{}{}", answer.head, String::from_utf8_lossy(&answer.body));
        assert!((400..500).contains(&answer.status), "{case}: {shown}");
        assert!(!shown.contains("canary"), "{case}: {shown}");
    }
    let log = fs::read_to_string(receiver.folder().join("stderr.log")).unwrap();
    assert!(!log.contains("canary"), "{log}");
}

#[test]
fn an_error_answer_stays_small_whatever_was_sent() {
    let receiver = Receiver::start_with(SECRET, SECRET, "");
    let name = "n".repeat(1_000_000);
    let body = format!(r#"{{"step":{{"fields":[{{"{name}":1,"{name}":2}}]}}}}"#);
    let length = answer(receiver.address, post("/secret", "", body)).body.len();
    assert!(length < 4096, "{length} bytes");
}
