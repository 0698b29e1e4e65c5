//! A run: first the plain valid message, then everything that was asked for, a few cases at a time. Whoever answers to
//! nothing, late or with a refusal is told so once, and not by a hundred failures.

mod first;
mod performance;

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use schemas::{Authentication, Clause};

use self::{
    first::First,
    performance::{Outcome, Performance},
};
use crate::{
    case::{Act, Case, Condition, Kind},
    credential,
    exchange::{Dialer, RootsError, Tls},
    judge::Complaint,
    report::{CaseOutcome, CaseResult, Failure, Report, Subject, SubjectKind},
    request::Maker,
    spelling::Spellings,
    target::Target,
    watch::{Found, Scene},
};

/// When no further case is begun, so that the slowest run ends within a minute.
const BUDGET: Duration = Duration::from_secs(45);
/// What slow cases get beside it.
const SLOW_BUDGET: Duration = Duration::from_secs(150);
/// Cases that get no answer again, alone, before the rest is believed without a second try.
const HOPELESS: usize = 3;

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
    let started = Timestamp::now();
    let begun = Instant::now();
    let seed = target.seed.unwrap_or_else(|| u64::from(fastrand::u32(..)));
    let mut report = Report {
        tool: concat!("webhook-contract ", env!("CARGO_PKG_VERSION")).to_owned(),
        subject: subject(target),
        started,
        took_ms: 0,
        seed,
        notices: Vec::new(),
        results: Vec::new(),
    };
    let tls = if target.endpoint.is_encrypted() { Some(Tls::new(target.ca.as_deref())?) } else { None };
    let dialer = Dialer { endpoint: target.endpoint.clone(), tls, timeout: target.timeout };
    let maker = Maker { endpoint: &target.endpoint, authentication: &target.authentication, profile: &target.profile };
    let performance = Performance::new(&dialer, &maker, spellings(&target.authentication), seed);
    performance.wait_ready(target.wait_ready).await;

    let kind = credential::kind(&target.authentication);
    let fitting = |case: &&'static Case| case.runs_with(kind) && (!case.slow || target.slow);
    let all = || Case::all().iter().filter(fitting);
    let plain = all().find(|case| case.plain);
    let mut cases: Vec<&'static Case> = all().filter(|case| case.is_wanted(target)).collect();
    let first = match plain {
        Some(plain) => performance.first(plain).await,
        None => First::Accepted { notice: None },
    };
    let mut reason_to_skip = None;
    let mut certificate = None;
    let mut plain_result = None;
    match first {
        First::NothingTested(notice) => {
            report.notices.push(notice);
            report.took_ms = milliseconds(begun.elapsed());
            return Ok(report);
        }
        First::Accepted { notice } => report.notices.extend(notice),
        First::Certificate { why, notice } => {
            report.notices.push(notice);
            reason_to_skip = Some("no credential is sent to an endpoint whose certificate does not hold".to_owned());
            certificate = Some(why);
        }
        First::Refused { outcome, notice } => {
            report.notices.push(notice);
            reason_to_skip = Some("it tells nothing while the plain valid message is refused".to_owned());
            plain_result = plain.map(|plain| (plain, *outcome));
        }
        First::TooSlow { outcome, notice } => {
            report.notices.push(notice);
            reason_to_skip = Some("three plain valid messages got no answer in time".to_owned());
            performance.stop();
            plain_result = plain.map(|plain| (plain, *outcome));
        }
    }
    // What decides over everything is told, whether it was asked for or not.
    let decisive = |case: &&Case| {
        plain_result.as_ref().is_some_and(|(plain, _)| plain.id == case.id)
            || (certificate.is_some() && matches!(case.act, Act::Watch(crate::case::Watch::Certificate)))
    };
    if plain_result.is_some() || certificate.is_some() {
        cases = all().filter(|case| decisive(case) || cases.iter().any(|wanted| wanted.id == case.id)).collect();
    }

    let offers_http2 = certificate.is_none()
        && cases.iter().any(|case| case.needs.contains(&Condition::Http2))
        && dialer.offers_http2().await.unwrap_or(false);
    let lacks = |case: &Case| {
        let unmet = |condition: &&Condition| match condition {
            Condition::Https => !target.endpoint.is_encrypted(),
            Condition::Http2 => !offers_http2,
            Condition::ProfileV1 => !target.profile.is_canonical(),
            Condition::Credential(..) | Condition::Padding | Condition::PlusOrSlash => {
                !credential::meets(&target.authentication, condition)
            }
        };
        case.needs.iter().find(unmet).map(ToString::to_string)
    };

    let deadline = begun + BUDGET + if target.slow { SLOW_BUDGET } else { Duration::ZERO };
    let total = cases.len();
    let done = std::sync::atomic::AtomicUsize::new(0);
    let advance = || {
        let done = 1 + done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if let Some(progress) = &target.progress {
            progress(done, total);
        }
    };
    let run_one = async |index: usize, case: &'static Case| {
        let plain = plain_result.as_ref().filter(|(plain, _)| plain.id == case.id);
        let outcome = match &case.act {
            Act::Watch(_) => None,
            Act::Send(_) if plain.is_some() => plain.map(|(_, outcome)| outcome.clone()),
            Act::Send(exchange) => Some(match (lacks(case), &reason_to_skip) {
                (Some(reason), _) => Outcome::Skipped(reason),
                (None, Some(reason)) if !case.even_if_refused || performance.stopped() || certificate.is_some() => {
                    Outcome::Skipped(reason.clone())
                }
                _ if performance.stopped() => {
                    Outcome::Skipped("three plain valid messages got no answer in time".to_owned())
                }
                _ if Instant::now() > deadline => Outcome::Skipped("the time for the whole run was over".to_owned()),
                _ => performance.run(case, exchange, index, 0).await,
            }),
        };
        if outcome.is_some() {
            advance();
        }
        outcome
    };
    let indexed = cases.iter().copied().enumerate();
    let mut outcomes: Vec<(usize, Option<Outcome>)> = stream::iter(indexed.map(|(index, case)| {
        let run_one = &run_one;
        async move { (index, run_one(index, case).await) }
    }))
    .buffer_unordered(target.parallel)
    .collect()
    .await;
    outcomes.sort_by_key(|(index, _)| *index);

    // An endpoint that serves one connection after the other may only have been busy: what got no answer is asked
    // again, alone.
    let mut hopeless = 0;
    for (index, outcome) in &mut outcomes {
        let Some(Outcome::Failed { may_be_load: true, .. }) = outcome else { continue };
        if hopeless == HOPELESS || performance.stopped() || Instant::now() > deadline {
            break;
        }
        if let Act::Send(exchange) = &cases[*index].act {
            let again = performance.run(cases[*index], exchange, *index, 1).await;
            if matches!(again, Outcome::Failed { may_be_load: true, .. }) {
                hopeless += 1;
            }
            *outcome = Some(again);
        }
    }

    let seen = performance.into_observations();
    let expected = spellings(&target.authentication);
    let scene = Scene {
        endpoint: &target.endpoint,
        authentication: &target.authentication,
        expected: &expected,
        observations: &seen,
        certificate: certificate.as_deref(),
    };
    for (case, (_, outcome)) in cases.iter().zip(outcomes) {
        let clause = Clause::find(&case.clause).expect("the catalogue is tested to name clauses of the contract only");
        let outcome = match (outcome, &case.act) {
            (Some(outcome), _) => outcome,
            (None, Act::Watch(watch)) => {
                advance();
                match lacks(case) {
                    Some(reason) => Outcome::Skipped(reason),
                    None => watched(scene.look(*watch, clause)),
                }
            }
            (None, Act::Send(_)) => continue,
        };
        report.results.push(result(case, clause, outcome));
    }
    let would_tell = |case: &&&Case| {
        let unmet = |condition: &&Condition| !credential::meets(&target.authentication, condition);
        case.needs.iter().find(unmet).is_some_and(Condition::is_of_telling_credentials)
    };
    let kept_back = cases.iter().filter(would_tell).count();
    if kept_back > 0 && reason_to_skip.is_none() {
        report.notices.push(format!(
            "{kept_back} cases tell nothing with this credential; `webhook-contract credentials` makes credentials for \
             a test endpoint with which they do."
        ));
    }
    report.took_ms = milliseconds(begun.elapsed());
    Ok(report)
}

