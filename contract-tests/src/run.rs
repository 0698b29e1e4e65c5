//! A run: first the plain valid message, then everything that was asked for, a few cases at a time. Whoever answers to
//! nothing, late or with a refusal is told so once, and not by a hundred failures.

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

/// When no further case is begun, so that the slowest run ends within a minute.
const BUDGET: Duration = Duration::from_secs(45);

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
    check_within(target, BUDGET).await
}

async fn check_within(target: &Target, budget: Duration) -> Result<Report, CheckError> {
    let begun = Instant::now();
    let mut report = begin(target);
    let tls = if target.endpoint.is_encrypted() { Some(Tls::new(target.ca.as_deref())?) } else { None };
    let dialer = Dialer { endpoint: target.endpoint.clone(), tls, timeout: target.timeout };
    let maker = Maker { endpoint: &target.endpoint, authentication: &target.authentication, profile: &target.profile };
    let expected = Spellings::expected(&target.authentication);
    let url = Spellings::of_url(target.endpoint.path());
    let performance = Performance::new(&dialer, &maker, [expected.clone(), url.clone()], report.seed);

    performance.wait_ready(target.wait_ready).await;
    let First { fate, notice } = performance.first().await;
    report.notices.extend(notice);
    if !matches!(fate, Fate::NothingTested) {
        let plan = Plan::new(target, fate, &dialer).await;
        let outcomes = Round::new(&plan, &performance, begun + budget).play().await;
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

#[cfg(test)]
mod tests {
    use schemas::Authentication;
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

    use super::*;
    use crate::report::Grade;

    #[tokio::test]
    async fn a_run_without_time_for_a_must_does_not_hold() {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(204)).mount(&server).await;
        let target = || Target::new(&format!("{}/hooks", server.uri()), Authentication::None).unwrap();
        for (budget, level, strict, holds) in [
            (BUDGET, "MSG-001", true, true),
            (Duration::ZERO, "MSG-001", false, false),
            (Duration::ZERO, "HTTP-14", false, true),
            (Duration::ZERO, "HTTP-14", true, false),
        ] {
            // A watch beside it holds in any case, so that something was tested.
            let target = target().only([level, "OPS-5"].map(str::to_owned));
            let report = check_within(&target, budget).await.unwrap();
            assert_eq!(report.holds(strict), holds, "{level}: {report:?}");
            let told = report.notices.iter().any(|notice| notice.starts_with("For want of time "));
            assert_eq!(told, budget.is_zero(), "{level}: {:?}", report.notices);
            assert_eq!(report.verdict(strict).grade == Grade::Unfinished, !holds, "{level}: {report:?}");
        }
    }
}
