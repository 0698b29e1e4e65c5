//! Statuses about load and start-up: waited out, and never a verdict.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use console::exit_code;
use contract_tests::{Report, Target, check, cli, report::CaseOutcome};
use schemas::{Authentication, Level, Schema};
use serde_json::Value;
use wiremock::{Request, ResponseTemplate};

use crate::check::{
    endpoint::{Fault, behind, mock, mute},
    failed_clauses, failures, passed,
    program::ran,
    reference::Reference,
};

const SECRET: &str = "short-secret";

fn target(url: &str) -> Target {
    Target::new(url, crate::check::client_secret(SECRET)).unwrap().seed(3)
}

/// What an endpoint without a defect answers, as far as these tests ask.
fn correct(request: &Request) -> ResponseTemplate {
    match serde_json::from_slice::<Value>(&request.body) {
        Ok(message) if message["clientSecret"] == SECRET => ResponseTemplate::new(204),
        Ok(_) => ResponseTemplate::new(403),
        Err(_) => ResponseTemplate::new(400),
    }
}

fn throttled(report: &Report) -> Vec<&str> {
    let results = report.results.iter();
    results
        .filter(|result| matches!(result.outcome, CaseOutcome::Throttled { .. }))
        .map(|result| result.id.as_str())
        .collect()
}