fn watched(found: Found) -> Outcome {
    match found {
        Found::Nothing => Outcome::Passed { took: Duration::ZERO },
        Found::Nowhere(reason) => Outcome::Skipped(reason.to_owned()),
        Found::Fault(request, complaint) => {
            Outcome::Failed { request, complaint, took: Duration::ZERO, may_be_load: false }
        }
    }
}

fn result(case: &Case, clause: &Clause, outcome: Outcome) -> CaseResult {
    let (took, outcome) = match outcome {
        Outcome::Passed { took } => (took, CaseOutcome::Passed),
        Outcome::Skipped(reason) => (Duration::ZERO, CaseOutcome::Skipped { reason }),
        Outcome::Failed { request, complaint: Complaint { expected, came }, took, .. } => {
            (took, CaseOutcome::Failed(Box::new(Failure { request, expected, came, mend: case.mend.clone() })))
        }
    };
    CaseResult {
        id: case.id.clone(),
        clause: case.clause.clone(),
        level: clause.level,
        title: case.title.clone(),
        took_ms: milliseconds(took),
        outcome,
    }
}

fn subject(target: &Target) -> Subject {
    let authentication = match credential::kind(&target.authentication) {
        Kind::None => "none",
        Kind::ClientSecret => "clientSecret",
        Kind::Basic => "basic",
    };
    Subject {
        kind: SubjectKind::Endpoint,
        url: target.endpoint.to_string(),
        authentication,
        profile: target.profile.name().to_owned(),
    }
}

/// The credential that the endpoint expects, as an answer may hold it.
fn spellings(authentication: &Authentication) -> Vec<Spellings> {
    match authentication {
        Authentication::None => Vec::new(),
        Authentication::ClientSecret { client_secret } => vec![Spellings::of(client_secret.expose(), None)],
        Authentication::Basic(basic) => vec![Spellings::of(basic.expose_password(), Some(basic.username()))],
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
