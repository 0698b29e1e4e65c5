use std::{fs, os::unix::fs::PermissionsExt as _};

use schemas::{
    Clause,
    authentication::{AuthenticationKind, hint::Spelling},
};
use tempfile::TempDir;

use super::{file, *};
use crate::verify::MAX_SCANNED_BYTES;

fn refused(endpoint: Option<&str>, code: &str) -> RefusedRequest {
    RefusedRequest {
        request_id: Uuid::now_v7(),
        at: Timestamp::now(),
        peer: "192.0.2.1:4000".to_owned(),
        endpoint: endpoint.map(|name| RefusingEndpoint {
            name: name.to_owned(),
            authentication: AuthenticationKind::ClientSecret,
            secret_place: Some("/clientSecret".to_owned()),
            captures: false,
            rejects_nonconforming: false,
        }),
        is_before_pipeline: false,
        status: 400,
        code: code.to_owned(),
        reason: "the reason".to_owned(),
        credential_fault: None,
        near_miss: None,
        nearest_path: None,
        fault: FaultPlace::default(),
        shape: RequestShape::default(),
        body: None,
    }
}

fn add(rings: &mut Rings, endpoint: Option<&str>, code: &str, times: usize) {
    for _ in 0..times {
        rings.add(Arc::new(refused(endpoint, code)));
    }
}

/// What a request refused with each code looks like: the endpoint, and what the check depends on.
fn of_code(code: &str) -> RefusedRequest {
    let without_endpoint = ["bad-request", "expectation-failed", "head-too-large", "not-found", "overloaded"];
    let mut refused = refused(Some("/hooks").filter(|_| !without_endpoint.contains(&code)), code);
    if let Some(endpoint) = &mut refused.endpoint {
        endpoint.rejects_nonconforming = true;
        if code == "basic-refused" {
            endpoint.authentication = AuthenticationKind::Basic;
        }
    }
    refused
}

#[test]
fn every_code_fails_one_check_of_a_clause_and_has_an_explanation() {
    for code in Rejection::CODES {
        let Explanation { sentence, advice, checks } = explain(&of_code(code));
        let failed: Vec<_> = checks.iter().filter(|check| check.outcome == CheckOutcome::Failed).collect();
        assert_eq!(failed.len(), 1, "{code}");
        let at = checks.iter().position(|check| check.outcome == CheckOutcome::Failed).unwrap();
        assert!(checks[..at].iter().all(|check| check.outcome == CheckOutcome::Held), "{code}");
        assert!(checks[at + 1..].iter().all(|check| check.outcome == CheckOutcome::NotReached), "{code}");
        for check in &checks {
            assert!(check.clause.as_deref().is_none_or(|clause| Clause::find(clause).is_some()), "{code}: {check:?}");
        }
        assert!(sentence.ends_with('.') && advice.ends_with('.'), "{code}: {sentence} {advice}");
        assert!(!advice.contains("log line with this request id"), "{code}");
        assert_ne!(explain_code(code), explain_code("another"), "{code}");
    }
}

#[test]
fn the_checks_follow_the_pipeline_of_the_endpoint() {
    let failed_last = |refused: &RefusedRequest| {
        let checks = explain(refused).checks;
        let names = checks.iter().filter(|check| check.outcome != CheckOutcome::NotReached).map(|check| check.name);
        names.collect::<Vec<_>>()
    };
    let secret = of_code("client-secret-refused");
    let mut large = secret.clone();
    large.shape.body_bytes = Some(MAX_SCANNED_BYTES + 1);
    let json = "the body is JSON in UTF-8";
    assert!(failed_last(&secret).contains(&json));
    assert!(!failed_last(&large).contains(&json), "in a large body the secret is looked for first");
    let basic = of_code("basic-refused");
    assert_eq!(failed_last(&basic).last(), Some(&"the Basic credential is accepted"));
    let mut announced = of_code("too-large");
    announced.shape.announced_bytes = Some(5);
    assert_eq!(failed_last(&announced).last(), Some(&"the announced length is within the limit"));
    assert!(failed_last(&of_code("too-large")).last().unwrap().starts_with("the body arrives"));
    let early = RefusedRequest { is_before_pipeline: true, ..of_code("overloaded") };
    assert_eq!(failed_last(&early), ["the head is within its limits", "there is capacity for another request"]);
}

