//! Runs of the library against faulty endpoints: the report names the fault.

use std::time::Duration;

use contract_tests::{
    Target, check,
    report::{CaseOutcome, Grade},
};
use schemas::Authentication;
use serde_json::Value;
use wiremock::ResponseTemplate;

use crate::check::{
    client_secret,
    endpoint::{hasty, mock, mute},
    failed_clauses, failures, passed,
    reference::Reference,
};

fn plain(url: &str, authentication: Authentication) -> Target {
    Target::new(url, authentication).unwrap().timeout(Duration::from_millis(500))
}

/// A secret with which more cases could tell something, where the status has nothing to do with it.
fn credential(status: u16) -> Authentication {
    match status {
        401 | 403 | 500 => client_secret("short-secret"),
        _ => Authentication::ClientSecret { client_secret: contract_tests::strong_credentials::client_secret() },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_plain_message_is_one_failure() {
    for (status, said) in [
        (401, "either the endpoint expects another credential"),
        (403, "either the endpoint expects another credential"),
        (404, "the URL has the wrong path"),
        (302, "is not exactly that of the endpoint"),
        (500, "fails on a valid message"),
        (501, "does not accept POST"),
    ] {
        let (_server, url) = mock(move |_| ResponseTemplate::new(status)).await;
        let report = check(&plain(&url, credential(status))).await.unwrap();
        assert!(!report.holds(false), "{status}");
        assert!(report.notices[0].contains(said), "{status}: {:?}", report.notices);
        let expected: &[&str] = match status {
            // Other clauses that a single answer violates fail as well.
            302 => &["AUTH-3", "HTTP-3"],
            401 => &["AUTH-3", "AUTH-23"],
            _ => &["AUTH-3"],
        };
        assert_eq!(failed_clauses(&report), expected, "{status}");
        assert_eq!(failures(&report).len(), expected.len(), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_accepts_everything_and_a_leak_are_found() {
    let (_server, url) = mock(|request| ResponseTemplate::new(200).set_body_bytes(request.body.clone())).await;
    let report = check(&plain(&url, client_secret("a secret with ä"))).await.unwrap();
    let failed = failed_clauses(&report);
    for clause in ["AUTH-4", "AUTH-5", "AUTH-6", "AUTH-9", "AUTH-24"] {
        assert!(failed.contains(&clause), "{clause}: {failed:?}");
    }
    assert!(passed(&report, "AUTH-SECRET-001"));
    let written = serde_json::to_string(&report).unwrap();
    for spelling in ["a secret with ä", "a secret with \\u00e4", "YSBzZWNyZXQgd2l0aCDDpA==", "a%20secret%20with"] {
        assert!(!written.contains(spelling), "the report holds a credential");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_is_a_common_word_is_no_leak_where_an_answer_has_that_word() {
    for (secret, expected) in [("secret", None), ("short-secret", Some("AUTH-24"))] {
        let (_server, url) = mock(move |request| {
            let message: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let accepts = message["clientSecret"] == secret;
            ResponseTemplate::new(if accepts { 204 } else { 403 }).set_body_string(format!("wrong {secret}"))
        })
        .await;
        let target = plain(&url, client_secret(secret)).only(["AUTH-4", "AUTH-6", "AUTH-24"].map(String::from));
        let report = check(&target).await.unwrap();
        assert_eq!(failed_clauses(&report).first().copied(), expected, "{secret}");
        let skipped = report.results.iter().filter(|result| {
            let CaseOutcome::Skipped { reason, .. } = &result.outcome else { return false };
            result.clause == "AUTH-24" && reason.contains("fewer than 12 characters")
        });
        assert_eq!(skipped.count() > 0, expected.is_none(), "{secret}: {:?}", report.results);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_answer_nothing_is_tested() {
    for (closes, said) in [(true, "closed each of 3 connections"), (false, "gave no answer to a plain valid message")] {
        let target = plain(&mute(closes).await, Authentication::None).timeout(Duration::from_millis(100));
        let report = check(&target).await.unwrap();
        assert!(report.results.is_empty() && report.notices[0].contains(said), "{:?}", report.notices);
    }
    let reference = Reference::start(false).await;
    let report = check(&reference.target("https", "/none", Authentication::None)).await.unwrap();
    assert!(report.results.is_empty() && report.notices[0].contains("does not speak TLS"), "{:?}", report.notices);
    let reference = Reference::start(true).await;
    let report = check(&reference.target("http", "/none", Authentication::None)).await.unwrap();
    assert!(report.results.is_empty() && report.notices[0].contains("https://"), "{:?}", report.notices);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_always_late_ends_the_run() {
    let (_server, url) = mock(|_| ResponseTemplate::new(200).set_delay(Duration::from_millis(300))).await;
    let report = check(&plain(&url, Authentication::None).timeout(Duration::from_millis(100))).await.unwrap();
    // Being late breaks no MUST, and nothing else could be tested.
    assert_eq!(failures(&report), Vec::<String>::new());
    assert!(report.notices[0].contains("is too slow"), "{:?}", report.notices);
    assert!(
        passed(&report, "AUTH-NONE-001") && report.verdict(false).grade == Grade::Unfinished,
        "{:?}",
        report.results
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_body_is_tried_only_where_it_is_asked_for() {
    let url = hasty().await;
    let unfinished = || plain(&url, Authentication::None).only(["HTTP-001", "HTTP-113", "HTTP-114"].map(String::from));
    let slow = check(&unfinished().slow(true)).await.unwrap();
    assert_eq!(failed_clauses(&slow), ["HTTP-12"]);
    assert_eq!(failures(&slow).len(), 2, "{:?}", failures(&slow));
    let usual = check(&unfinished()).await.unwrap();
    assert!(failures(&usual).is_empty() && passed(&usual, "HTTP-001"), "{:?}", failures(&usual));
}
