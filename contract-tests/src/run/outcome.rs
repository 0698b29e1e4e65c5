//! What came of a case, and why one was not run.

use std::{fmt, time::Duration};

use schemas::Clause;

use super::milliseconds;
use crate::{
    case::{Case, Condition},
    judge::Complaint,
    report::{self, CaseOutcome, CaseResult, Failure},
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
    /// Each connection was closed without an answer, and so were those of plain valid messages.
    Closed,
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
            Self::Closed => f.write_str("each connection was closed, as those of plain valid messages were"),
            Self::NotTried(status) => {
                write!(f, "not tried: messages were answered {status} until the time of the run was over")
            }
        }
    }
}

/// What is wrong.
#[derive(Clone)]
pub(super) struct Fault {
    pub(super) request: String,
    pub(super) complaint: Complaint,
    /// How it is mended, where the case's own words for that miss it.
    pub(super) mend: Option<&'static str>,
    pub(super) took: Duration,
    /// Whether a second try, with nothing else going on, may say something else.
    pub(super) may_be_load: bool,
}

/// Why a case was not run, or tells nothing. `Display` is half a sentence.
#[derive(Clone)]
pub(super) enum Reason {
    Unmet(Condition),
    Certificate,
    /// The plain valid message was refused.
    Refused {
        /// Whether its credential may be why, so that cases may show what of it is mishandled.
        for_credential: bool,
    },
    TooSlow,
    TimeIsOver,
    CannotBeMade(String),
    NothingToSee(&'static str),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmet(condition) => condition.fmt(f),
            Self::Certificate => f.write_str("no credential is sent to an endpoint whose certificate does not hold"),
            Self::Refused { .. } => f.write_str("it tells nothing while the plain valid message is refused"),
            Self::TooSlow => f.write_str(report::TOO_SLOW),
            Self::TimeIsOver => f.write_str(report::TIME_IS_OVER),
            Self::CannotBeMade(error) => write!(f, "it cannot be sent: {error}"),
            Self::NothingToSee(words) => f.write_str(words),
        }
    }
}

impl Outcome {
    pub(super) fn may_be_load(&self) -> bool {
        matches!(self, Self::Failed(fault) if fault.may_be_load)
    }

    pub(super) fn result(self, case: &Case, clause: &Clause) -> CaseResult {
        let (took, outcome) = match self {
            Self::Passed { took } => (took, CaseOutcome::Passed),
            Self::Skipped(reason) => (Duration::ZERO, CaseOutcome::Skipped { reason: reason.to_string() }),
            Self::Throttled(why) => (Duration::ZERO, CaseOutcome::Throttled { reason: why.to_string() }),
            Self::Failed(fault) => {
                let Fault { request, complaint: Complaint { expected, came }, mend, took, .. } = *fault;
                let mend = mend.map_or_else(|| case.mend.clone(), str::to_owned);
                (took, CaseOutcome::Failed(Box::new(Failure { request, expected, came, mend })))
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
                took: Duration::ZERO,
                may_be_load: false,
            })),
        }
    }
}