fn only<const N: usize>(patterns: [&str; N]) -> [String; N] {
    patterns.map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_not_a_way_around_the_check() {
    let only = only(["AUTH-BYPASS-001", "AUTH-BYPASS-031", "AUTH-4"]);
    let (_server, url) = mock(|request| {
        let is_detour = request.url.path() != "/hooks" || request.headers["content-type"] != "application/json";
        // It would accept the message, but far too late.
        if is_detour { ResponseTemplate::new(204).set_delay(Duration::from_secs(20)) } else { correct(request) }
    })
    .await;
    let target = target(&url);
    let report = check(&target.only(only).timeout(Duration::from_millis(500))).await.unwrap();
    assert_eq!(failures(&report), [""; 0], "{:?}", report.notices);
    assert!(report.holds(true), "{:?}", report.notices);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_accepts_unchecked_messages_elsewhere_is_mentioned() {
    let (_server, url) = mock(|request| match request.url.path() {
        "/hooks" => correct(request),
        _ => ResponseTemplate::new(204),
    })
    .await;
    let target = target(&url);
    let report = check(&target.only(only(["AUTH-28"]))).await.unwrap();
    assert_eq!(failures(&report), [""; 0], "{:?}", report.notices);
    let is_mentioned =
        |notice: &String| notice.starts_with("The server accepts messages without a credential at a path");
    assert!(report.notices.iter().any(is_mentioned), "{:?}", report.notices);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_stays_is_no_verdict() {
    for (name, status, accepted, cases) in [
        ("any refusal: a body that is not JSON", 429, 1, "HTTP-12"),
        ("a refusal of the credential", 503, 1, "AUTH-4"),
        ("an acceptance", 429, 1, "MSG-1"),
        ("a status of its own", 503, 1, "HTTP-15"),
        ("messages at once", 429, 4, "OPS-4"),
        ("from the first message on", 503, 0, "HTTP-12"),
        ("a gateway without the endpoint", 502, 1, "HTTP-12"),
        ("a gateway of Cloudflare without the endpoint", 522, 1, "HTTP-12"),
        ("a status of a service's own", 420, 1, "HTTP-12"),
        ("a status of another service's own", 599, 1, "AUTH-4"),
    ] {
        let left = AtomicUsize::new(accepted);
        let (_server, url) = mock(move |request| {
            let has_left = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
            if has_left { correct(request) } else { ResponseTemplate::new(status) }
        })
        .await;
        let report = check(&target(&url).only(only([cases])).max_time(Duration::from_secs(3))).await.unwrap();
        assert!(!throttled(&report).is_empty(), "{name}: {:?}", report.results);
        let passes = report.results.iter().filter(|result| result.outcome == CaseOutcome::Passed);
        assert_eq!((passes.count(), failures(&report)), (0, Vec::new()), "{name}");
        let counts = report.results.iter().any(|result| result.level == Level::Must);
        assert!(!report.holds(true), "{name}");
        assert_eq!(
            cli::exit_code(&report, false),
            if counts { exit_code::FAILURE } else { exit_code::INCOMPLETE },
            "{name}"
        );
        let json: Value = serde_json::from_str(&contract_tests::report::json::render(&report, false)).unwrap();
        assert!(Schema::Report.violations(&json).is_empty(), "{name}: {json}");
    }
}

/// What only says that a request is refused proves nothing while a plain valid message is refused in the same way.
#[tokio::test(flavor = "multi_thread")]
async fn a_limit_with_the_status_of_a_refusal_lets_nothing_pass() {
    for (status, accepted, cases) in [
        (400, 1, "HTTP-12"),
        (403, 1, "AUTH-4"),
        (404, 2, "HTTP-12"),
        (408, 3, "HTTP-12"),
        (302, 1, "HTTP-12"),
        (500, 2, "AUTH-4"),
    ] {
        let left = AtomicUsize::new(accepted);
        let (_server, url) = mock(move |request| {
            let has_left = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
            if has_left { correct(request) } else { ResponseTemplate::new(status) }
        })
        .await;
        let report = check(&target(&url).only(only([cases])).max_time(Duration::from_secs(3))).await.unwrap();
        let passes = report.results.iter().filter(|result| result.outcome == CaseOutcome::Passed);
        assert_eq!((passes.count(), report.holds(true)), (0, false), "{status}: {:?}", report.results);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_passes_is_waited_out() {
    const LIMITED: usize = 3;
    for (name, status, headers, limited_from) in [
        ("429 without Retry-After", 429, &[][..], 2),
        ("503 with Retry-After", 503, &[("retry-after", "1")], 2),
        (
            "503 with a date",
            503,
            &[("date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("retry-after", "Sun, 06 Nov 1994 08:49:38 GMT")],
            2,
        ),
        ("503 while it starts", 503, &[], 0),
        ("502 while it starts", 502, &[], 0),
        ("403 with Retry-After", 403, &[("retry-after", "1")], 2),
        ("429 with Retry-After, from the first message on", 429, &[("retry-after", "1")], 0),
    ] {
        let number = AtomicUsize::new(0);
        let (server, url) = mock(move |request| {
            let number = number.fetch_add(1, Ordering::Relaxed);
            if number < limited_from || number >= limited_from + LIMITED {
                return correct(request);
            }
            headers
                .iter()
                .fold(ResponseTemplate::new(status), |answer, (name, value)| answer.insert_header(*name, *value))
        })
        .await;
        let begun = Instant::now();
        let report =
            check(&target(&url).only(only(["HTTP-037", "HTTP-038", "OPS-002", "AUTH-SECRET-005"]))).await.unwrap();
        let ids = ["HTTP-037", "HTTP-038", "OPS-002", "AUTH-SECRET-005"];
        assert!(ids.iter().all(|id| passed(&report, id)), "{name}: {:?} {:?}", report.results, report.notices);
        assert!(report.holds(true), "{name}");
        // Three refusals, each of which asks for a second, or after which the pause doubles.
        if !headers.is_empty() && limited_from == 0 {
            assert!(begun.elapsed() >= Duration::from_secs(3), "{name}");
        }
        drop(server);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_longer_than_the_run_is_not_waited_for() {
    for (name, retry_after) in [("seconds", "3600"), ("more than any clock has", "99999999999999999999999")] {
        let (server, url) = mock(move |_| ResponseTemplate::new(429).insert_header("retry-after", retry_after)).await;
        let report = check(&target(&url).only(only(["HTTP-12"]))).await.unwrap();
        assert!(!throttled(&report).is_empty() && !report.holds(false), "{name}: {:?}", report.results);
        assert!(report.notices[0].contains("429") && report.notices[0].contains("--max-time"), "{:?}", report.notices);
        assert_eq!(server.received_requests().await.unwrap().len(), 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_one_case_is_answered_is_told_from_load() {
    // Plain messages are accepted all the time.
    let (_server, url) = mock(|request| match serde_json::from_slice::<Value>(&request.body) {
        Ok(message) if message["clientSecret"] != SECRET => ResponseTemplate::new(429),
        // The program dies of it, and the gateway in front of it notices.
        Ok(_) if request.body.len() > 60_000 => ResponseTemplate::new(502),
        Ok(_) => ResponseTemplate::new(204),
        Err(_) => ResponseTemplate::new(502),
    })
    .await;
    let cases = ["AUTH-SECRET-016", "HTTP-11", "HTTP-037"];
    let report = check(&target(&url).only(only(cases))).await.unwrap();
    // A limit for wrong credentials: nobody knows what it hides.
    assert_eq!(throttled(&report), ["AUTH-SECRET-016"], "{:?}", report.results);
    assert_eq!(failed_clauses(&report), ["HTTP-11"]);
    assert!(failures(&report).iter().all(|failure| failure.contains("502")), "{:?}", failures(&report));
    assert!(passed(&report, "HTTP-037"), "{:?}", report.results);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_hides_no_failure_and_makes_none() {
    // Half of the messages that come at once meet the limit, and one is answered wrongly.
    let number = AtomicUsize::new(0);
    let (_server, url) = mock(move |_| match number.fetch_add(1, Ordering::Relaxed) {
        0 => ResponseTemplate::new(204),
        4 => ResponseTemplate::new(500),
        number => ResponseTemplate::new(if number % 2 == 0 { 204 } else { 429 }),
    })
    .await;
    let report = check(&target(&url).only(only(["OPS-004"])).max_time(Duration::from_secs(4))).await.unwrap();
    assert_eq!(failed_clauses(&report), ["OPS-4"], "{:?}", report.results);

    // What goes before on the connection is not what it is meant to be.
    let (_server, url) = mock(|request| match correct(request) {
        accepted if serde_json::from_slice::<Value>(&request.body).is_ok_and(|body| body["clientSecret"] == SECRET) => {
            accepted
        }
        _ => ResponseTemplate::new(429),
    })
    .await;
    let report = check(&target(&url).only(only(["HTTP-025"])).max_time(Duration::from_secs(4))).await.unwrap();
    assert_eq!(throttled(&report), ["HTTP-025"], "{:?}", report.results);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_connection_is_a_refusal_only_while_messages_are_answered() {
    let reference = Reference::start(false).await;
    for (name, faulty, expected) in
        [("for some time", 1..4, "passed"), ("from the second connection on", 1..usize::MAX, "skipped")]
    {
        let address = behind(reference.address, move |number| faulty.contains(&number).then_some(Fault::Close)).await;
        let url = format!("http://{address}/none");
        let target = Target::new(&url, Authentication::None).unwrap().only(only(["HTTP-037"]));
        let report = check(&target.max_time(Duration::from_secs(5))).await.unwrap();
        let json = serde_json::to_value(&report.results[0]).unwrap();
        assert_eq!(json["outcome"], expected, "{name}: {json}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_ready_when_it_answers() {
    for (name, tls, fault) in [
        ("a proxy that closes", false, Fault::Close),
        ("a proxy without the endpoint", false, Fault::Answer("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")),
        ("an endpoint that starts", false, Fault::Answer("HTTP/1.1 503 x\r\ncontent-length: 0\r\n\r\n")),
        ("a page of another program", false, Fault::Answer("SSH-2.0-OpenSSH\r\n")),
        ("a handshake that fails", true, Fault::Answer("HTTP/1.1 400 Bad Request\r\n\r\n")),
        ("a handshake that is cut off", true, Fault::Close),
    ] {
        let reference = Reference::start(tls).await;
        let address = behind(reference.address, move |number| (number < 3).then_some(fault)).await;
        let url = format!("{}://{address}/none", if tls { "https" } else { "http" });
        let ready = || {
            let target = Target::new(&url, Authentication::None).unwrap();
            target.ca(tls.then(|| reference.certificate())).only(only(["HTTP-001"])).wait_ready(Duration::from_secs(60))
        };
        let report = check(&ready()).await.unwrap();
        assert!(passed(&report, "HTTP-001") && report.holds(true), "{name}: {:?} {:?}", report.notices, report.results);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_never_gets_ready_is_tested_as_it_is() {
    let closing = mute(true).await;
    let ran = ran(&["check", &closing, "--no-authentication", "--wait-ready", "300ms"]);
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    assert!(ran.stdout.contains("closed each of 3 connections"), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_with_its_time() {
    // Far beyond the run's time: it is cut off.
    let patient = |url: &str| target(url).only(only(["HTTP-1", "OPS-5"])).timeout(Duration::from_secs(600));
    let first = Mutex::new(true);
    let (_server, url) = mock(move |_| match std::mem::take(&mut *first.lock().unwrap()) {
        true => ResponseTemplate::new(204),
        false => ResponseTemplate::new(204).set_delay(Duration::from_secs(500)),
    })
    .await;
    let report = check(&patient(&url).max_time(Duration::from_secs(2))).await.unwrap();
    assert!(!report.holds(false) && failures(&report).is_empty(), "{:?}", report.results);
    assert!(report.notices.iter().any(|notice| notice.contains("--max-time")), "{:?}", report.notices);
    assert!(report.took_ms < 100_000, "{}", report.took_ms);

    let (_server, url) = mock(|_| ResponseTemplate::new(204).set_delay(Duration::from_secs(500))).await;
    let report = check(&patient(&url).max_time(Duration::from_millis(200))).await.unwrap();
    assert!(!report.holds(false) && report.took_ms < 100_000, "{:?}", report.notices);
}
