//! A run: first the plain valid message, then everything that was asked for, a few cases at a time. Whoever answers to
//! nothing, late or with a refusal is told so once, and not by a hundred failures.

mod availability;
mod backoff;
mod first;
mod outcome;
mod performance;
mod plan;
mod round;

use std::time::{Duration, Instant};

use jiff::Timestamp;

use self::{
    first::{Fate, First},
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
    let maker = Maker { endpoint: &target.endpoint, authentication: &target.authentication, profile: &target.profile };
    let expected = Spellings::expected(&target.authentication);
    let url = Spellings::of_url(target.endpoint.path());
    let runner = |max_time| Performance::new(&dialer, &maker, [expected.clone(), url.clone()], report.seed, max_time);

    if !target.wait_ready.is_zero() {
        runner(target.wait_ready).wait_ready(target.wait_ready).await;
    }
    let performance = runner(target.max_time);
    let First { fate, notice } = performance.first().await;
    report.notices.extend(notice);
    if !matches!(fate, Fate::NothingTested) {
        let plan = Plan::new(target, fate, &dialer).await;
        let outcomes = Round::new(&plan, &performance).play().await;
        let observations = performance.into_observations();
        let scene = Scene {
            endpoint: &target.endpoint,
            authentication: &target.authentication,
            expected: &expected,
            url: &url,
            observations: &observations,
            certificate: plan.certificate_fault(),
        };
        report.results = plan.results(outcomes, &scene);
        report.notices.extend(plan.notice());
        // Of an endpoint that was too slow for anything the first notice says so already.
        if plan.rests_on_an_acceptance() {
            report.notices.extend(report.notice_of_haste());
            report.notices.extend(report.notice_of_throttling());
        }
    }
    report.took_ms = milliseconds(begun.elapsed());
    Ok(report)
}

/// A report in which nothing stands yet.
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
        results: Vec::new(),
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
