//! The status of a delivery and the outcome of an attempt, as they are stored.

use std::borrow::Cow;

use delivery::OutcomeSummary;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It waits for an attempt, or is in flight.
    Pending,
    Delivered,
    /// It was given up: a dead letter.
    Failed,
    Discarded,
}

impl Status {
    pub(crate) const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::Failed, Self::Discarded];

    /// The name that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Discarded => "discarded",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// The columns of an outcome: kind, status, code and message.
pub(super) type OutcomeColumns<'s> = (&'s str, Option<u16>, Option<&'s str>, Option<&'s str>);

pub(super) fn outcome_columns(summary: &OutcomeSummary) -> OutcomeColumns<'_> {
    match summary {
        OutcomeSummary::Answered { status, detail } => ("answered", Some(*status), None, detail.as_deref()),
        OutcomeSummary::Unanswered { code, message } => ("unanswered", None, Some(code), Some(message)),
        OutcomeSummary::Failed { message } => ("failed", None, None, Some(message)),
    }
}

pub(super) fn outcome_from_columns(
    kind: &str,
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
) -> OutcomeSummary {
    match (kind, status) {
        ("answered", Some(status)) => OutcomeSummary::Answered { status, detail: message },
        ("unanswered", _) => OutcomeSummary::Unanswered {
            code: Cow::Owned(code.unwrap_or_default()),
            message: message.unwrap_or_default(),
        },
        _ => OutcomeSummary::Failed { message: message.unwrap_or_default() },
    }
}
