//! What came of a case, and why one was not run.

use std::{fmt, time::Duration};

use schemas::Clause;

use super::milliseconds;
use crate::{
    case::{Case, Condition},
    curl::Shown,
    failure,
    hint::Software,
    judge::Complaint,
    report::{self, CaseOutcome, CaseResult, Failure, SkipCode},
    watch::Found,
};

/// What came of a case.
#[derive(Clone)]
pub(super) enum Outcome {
    Passed { took: Duration },
    Failed(Box<Fault>),
    Skipped(Reason),
    Throttled(Throttled),
}

/// Why statuses about load or start-up are all that is known of a case. `Display` is half a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Throttled {
    /// It was answered with this status until the time was over.
    UntilTheEnd(u16),
    /// It was answered with this status each time, although other messages were accepted meanwhile.
    Alone(u16),
    /// It was not sent: others were answered with this status until the time was over.
    NotTried(u16),
}

impl fmt::Display for Throttled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UntilTheEnd(status) => write!(f, "each try was answered {status} until the time of the run was over"),
            Self::Alone(status) => {
                write!(f, "each try was answered {status}, although the plain valid message was answered meanwhile")
            }
            Self::NotTried(status) => {
                write!(f, "not tried: messages were answered {status} until the time of the run was over")
            }
        }
    }
}

/// What is wrong.
#[derive(Clone)]
pub(super) struct Fault {
    pub(super) request: Shown,
    pub(super) complaint: Complaint,
    /// How it is mended, where the case's own words for that miss it.
    pub(super) mend: Option<&'static str>,
    /// The difference that decides, where it was found.
    pub(super) cause: Option<String>,
    pub(super) took: Duration,
    /// Whether a second try, with nothing else going on, may say something else.
    pub(super) may_be_load: bool,
}

/// Why a case was not run, or why what came of it proves nothing. `Display` is half a sentence.
#[derive(Clone)]
pub(super) enum Reason {
    Unmet(Condition),
    Certificate,
    /// The plain valid message was refused.
    Refused {
        /// The case that fails because of that.
        by: &'static str,
    },
    /// It would show what this case has shown already.
    SameCause {
        by: &'static str,
    },
    /// The endpoint stopped accepting plain valid messages after one of these cases.
    Down {
        after: Vec<&'static str>,
    },
    TooSlow,
    TimeIsOver,
    CannotBeMade(String),
    NothingToSee(&'static str),
    /// This pattern of `--skip` leaves it out.
    Excluded(String),
}

/// Cases that are named one by one.
const NAMED: usize = 4;

/// Several cases of which one is meant.
pub(super) fn one_of(cases: &[&str]) -> String {
    match cases {
        [only] => (*only).to_owned(),
        [first @ .., last] if cases.len() <= NAMED => format!("{} or {last}", first.join(", ")),
        [first, .., last] => format!("one of {} cases from {first} to {last}", cases.len()),
        [] => "a case".to_owned(),
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmet(condition) => condition.fmt(f),
            Self::Certificate => f.write_str("no credential is sent to an endpoint whose certificate is not valid"),
            Self::Refused { .. } => f.write_str("not tested because the plain valid message was refused"),
            Self::SameCause { by } => write!(f, "it would only show the cause of {by} again"),
            Self::Down { after } => {
                write!(f, "the endpoint did not accept the plain valid message any more after {}", one_of(after))
            }
            Self::TooSlow => f.write_str(report::TOO_SLOW),
            Self::TimeIsOver => f.write_str(report::TIME_IS_OVER),
            Self::CannotBeMade(error) => write!(f, "it cannot be sent: {error}"),
            Self::NothingToSee(words) => f.write_str(words),
            Self::Excluded(pattern) => write!(f, "left out with --skip {pattern}"),
        }
    }
}

impl Reason {
    fn code(&self) -> SkipCode {
        match self {
            Self::Unmet(_) => SkipCode::ConditionNotMet,
            Self::Certificate => SkipCode::InvalidCertificate,
            Self::Refused { .. } => SkipCode::PlainRefused,
            Self::SameCause { .. } => SkipCode::SameCause,
            Self::Down { .. } => SkipCode::EndpointDown,
            Self::TooSlow => SkipCode::TooSlow,
            Self::TimeIsOver => SkipCode::OutOfTime,
            Self::CannotBeMade(_) => SkipCode::CannotBeSent,
            Self::NothingToSee(_) => SkipCode::NothingObserved,
            Self::Excluded(_) => SkipCode::Excluded,
        }
    }

    /// The case from which it follows, where that is certain.
    fn caused_by(&self) -> Option<String> {
        match self {
            Self::Refused { by } | Self::SameCause { by } => Some((*by).to_owned()),
            Self::Down { after } => match after.as_slice() {
                [only] => Some((*only).to_owned()),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Outcome {
    pub(super) fn may_be_load(&self) -> bool {
        matches!(self, Self::Failed(fault) if fault.may_be_load)
    }

    /// The result; `software` is what the endpoint's answers name.
    pub(super) fn result(self, case: &Case, clause: &Clause, software: &Software) -> CaseResult {
        let (took, outcome) = match self {
            Self::Passed { took } => (took, CaseOutcome::Passed),
            Self::Skipped(reason) => {
                let (reason, skip_code, caused_by) = (reason.to_string(), Some(reason.code()), reason.caused_by());
                (Duration::ZERO, CaseOutcome::Skipped { reason, skip_code, caused_by })
            }
            Self::Throttled(why) => (Duration::ZERO, CaseOutcome::Throttled { reason: why.to_string() }),
            Self::Failed(fault) => {
                let Fault { request, complaint, mend, cause, took, .. } = *fault;
                let failure = failure::of(case, clause, request, complaint, mend, software);
                (took, CaseOutcome::Failed(Box::new(Failure { cause, ..failure })))
            }
        };
        CaseResult {
            id: case.id.clone(),
            clause: case.clause.clone(),
            level: clause.level,
            title: case.title.clone(),
            took_ms: milliseconds(took),
            outage_ms: None,
            outcome,
        }
    }
}

impl From<Found> for Outcome {
    fn from(found: Found) -> Self {
        match found {
            Found::Nothing => Self::Passed { took: Duration::ZERO },
            Found::Nowhere(words) => Self::Skipped(Reason::NothingToSee(words)),
            Found::Fault(request, complaint) => Self::Failed(Box::new(Fault {
                request,
                complaint,
                mend: None,
                cause: None,
                took: Duration::ZERO,
                may_be_load: false,
            })),
        }
    }
}
