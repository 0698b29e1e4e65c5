//! An endpoint that stops accepting messages after one of the cases: the others are not blamed for it.

use std::time::Duration;

use contract_tests::{
    Report, Target, check,
    report::{CaseOutcome, Grade, SkipCode},
};
use schemas::{Authentication, ClientSecret, Level};

use crate::{
    check::{
        failures,
        proxy::{Outage, Proxy},
    },
    mutants::{
        connection::Endpoint,
        credentials::SECRET,
        rules::{Expected, PATH, Rules},
    },
};

/// Many opening brackets, as only HTTP-067 sends them.
const DEEP: &[u8] = b"[[[[[[[[[[[[[[[[";
/// For good.
const ENDLESS: usize = usize::MAX;
const REFUSED: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

async fn target(proxy: Proxy) -> (Endpoint, Target) {
    let endpoint = Endpoint::start(Rules::correct(Expected::Secret(&SECRET)), None).await;
    let address = proxy.start(endpoint.port).await;
    let client_secret = ClientSecret::new(SECRET.to_owned()).unwrap();
    let authentication = Authentication::ClientSecret { client_secret };
    (endpoint, Target::new(&format!("http://{address}{PATH}"), authentication).unwrap().seed(13))
}

fn codes(report: &Report, code: SkipCode) -> usize {
    let skipped = report
        .results
        .iter()
        .filter(|result| matches!(&result.outcome, CaseOutcome::Skipped { skip_code, .. } if *skip_code == Some(code)));
    skipped.count()
}

fn failing_musts(report: &Report) -> Vec<&str> {
    let failed = report.results.iter().filter(|result| result.failure().is_some() && result.level == Level::Must);
    failed.map(|result| result.id.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_puts_the_endpoint_out_of_service_is_the_only_one_that_is_blamed() {
    for (name, outage, timeout) in [
        ("it is started again after a crash", Outage::Closes, Duration::from_secs(5)),
        ("it is busy", Outage::Hangs, Duration::from_millis(1_500)),
        ("its proxy answers for it", Outage::Answers(REFUSED), Duration::from_secs(5)),
    ] {
        let proxy = Proxy { attack: Some((DEEP, 4)), outage, ..Proxy::new() };
        let (_endpoint, target) = target(proxy).await;
        let report = check(&target.timeout(timeout).only(["HTTP-*".to_owned(), "OPS-3".to_owned()])).await.unwrap();
        let failed: Vec<&str> = report
            .results
            .iter()
            .filter(|result| result.failure().is_some())
            .map(|result| result.id.as_str())
            .collect();
        assert_eq!(failed, ["HTTP-067"], "{name}: {:?} {:#?}", report.notices, failures(&report));
        let outages: Vec<&str> = report
            .results
            .iter()
            .filter(|result| result.outage_ms.is_some())
            .map(|result| result.id.as_str())
            .collect();
        assert_eq!(outages, ["HTTP-067"], "{name}: {:?}", report.notices);
        assert!(report.notices.iter().any(|notice| notice.starts_with("After HTTP-067 ")), "{:?}", report.notices);
        assert_eq!(codes(&report, SkipCode::EndpointDown), 0, "{name}");
        assert!(report.holds(false), "{name}: {:?}", report.notices);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_does_not_come_back_ends_the_run_and_the_case_is_named() {
    let proxy = Proxy { attack: Some((DEEP, ENDLESS)), ..Proxy::new() };
    let (_endpoint, target) = target(proxy).await;
    let report = check(&target.timeout(Duration::from_secs(2))).await.unwrap();
    assert_eq!(failing_musts(&report), Vec::<&str>::new(), "{:?}", report.notices);
    let named = |notice: &String| notice.starts_with("After HTTP-067 ") && notice.contains("tested before");
    assert!(report.notices.iter().any(named) && report.holds(false), "{:?}", report.notices);
    // It comes last, and nothing is waited for after it.
    assert!(report.took_ms < 50_000, "{}", report.took_ms);
    assert_eq!(codes(&report, SkipCode::EndpointDown), 0, "{:?}", report.notices);

    // One among many: it is not known which, and what follows is not tested.
    let proxy = Proxy { attack: Some((b"/hooks/flowingly HTTP/1.1\r\nHOST", ENDLESS)), ..Proxy::new() };
    let (_endpoint, target) = self::target(proxy).await;
    let report = check(&target.max_time(Duration::from_secs(5))).await.unwrap();
    assert_eq!(failing_musts(&report), Vec::<&str>::new(), "{:?}", report.notices);
    assert!(codes(&report, SkipCode::EndpointDown) > 30, "{:?}", report.notices);
    assert!(report.notices.iter().any(|notice| notice.contains("--skip")), "{:?}", report.notices);
    assert_eq!(report.verdict(false).grade, Grade::Unfinished, "{:?}", report.notices);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_must_among_others_is_found_by_sending_each_again_alone() {
    // HTTP-011 writes its header names in capitals.
    let proxy = Proxy { attack: Some((b"\r\nCONTENT-TYPE:", 3)), ..Proxy::new() };
    let (_endpoint, target) = target(proxy).await;
    let report = check(&target.only(["HTTP-*".to_owned(), "MSG-*".to_owned()])).await.unwrap();
    assert_eq!(failing_musts(&report), ["HTTP-011"], "{:?} {:#?}", report.notices, failures(&report));
    let outage = report.results.iter().find(|result| result.id == "HTTP-011").unwrap().outage_ms;
    assert!(outage.is_some(), "{:?}", report.notices);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_after_wrong_credentials_makes_no_refusal_a_pass() {
    // Each eighth refusal in a row locks the endpoint for a while.
    let proxy = Proxy { lock: Some((8, Duration::from_millis(500))), outage: Outage::Answers(REFUSED), ..Proxy::new() };
    let (_endpoint, target) = target(proxy).await;
    let report = check(&target.only(["AUTH-*".to_owned(), "HTTP-1".to_owned()])).await.unwrap();
    assert_eq!(failing_musts(&report), Vec::<&str>::new(), "{:?}", report.notices);
    assert!(report.notices.iter().any(|notice| notice.contains("did not accept")), "{:?}", report.notices);

    // A lock for good: what was refused meanwhile proves nothing.
    let proxy = Proxy { lock: Some((8, Duration::from_secs(3600))), outage: Outage::Answers(REFUSED), ..Proxy::new() };
    let (_endpoint, target) = self::target(proxy).await;
    let only = ["AUTH-*".to_owned(), "HTTP-1".to_owned()];
    let report = check(&target.only(only).max_time(Duration::from_secs(5))).await.unwrap();
    assert_eq!(failing_musts(&report), Vec::<&str>::new(), "{:?}", report.notices);
    assert!(codes(&report, SkipCode::EndpointDown) > 20 && !report.holds(false), "{:?}", report.notices);
    assert!(report.notices.iter().any(|notice| notice.contains("wrong credentials")), "{:?}", report.notices);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_closed_after_a_refusal_is_no_fault() {
    // gunicorn and the server of the JDK leave a large refused body unread, and close without having said so.
    let (_endpoint, target) = target(Proxy { hangs_up: true, ..Proxy::new() }).await;
    let report = check(&target.only(["HTTP-10".to_owned(), "HTTP-1".to_owned()])).await.unwrap();
    assert_eq!(failures(&report), Vec::<String>::new(), "{:?}", report.notices);
    for id in ["HTTP-024", "HTTP-025", "HTTP-026", "HTTP-027"] {
        assert!(crate::check::passed(&report, id), "{id}: {:?}", report.results);
    }
}
