//! How it stands with a delivery, and what came of its last attempt, in the words that are kept.

use crate::delivery::{GaveUp, Summary};

/// How it stands with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It waits for an attempt, or is in flight.
    Pending,
    /// The endpoint took it.
    Delivered,
    /// It was given up: a dead letter.
    Failed(GaveUp),
    /// It was given up, or waited, until someone decided against it.
    Discarded,
}

/// A [`Status`] without its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusWord {
    /// It waits for an attempt, or is in flight.
    Pending,
    /// The endpoint took it.
    Delivered,
    /// It was given up: a dead letter.
    Failed,
    /// Someone decided against it.
    Discarded,
}

impl Status {
    /// Without its reason.
    pub fn word(self) -> StatusWord {
        match self {
            Self::Pending => StatusWord::Pending,
            Self::Delivered => StatusWord::Delivered,
            Self::Failed(_) => StatusWord::Failed,
            Self::Discarded => StatusWord::Discarded,
        }
    }

    /// Why it was given up.
    pub fn gave_up(self) -> Option<GaveUp> {
        match self {
            Self::Failed(why) => Some(why),
            Self::Pending | Self::Delivered | Self::Discarded => None,
        }
    }

    /// Why it was given up: a stable name for programs, in kebab-case.
    pub fn reason(self) -> Option<&'static str> {
        self.gave_up().map(reason_code)
    }
}

impl StatusWord {
    pub(crate) const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::Failed, Self::Discarded];

    /// The word, as it is kept and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Discarded => "discarded",
        }
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }
}

const REASONS: [(GaveUp, &str); 6] = [
    (GaveUp::Refused, "refused"),
    (GaveUp::Gone, "gone"),
    (GaveUp::Attempts, "attempts"),
    (GaveUp::Time, "time"),
    (GaveUp::Guarded, "guarded"),
    (GaveUp::ThisSide, "this-side"),
];

pub(super) fn reason_code(why: GaveUp) -> &'static str {
    REASONS.into_iter().find(|(known, _)| *known == why).map_or("this-side", |(_, code)| code)
}

pub(super) fn reason_of(code: &str) -> GaveUp {
    REASONS.into_iter().find(|(_, known)| *known == code).map_or(GaveUp::ThisSide, |(why, _)| why)
}

/// What came of an attempt, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LastAnswer {
    /// The endpoint answered.
    Answered {
        /// The status.
        status: u16,
        /// A few words of the answer.
        detail: Option<String>,
    },
    /// The endpoint did not answer.
    Unanswered {
        /// A stable name, as [`crate::delivery::NoAnswer::code`] has it.
        code: String,
        /// The words for it.
        words: String,
    },
    /// This side failed.
    Failed {
        /// Why.
        words: String,
    },
}

/// The columns of an attempt: kind, status, code and words.
pub(super) type Columns<'s> = (&'s str, Option<u16>, Option<&'s str>, Option<&'s str>);

pub(super) fn columns(summary: &Summary) -> Columns<'_> {
    match summary {
        Summary::Answered { status, detail } => ("answered", Some(*status), None, detail.as_deref()),
        Summary::Unanswered { code, words } => ("unanswered", None, Some(code), Some(words)),
        Summary::Failed { words } => ("failed", None, None, Some(words)),
    }
}

impl LastAnswer {
    pub(super) fn of(kind: &str, status: Option<u16>, code: Option<String>, words: Option<String>) -> Self {
        match (kind, status) {
            ("answered", Some(status)) => Self::Answered { status, detail: words },
            ("unanswered", _) => Self::Unanswered { code: code.unwrap_or_default(), words: words.unwrap_or_default() },
            _ => Self::Failed { words: words.unwrap_or_default() },
        }
    }
}
