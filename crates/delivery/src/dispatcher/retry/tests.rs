//! The decisions by table.

use std::io;

use bytes::Bytes;
use http::HeaderValue;

use super::*;
use crate::client::{
    answer::{Answer, AnswerEnd},
    outcome::TransportError,
};

/// Sunday, 6 November 1994, 08:49:37 GMT: the date of RFC 9110 section 5.6.7.
const NOW: i64 = 784_111_777;

fn at(after: i64) -> Timestamp {
    Timestamp::from_second(NOW + after).unwrap()
}

fn answer(status: u16, retry_after: Option<&str>) -> Outcome {
    let mut headers = HeaderMap::new();
    if let Some(text) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_bytes(text.as_bytes()).unwrap());
    }
    let status = StatusCode::from_u16(status).unwrap();
    Outcome::answered(Answer { status, headers, body: Bytes::new(), end: AnswerEnd::Whole })
}

fn silence() -> Outcome {
    Outcome::Unanswered(TransportError::Closed)
}

/// Waits of 2, 4, 8, 10, 10 ... s at most; 6 attempts; a minute for a Retry-After; an hour in all.
fn policy() -> RetryPolicy {
    RetryPolicy::new(RetrySettings {
        base: Duration::from_secs(2),
        cap: Duration::from_secs(10),
        attempts: 6,
        total: Duration::from_secs(3600),
        retry_after_cap: Duration::from_secs(60),
    })
    .unwrap()
}

#[test]
fn the_outcome_decides_whether_it_is_tried_again() {
    let untrusted = TransportError::Untrusted(rustls::Error::NoCertificatesPresented);
    let guarded = LocalError::Guarded { host: "a.example".to_owned(), address: [127, 0, 0, 1].into() };
    let proxy = LocalError::Proxy { proxy: "proxy.example:3128".to_owned(), why: "refused".to_owned() };
    let again = RetryDecision::RetryAt(at(2));
    for (name, outcome, expected) in [
        ("200", answer(200, None), RetryDecision::Delivered),
        ("204", answer(204, None), RetryDecision::Delivered),
        ("299", answer(299, None), RetryDecision::Delivered),
        ("301", answer(301, None), RetryDecision::GiveUp(GiveUpReason::Refused)),
        ("304", answer(304, None), RetryDecision::GiveUp(GiveUpReason::Refused)),
        ("400", answer(400, None), RetryDecision::GiveUp(GiveUpReason::Refused)),
        ("401", answer(401, None), RetryDecision::GiveUp(GiveUpReason::Refused)),
        ("403", answer(403, None), RetryDecision::GiveUp(GiveUpReason::Refused)),
        ("404, whatever it asks for", answer(404, Some("5")), RetryDecision::GiveUp(GiveUpReason::Refused)),
        ("408", answer(408, None), again.clone()),
        ("410", answer(410, None), RetryDecision::GiveUp(GiveUpReason::Gone)),
        ("422", answer(422, None), RetryDecision::GiveUp(GiveUpReason::Refused)),
        ("425", answer(425, None), again.clone()),
        ("429", answer(429, None), again.clone()),
        ("499", answer(499, None), RetryDecision::GiveUp(GiveUpReason::Refused)),
        ("500", answer(500, None), again.clone()),
        ("503", answer(503, None), again.clone()),
        ("599", answer(599, None), again.clone()),
        ("600, which is not a class", answer(600, None), RetryDecision::GiveUp(GiveUpReason::Refused)),
        ("silence", silence(), again.clone()),
        ("a certificate", Outcome::Unanswered(untrusted), again.clone()),
        ("no file left", Outcome::Failed(LocalError::Socket(io::Error::other("24"))), again.clone()),
        ("the proxy", Outcome::Failed(proxy), again),
        ("the guard", Outcome::Failed(guarded), RetryDecision::GiveUp(GiveUpReason::Guarded)),
        (
            "no request",
            Outcome::Failed(LocalError::Request("x".into())),
            RetryDecision::GiveUp(GiveUpReason::LocalError),
        ),
    ] {
        assert_eq!(policy().decide(1, at(0), at(0), &outcome, 1.0), expected, "{name}");
    }
}

#[test]
fn the_wait_doubles_up_to_the_cap_and_the_jitter_scales_it() {
    for (name, attempt, jitter, milliseconds) in [
        ("first", 1, 1.0, 2000),
        ("second", 2, 1.0, 4000),
        ("third", 3, 1.0, 8000),
        ("capped", 4, 1.0, 10_000),
        ("last but one", 5, 1.0, 10_000),
        ("half", 2, 0.5, 2000),
        ("at once", 3, 0.0, 0),
        ("a broken draw", 1, 7.0, 2000),
    ] {
        let due = Timestamp::from_millisecond(NOW * 1000 + milliseconds).unwrap();
        assert_eq!(policy().decide(attempt, at(0), at(0), &silence(), jitter), RetryDecision::RetryAt(due), "{name}");
    }
    let endless = RetrySettings { attempts: u32::MAX, ..RetrySettings::default() };
    let endless = RetryPolicy::new(endless).unwrap();
    assert_eq!(endless.decide(1_000_000, at(0), at(0), &silence(), 1.0), RetryDecision::RetryAt(at(3600)));
}

