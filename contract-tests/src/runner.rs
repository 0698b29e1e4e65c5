//! A run against an endpoint: first the plain valid message, then the selected cases, a few at a time. An endpoint that
//! does not answer, is late or refuses the plain message gets one finding instead of a hundred.

mod attempt;
mod availability;
mod backoff;
mod case_runner;
mod concurrency;
mod diagnosis;
mod job;
mod outcome;
mod plan;
mod preflight;
mod probe;
mod refusal_causes;
mod run_state;
mod schedule;
mod sending;
mod sequential;
mod throttled_cases;

use std::time::Instant;

use jiff::Timestamp;

use self::{
    case_runner::CaseRunner,
    concurrency::Concurrency,
    outcome::milliseconds,
    plan::Plan,
    preflight::{Preflight, PreflightResult},
    schedule::Schedule,
};
use crate::{
    exchange::{EndpointClient, RootsError, Tls},
    invariants::RunObservations,
    report::{Report, Subject, SubjectKind},
    request::RequestBuilder,
    secret_encodings::SecretEncodings,
    target::Target,
    variation::Variation,
};

/// A run cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The certificates to trust cannot be read.
    #[error(transparent)]
    Roots(#[from] RootsError),
}

/// Tests an endpoint against the contract. If nothing could be tested, the report has no results and its notices have the reason.
///
/// # Errors
/// When the run cannot begin for a local reason.
pub async fn check(target: &Target) -> Result<Report, CheckError> {
    let begun = Instant::now();
    let mut report = begin(target);
    let tls = if target.endpoint.is_encrypted() { Some(Tls::new(target.ca.as_deref())?) } else { None };
    let client = EndpointClient { endpoint: target.endpoint.clone(), tls, timeout: target.timeout };
    let (endpoint, authentication) = (&target.endpoint, &target.authentication);
    let (ca, profile, variation) = (target.ca.as_deref(), &target.profile, Variation::default());
    let builder = RequestBuilder { endpoint, ca, authentication, profile, variation };
    let expected = SecretEncodings::expected(&target.authentication);
    let url = SecretEncodings::of_url(target.endpoint.path_and_query());
    let hidden = [expected.clone(), url.clone()];
    let new_runner = |max_time| CaseRunner::new(&client, builder.clone(), hidden.clone(), report.seed, max_time);

    if !target.wait_ready.is_zero() {
        new_runner(target.wait_ready).wait_ready(target.wait_ready).await;
    }
    let mut runner = new_runner(target.max_time);
    let Preflight { result, notice, took, variations } = runner.preflight(target.safe).await;
    report.notices.extend(notice);
    report.variations = variations;
    if !matches!(result, PreflightResult::NothingTested) {
        let base = runner.builder.variation.credential();
        let plan = Plan::new(target, result, base, &client).await;
        let mut concurrency = if plan.has_acceptance() {
            runner.measure(took, target.parallel, target.safe).await
        } else {
            Concurrency::unmeasured(target.timeout, target.parallel)
        };
        let state = Schedule::new(&plan, &runner).run(&mut concurrency).await;
        report.notices.extend(state.notices(&plan.cases));
        let (observations, unanswered) = runner.into_observations();
        let observations = RunObservations {
            endpoint,
            authentication,
            expected: &expected,
            url: &url,
            observations: &observations,
            unanswered: &unanswered,
            certificate: plan.certificate_fault(),
        };
        report.results = plan.results(state, &observations);
        plan.add_excluded(&mut report.results);
        report.notices.extend(plan.credential_notice());
        // If the endpoint was too slow for everything, the first notice has reported that.
        if plan.has_acceptance() {
            report.pace = Some(concurrency.reported());
            report.took_ms = milliseconds(begun.elapsed());
            report.notices.extend(report.out_of_time_notice());
            report.notices.extend(report.throttling_notice());
        }
    }
    report.took_ms = milliseconds(begun.elapsed());
    Ok(report)
}

/// A report without results.
fn begin(target: &Target) -> Report {
    Report {
        tool: concat!("webhook-contract ", env!("CARGO_PKG_VERSION")).to_owned(),
        subject: Subject {
            kind: SubjectKind::Endpoint,
            url: target.endpoint.to_string(),
            authentication: (&target.authentication).into(),
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
