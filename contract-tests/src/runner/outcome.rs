//! The outcome of a case, and why one was not run.

use std::{fmt, time::Duration};

use crate::{
    case::{Action, Case, Condition, ExpectedAnswer},
    curl::ShownRequest,
    failure,
    hint::Software,
    invariants::InvariantResult,
    judge::Mismatch,
    report::{CaseOutcome, CaseResult, Failure, SkipCode},
};

#[derive(Clone)]
pub(super) enum Outcome {
    Passed { took: Duration },
    Failed(Box<CaseFailure>),
    Skipped(SkipReason),
    Throttled(Throttled),
}

/// Why a case got only statuses about load or start-up. `Display` is half a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Throttled {
    /// It was answered with this status until the run ran out of time.
    UntilTheEnd(u16),
    /// It was answered with this status each time, although other messages were accepted meanwhile.
    Alone(u16),
    /// It was not sent: others were answered with this status until the run ran out of time.
    NotTried(u16),
}

impl fmt::Display for Throttled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UntilTheEnd(status) => write!(f, "each try was answered {status} until the run ran out of time"),
            Self::Alone(status) => {
                write!(f, "each try was answered {status}, although plain valid messages were accepted in the meantime")
            }
            Self::NotTried(status) => {
                write!(f, "not tried: messages were answered {status} until the run ran out of time")
            }
        }
    }
}

#[derive(Clone)]
pub(super) struct CaseFailure {
    pub(super) request: ShownRequest,
    pub(super) mismatch: Mismatch,
    /// How to fix it, where the case's own advice does not fit.
    pub(super) fix: Option<&'static str>,
    /// The difference that matters, where it was found.
    pub(super) cause: Option<String>,
    pub(super) took: Duration,
    /// Whether the result may be different when nothing else is sent at the same time.
    pub(super) may_be_load: bool,
    /// Whether the endpoint did not answer in time: nothing was accepted.
    pub(super) is_silence: bool,
}

/// Why a case was not run, or proves nothing. `Display` is half a sentence.
#[derive(Clone)]
pub(super) enum SkipReason {
    ConditionNotMet(Condition),
    InvalidCertificate,
    PlainRefused {
        /// The case that fails because of it.
        by: &'static str,
    },
    /// It would only repeat the finding of this case.
    SameCause {
        by: &'static str,
    },
    /// The endpoint stopped accepting plain valid messages after one of these cases.
    EndpointDown {
        after: Vec<&'static str>,
    },
    TooSlow,
    OutOfTime,
    CannotBeSent(String),
    NothingObserved(&'static str),
    /// This pattern of `--skip` excludes it.
    Excluded(String),
}

/// Maximum number of cases to list by number.
const MAX_NAMED_CASES: usize = 4;

/// Names one of several cases.
pub(super) fn one_of(cases: &[&str]) -> String {
    match cases {
        [only] => (*only).to_owned(),
        [first @ .., last] if cases.len() <= MAX_NAMED_CASES => format!("{} or {last}", first.join(", ")),
        [first, .., last] => format!("one of {} cases from {first} to {last}", cases.len()),
        [] => "a case".to_owned(),
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConditionNotMet(condition) => condition.fmt(f),
            Self::InvalidCertificate => {
                f.write_str("no credential is sent to an endpoint whose certificate is not valid")
            }
            Self::PlainRefused { .. } => f.write_str("not tested because the plain valid message was refused"),
            Self::SameCause { by } => write!(f, "it would only repeat the finding of {by}"),
            Self::EndpointDown { after } => {
                write!(f, "the endpoint stopped accepting the plain valid message after {}", one_of(after))
            }
            Self::TooSlow => f.write_str("three plain valid messages got no answer in time"),
            Self::OutOfTime => f.write_str("the run ran out of time"),
            Self::CannotBeSent(error) => write!(f, "it cannot be sent: {error}"),
            Self::NothingObserved(words) => f.write_str(words),
            Self::Excluded(pattern) => write!(f, "excluded with --skip {pattern}"),
        }
    }
}

impl SkipReason {
    fn code(&self) -> SkipCode {
        match self {
            Self::ConditionNotMet(_) => SkipCode::ConditionNotMet,
            Self::InvalidCertificate => SkipCode::InvalidCertificate,
            Self::PlainRefused { .. } => SkipCode::PlainRefused,
            Self::SameCause { .. } => SkipCode::SameCause,
            Self::EndpointDown { .. } => SkipCode::EndpointDown,
            Self::TooSlow => SkipCode::TooSlow,
            Self::OutOfTime => SkipCode::OutOfTime,
            Self::CannotBeSent(_) => SkipCode::CannotBeSent,
            Self::NothingObserved(_) => SkipCode::NothingObserved,
            Self::Excluded(_) => SkipCode::Excluded,
        }
    }

    /// The case that caused it, where that is certain.
    fn caused_by(&self) -> Option<String> {
        match self {
            Self::PlainRefused { by } | Self::SameCause { by } => Some((*by).to_owned()),
            Self::EndpointDown { after } => match after.as_slice() {
                [only] => Some((*only).to_owned()),
                _ => None,
            },
            _ => None,
        }
    }
}

impl CaseFailure {
    pub(super) fn new(request: ShownRequest, mismatch: Mismatch, took: Duration) -> Self {
        Self { request, mismatch, fix: None, cause: None, took, may_be_load: false, is_silence: false }
    }
}

impl Outcome {
    pub(super) fn may_be_load(&self) -> bool {
        matches!(self, Self::Failed(failure) if failure.may_be_load)
    }

    /// The result for the report. `software` is what the endpoint's answers name.
    pub(super) fn result(self, case: &Case, software: &Software) -> CaseResult {
        let (took, outcome) = match self {
            Self::Passed { took } => (took, CaseOutcome::Passed),
            // Silence accepts nothing. That it is late is a matter of OPS-5.
            Self::Failed(failure) if failure.is_silence && must_not_accept(case) => (failure.took, CaseOutcome::Passed),
            Self::Skipped(reason) => {
                let (reason, skip_code, caused_by) = (reason.to_string(), Some(reason.code()), reason.caused_by());
                (Duration::ZERO, CaseOutcome::Skipped { reason, skip_code, caused_by })
            }
            Self::Throttled(why) => (Duration::ZERO, CaseOutcome::Throttled { reason: why.to_string() }),
            Self::Failed(failure) => {
                let CaseFailure { request, mismatch, fix, cause, took, .. } = *failure;
                let failure = failure::describe(case, request, mismatch, fix, software);
                (took, CaseOutcome::Failed(Box::new(Failure { cause, ..failure })))
            }
        };
        CaseResult {
            id: case.id.clone(),
            clause: case.clause.clone(),
            level: case.level(),
            title: case.title.clone(),
            took_ms: milliseconds(took),
            outage_ms: None,
            outcome,
        }
    }
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Whether the case asks only that its message is not accepted.
fn must_not_accept(case: &Case) -> bool {
    matches!(&case.action, Action::Send(exchange) if exchange.expect.answer == ExpectedAnswer::NotAccept)
}

impl From<InvariantResult> for Outcome {
    fn from(result: InvariantResult) -> Self {
        match result {
            InvariantResult::Holds => Self::Passed { took: Duration::ZERO },
            InvariantResult::NotObserved(reason) => Self::Skipped(SkipReason::NothingObserved(reason)),
            InvariantResult::Violated(request, mismatch) => {
                Self::Failed(Box::new(CaseFailure::new(request, mismatch, Duration::ZERO)))
            }
        }
    }
}