#[test]
fn near_misses_are_sentences() {
    use Spelling::*;
    let basic = "the right username and password";
    let secret = "the right client secret";
    for (code, spellings, in_other_case, is_expired, expected) in [
        ("client-secret-refused", vec![Quoted], false, false, format!("The client secret is {secret}, but sent in quotes.")),
        ("client-secret-refused", vec![], true, false, format!("The client secret is {secret}, but sent in another letter case.")),
        (
            "client-secret-refused",
            vec![],
            false,
            true,
            "The client secret is an old client secret whose `not_after` has passed.".to_owned(),
        ),
        ("basic-refused", vec![Latin1], false, false, format!("The credential is {basic}, but sent in Latin-1.")),
        (
            "basic-refused",
            vec![Latin1, Swapped],
            false,
            true,
            "The credential is an old username and password whose `not_after` has passed, but sent in Latin-1 and with \
             username and password swapped."
                .to_owned(),
        ),
    ] {
        let near_miss = Some(NearMiss::Differs { spellings, in_other_case, is_expired });
        let Explanation { sentence, advice, .. } = explain(&RefusedRequest { near_miss, ..of_code(code) });
        assert_eq!(sentence, expected);
        assert!(advice.len() > 10 && advice.ends_with('.'), "{advice}");
    }
    let pointer = "/auth/secret".to_owned();
    let near_miss = Some(NearMiss::Elsewhere { pointer, is_expired: false });
    let elsewhere = explain(&RefusedRequest { near_miss, ..of_code("client-secret-refused") });
    assert_eq!(
        elsewhere.sentence,
        "The right client secret is in the message at /auth/secret, but the endpoint reads it at /clientSecret."
    );
}

#[test]
fn one_kind_of_refusal_cannot_push_out_another() {
    let mut rings = Rings::default();
    add(&mut rings, Some("a"), "not-json", 1);
    add(&mut rings, Some("b"), "client-secret-refused", 1);
    add(&mut rings, Some("a"), "client-secret-refused", 10_000);
    add(&mut rings, None, "not-found", 10_000);
    let counts: Vec<_> = rings.summary().into_iter().map(|kind| (kind.endpoint, kind.code, kind.count)).collect();
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(
        counts,
        [
            (None, "not-found".to_owned(), 10_000),
            (name("a"), "client-secret-refused".to_owned(), 10_000),
            (name("a"), "not-json".to_owned(), 1),
            (name("b"), "client-secret-refused".to_owned(), 1),
        ]
    );
    let kept = |endpoint: &str, code: &str| {
        let filter = RefusalFilter { endpoint: name(endpoint), code: name(code), ..RefusalFilter::default() };
        rings.newest(&filter, usize::MAX).len()
    };
    assert_eq!(
        (kept("a", "not-json"), kept("b", "client-secret-refused"), kept("a", "client-secret-refused")),
        (1, 1, 50)
    );
}

#[test]
fn the_memory_of_all_rings_is_limited_at_the_cost_of_the_largest() {
    let mut rings = Rings::default();
    add(&mut rings, Some("small"), "not-json", 3);
    for endpoint in 0..40 {
        for _ in 0..50 {
            let mut large = refused(Some(&format!("large {endpoint}")), "not-json");
            large.body = Some(refused_request::BodyExcerpt { text: "x".repeat(16 << 10), is_complete: false });
            rings.add(Arc::new(large));
        }
    }
    assert!(rings.bytes() <= 1 << 20, "{}", rings.bytes());
    let small = RefusalFilter { endpoint: Some("small".to_owned()), ..RefusalFilter::default() };
    assert_eq!(rings.newest(&small, usize::MAX).len(), 3);
}

