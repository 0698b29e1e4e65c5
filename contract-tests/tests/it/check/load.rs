//! Endpoints whose check of a credential is slow, like a good password hash: that breaks no clause.

use std::time::{Duration, Instant};

use contract_tests::{
    Report, Target, check,
    report::{CaseOutcome, SkipCode},
};
use schemas::{Authentication, BasicCredentials};

use crate::{
    check::{failures, proxy::Proxy},
    mutants::{
        connection::Endpoint,
        credentials::{PASSWORD, USERNAME},
        rules::{Expected, PATH, Rules},
    },
    soak,
};

/// How long a check takes and how many go on at the same time, the time for an answer, that of the run, and the cases.
struct Hash {
    takes: Duration,
    workers: usize,
    timeout: Duration,
    max_time: Duration,
    only: &'static [&'static str],
}

async fn checked(hash: &Hash) -> Report {
    let endpoint = Endpoint::start(Rules::correct(Expected::Basic(&USERNAME, &PASSWORD)), None).await;
    let proxy = Proxy { verification: Some((hash.takes, hash.workers)), ..Proxy::new() };
    let address = proxy.start(endpoint.port).await;
    let authentication = Authentication::Basic(BasicCredentials::new(USERNAME.as_str(), PASSWORD.clone()).unwrap());
    let target = Target::new(&format!("http://{address}{PATH}"), authentication).unwrap().seed(17);
    let only = hash.only.iter().map(|pattern| (*pattern).to_owned());
    check(&target.timeout(hash.timeout).max_time(hash.max_time).only(only)).await.unwrap()
}

/// With `SOAK=1` a hash of 1.5 s and all cases; otherwise the same at a fifth of the times.
fn hash(workers: usize) -> Hash {
    if soak::is_requested() {
        let (takes, timeout) = (Duration::from_millis(1_500), Duration::from_secs(5));
        return Hash { takes, workers, timeout, max_time: Duration::from_secs(20 * 60), only: &[] };
    }
    Hash {
        takes: Duration::from_millis(300),
        workers,
        timeout: Duration::from_secs(1),
        max_time: Duration::from_secs(120),
        only: &["AUTH-18", "HTTP-1", "HTTP-2", "OPS-*"],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_hash_is_never_blamed() {
    for workers in [1, 2, 8] {
        let hash = hash(workers);
        let report = checked(&hash).await;
        assert_eq!(failures(&report), Vec::<String>::new(), "{workers}: {:?} {:?}", report.pace, report.notices);
        let hurried = report
            .results
            .iter()
            .any(|result| matches!(&result.outcome, CaseOutcome::Skipped { skip_code: Some(SkipCode::OutOfTime), .. }));
        assert!(!hurried && report.holds(true), "{workers}: {:?}", report.notices);
        let pace = report.pace.unwrap();
        let takes = u64::try_from(hash.takes.as_millis()).unwrap();
        assert!(pace.accepted_ms >= takes && pace.refused_ms >= Some(takes), "{pace:?}");
        // Where eight are checked at the same time, they are sent at the same time.
        assert!(workers < 8 || pace.parallel > 2, "{pace:?}");
        // Where one is, hardly more than one is sent.
        assert!(workers > 1 || pace.parallel <= 4, "{pace:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_too_short_for_a_slow_hash_says_what_it_left_out() {
    let begun = Instant::now();
    let report = checked(&Hash { max_time: Duration::from_secs(4), only: &[], ..hash(1) }).await;
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    assert_eq!(failures(&report), Vec::<String>::new(), "{:?}", report.notices);
    assert!(!report.holds(false), "{:?}", report.notices);
    assert!(report.notices.iter().any(|notice| notice.contains("--max-time")), "{:?}", report.notices);
}
