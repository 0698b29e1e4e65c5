//! A run: first the plain valid message, then everything that was asked for, a few cases at a time. Whoever answers to
//! nothing, late or with a refusal is told so once, and not by a hundred failures.

mod alone;
mod attempt;
mod availability;
mod backoff;
mod board;
mod diagnosis;
mod excluded;
mod first;
mod outcome;
mod pace;
mod performance;
mod plan;
mod probe;
mod reading;
mod round;
mod settling;

use std::time::{Duration, Instant};

use jiff::Timestamp;

use self::{
    first::{Fate, First},
    pace::Pace,
    performance::Performance,
    plan::Plan,
    round::Round,
};
use crate::{
    case::Kind,
    credential,
    exchange::{Dialer, RootsError, Tls},
    report::{Report, Subject, SubjectKind},
    request::Maker,
    spelling::Spellings,
    target::Target,
    variation::Variation,
    watch::Scene,
};

/// A run cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The certificates to trust cannot be had.
    #[error(transparent)]
    Roots(#[from] RootsError),
}

/// Tests an endpoint against the contract. A report without results means that nothing could be tested; its notices say
/// why.
///
/// # Errors
/// When the run cannot begin because of something on this side.
pub async fn check(target: &Target) -> Result<Report, CheckError> {
    let begun = Instant::now();
    let mut report = begin(target);
    let tls = if target.endpoint.is_encrypted() { Some(Tls::new(target.ca.as_deref())?) } else { None };
    let dialer = Dialer { endpoint: target.endpoint.clone(), tls, timeout: target.timeout };
    let (endpoint, authentication) = (&target.endpoint, &target.authentication);
    let maker = Maker { endpoint, authentication, profile: &target.profile, variation: Variation::default() };
    let expected = Spellings::expected(&target.authentication);
    let url = Spellings::of_url(target.endpoint.path());
    let hidden = [expected.clone(), url.clone()];
    let runner = |max_time| Performance::new(&dialer, maker.clone(), hidden.clone(), report.seed, max_time);

    if !target.wait_ready.is_zero() {
        runner(target.wait_ready).wait_ready(target.wait_ready).await;
    }
    let mut performance = runner(target.max_time);
    let First { fate, notice, took, variations } = performance.first(target.safe).await;
    report.notices.extend(notice);
    report.variations = variations;
    if !matches!(fate, Fate::NothingTested) {
        let base = performance.maker.variation.credential();
        let plan = Plan::new(target, fate, base, &dialer).await;
        let mut pace = if plan.rests_on_an_acceptance() {
            performance.measure(took, target.parallel, target.safe).await
        } else {
            Pace::unmeasured(target.timeout, target.parallel)
        };
        let board = Round::new(&plan, &performance).play(&mut pace).await;
        report.notices.extend(board.notices(&plan));
        let observations = performance.into_observations();
        let scene = Scene {
            endpoint,
            authentication,
            expected: &expected,
            url: &url,
            observations: &observations,
            certificate: plan.certificate_fault(),
        };
        report.results = plan.results(board, &scene);
        excluded::add(&mut report, target);
        report.notices.extend(plan.notice());
        // Of an endpoint that was too slow for anything the first notice says so already.
        if plan.rests_on_an_acceptance() {
            report.pace = Some(pace.reported());
            report.took_ms = milliseconds(begun.elapsed());
            report.notices.extend(report.notice_of_haste());
            report.notices.extend(report.notice_of_throttling());
        }
    }
    report.took_ms = milliseconds(begun.elapsed());
    Ok(report)
}

/// A report without results.
fn begin(target: &Target) -> Report {
    let authentication = match credential::kind(&target.authentication) {
        Kind::None => "none",
        Kind::ClientSecret => "clientSecret",
        Kind::Basic => "basic",
    };
    Report {
        tool: concat!("webhook-contract ", env!("CARGO_PKG_VERSION")).to_owned(),
        subject: Subject {
            kind: SubjectKind::Endpoint,
            url: target.endpoint.to_string(),
            authentication,
            profile: target.profile.name().to_owned(),
        },
        started: Timestamp::now(),
        took_ms: 0,
        seed: target.seed.unwrap_or_else(|| u64::from(fastrand::u32(..))),
        notices: Vec::new(),
        variations: Vec::new(),
        pace: None,
        limited_by: target.limits(),
        results: Vec::new(),
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