#[test]
fn refused_requests_are_listed_newest_first_and_found_by_their_id() {
    let mut rings = Rings::default();
    for (seconds, code) in [(10, "not-json"), (30, "ambiguous"), (20, "not-json")] {
        let at = Timestamp::from_second(seconds).unwrap();
        rings.add(Arc::new(RefusedRequest { at, ..refused(Some("a"), code) }));
    }
    let listed = |filter: RefusalFilter, limit| {
        rings.newest(&filter, limit).iter().map(|refused| refused.at.as_second()).collect::<Vec<_>>()
    };
    let at = |seconds| Some(Timestamp::from_second(seconds).unwrap());
    let all = RefusalFilter::default;
    for (case, filter, limit, expected) in [
        ("all", all(), 9, &[30, 20, 10][..]),
        ("a limit", all(), 2, &[30, 20]),
        ("a code", RefusalFilter { code: Some("not-json".to_owned()), ..all() }, 9, &[20, 10]),
        ("since, inclusive", RefusalFilter { since: at(20), ..all() }, 9, &[30, 20]),
        ("until, exclusive", RefusalFilter { until: at(20), ..all() }, 9, &[10]),
        ("another endpoint", RefusalFilter { endpoint: Some("b".to_owned()), ..all() }, 9, &[]),
    ] {
        assert_eq!(listed(filter, limit), expected, "{case}");
    }
    let id = rings.newest(&all(), 1)[0].request_id.to_string();
    assert_eq!(rings.by_request_id(&id.to_uppercase())[0].at.as_second(), 30);
    assert_eq!(rings.by_request_id("").len(), 3);
    assert!(rings.by_request_id("x").is_empty());
}

#[test]
fn the_file_has_the_rings_and_only_its_owner_reads_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("refused.json");
    let mut rings = Rings::default();
    add(&mut rings, Some("a"), "client-secret-refused", 60);
    add(&mut rings, None, "not-found", 1);
    let written: Vec<_> = rings.rings().cloned().collect();
    file::save(&path, &file::content(&written)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let read = load(&path).unwrap();
    assert_eq!(read.summary(), rings.summary());
    assert_eq!(read.newest(&RefusalFilter::default(), 99), rings.newest(&RefusalFilter::default(), 99));
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_nothing_of_it_is_repeated() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("refused.json");
    assert!(load(&path).unwrap().summary().is_empty(), "there is no file yet");
    let whole = String::from_utf8(file::content(&[])).unwrap();
    let large = " ".repeat(9 << 20);
    for (case, text, expected) in [
        ("empty", "", "damaged"),
        ("cut", &whole[..whole.len() - 2], "damaged"),
        ("another form", r#"{"version":1,"kinds":"canary"}"#, "damaged"),
        ("a newer version", r#"{"version":2,"kinds":{}}"#, "another version"),
        ("too large", &large, "more than"),
    ] {
        fs::write(&path, text).unwrap();
        let error = load(&path).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("refused.json"), "{case}: {error}");
        assert!(!error.contains("canary"), "{case}: {error}");
    }
}

#[test]
fn endpoints_are_silent_after_a_day_without_a_request() {
    let at = |seconds| Timestamp::from_second(seconds).unwrap();
    let now = at(1_000_000);
    let endpoints =
        [("never", None), ("long ago", Some(at(1_000_000 - 86_400))), ("lately", Some(at(1_000_000 - 86_399)))];
    let silent: Vec<_> =
        silences(endpoints, now).into_iter().map(|silence| (silence.endpoint, silence.since)).collect();
    assert_eq!(silent, [("never".to_owned(), None), ("long ago".to_owned(), Some(at(1_000_000 - 86_400)))]);
}