#[test]
fn an_end_comes_by_attempts_and_by_time() {
    for (name, attempt, since, expected) in [
        ("one left", 5, 0, RetryDecision::RetryAt(at(10))),
        ("none left", 6, 0, RetryDecision::GiveUp(GiveUpReason::Attempts)),
        ("more than there are", 7, 0, RetryDecision::GiveUp(GiveUpReason::Attempts)),
        ("just in time", 1, 2 - 3600, RetryDecision::RetryAt(at(2))),
        ("too late", 1, 1 - 3600, RetryDecision::GiveUp(GiveUpReason::Time)),
        ("a refusal is told first", 6, -9999, RetryDecision::GiveUp(GiveUpReason::Attempts)),
    ] {
        assert_eq!(policy().decide(attempt, at(since), at(0), &silence(), 1.0), expected, "{name}");
    }
}

#[test]
fn the_endpoint_says_when() {
    for (name, status, text, seconds) in [
        ("seconds", 503, "30", 30),
        ("seconds, of a 429", 429, "30", 30),
        ("seconds, of a 500", 500, "30", 30),
        ("less than the policy", 503, "1", 2),
        ("nothing", 503, "0", 2),
        ("more than is believed", 503, "86400", 60),
        ("more than a number", 503, "99999999999999999999999", 60),
        ("a date", 503, "Sun, 06 Nov 1994 08:50:07 GMT", 30),
        ("a date as in RFC 850", 503, "Sunday, 06-Nov-94 08:50:07 GMT", 30),
        ("a date in the form of asctime", 503, "Sun Nov  6 08:50:07 1994", 30),
        ("a date that is over", 503, "Sun, 06 Nov 1994 08:49:07 GMT", 2),
        ("a date far away", 503, "Sat, 06 Nov 2094 08:49:37 GMT", 60),
        ("no time at all", 503, "soon", 2),
        ("a fraction", 503, "1.5", 2),
        ("below nothing", 503, "-5", 2),
        ("empty", 503, "", 2),
    ] {
        let next = policy().decide(1, at(0), at(0), &answer(status, Some(text)), 1.0);
        assert_eq!(next, RetryDecision::RetryAt(at(seconds)), "{name}");
    }
}

#[test]
fn an_endpoint_that_asks_for_more_time_than_is_left_is_tried_at_the_end() {
    let hour = Duration::from_secs(3600);
    let whole =
        RetryPolicy::new(RetrySettings { total: hour, retry_after_cap: hour, ..RetrySettings::default() }).unwrap();
    for (name, policy, since, text, jitter, expected) in [
        ("the whole time, at once", whole, 0, "3600", 0.0, RetryDecision::RetryAt(at(3600))),
        ("the whole time, after a first attempt of 1 s", whole, -1, "3600", 0.0, RetryDecision::RetryAt(at(3599))),
        ("more than is believed", whole, -1, "86400", 0.0, RetryDecision::RetryAt(at(3599))),
        ("a little more than is left", policy(), -3590, "30", 0.0, RetryDecision::RetryAt(at(10))),
        ("just what is left", policy(), -3570, "30", 0.0, RetryDecision::RetryAt(at(30))),
        (
            "the policy's own wait is longer still",
            policy(),
            -3599,
            "30",
            1.0,
            RetryDecision::GiveUp(GiveUpReason::Time),
        ),
        ("nothing is left", policy(), -3600, "30", 0.0, RetryDecision::GiveUp(GiveUpReason::Time)),
        ("less than nothing", policy(), -3601, "30", 0.0, RetryDecision::GiveUp(GiveUpReason::Time)),
    ] {
        assert_eq!(policy.decide(1, at(since), at(0), &answer(503, Some(text)), jitter), expected, "{name}");
    }
}

#[test]
fn settings_are_checked() {
    let (second, default) = (Duration::from_secs(1), RetrySettings::default());
    assert_eq!(RetryPolicy::new(default), Ok(RetryPolicy::default()));
    let cases = [
        ("no base", RetrySettings { base: Duration::ZERO, ..default }, RetryPolicyError::NoBase),
        (
            "a low cap",
            RetrySettings { base: second * 2, cap: second, ..default },
            RetryPolicyError::CapBelowBase { base: second * 2, cap: second },
        ),
        ("no attempt", RetrySettings { attempts: 0, ..default }, RetryPolicyError::NoAttempt),
    ];
    for (name, settings, expected) in cases {
        assert_eq!(RetryPolicy::new(settings), Err(expected), "{name}");
    }
}
