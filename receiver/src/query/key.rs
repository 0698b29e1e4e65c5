//! The keys of the grammar.

use std::fmt::{self, Display};

/// What a term is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "`Predicate` describes each")]
pub enum Key {
    Endpoint,
    Trigger,
    Flow,
    Step,
    Is,
    Clause,
    Relay,
    Since,
    Until,
    Size,
    Arrivals,
    Id,
    Field,
}

impl Key {
    /// Every key, in the order of the documentation.
    pub const ALL: [Self; 13] = [
        Self::Endpoint,
        Self::Trigger,
        Self::Flow,
        Self::Step,
        Self::Is,
        Self::Clause,
        Self::Relay,
        Self::Since,
        Self::Until,
        Self::Size,
        Self::Arrivals,
        Self::Id,
        Self::Field,
    ];

    /// The word before the colon.
    pub fn as_str(self) -> &'static str {
        self.row().0
    }

    /// A value that it takes, as it is written.
    pub fn example(self) -> &'static str {
        self.row().1
    }

    /// What it finds and which values it takes, in a few words.
    pub fn description(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Endpoint => ("endpoint", "/hooks/flowingly", "received at this endpoint; * as for flow"),
            Self::Trigger => ("trigger", "stepCompleted", "stepCreated or stepCompleted"),
            Self::Flow => ("flow", "FLOW-6*", "this flow, or with * every flow with this prefix"),
            Self::Step => ("step", "\"Credit check\"", "this step; * as for flow"),
            Self::Is => ("is", "broken", "holds, broken, captured or repeated"),
            Self::Clause => ("clause", "MSG-9", "breaks this clause of the contract"),
            Self::Relay => ("relay", "dead", "waiting, accepted, dead, or a destination's name"),
            Self::Since => ("since", "2h", "at or after: a time, a date, 2h or 7d ago, today, yesterday"),
            Self::Until => ("until", "2026-11-24", "before; as for since"),
            Self::Size => ("size", ">10k", "bytes of the body; also 500, 2k..5k, <=1M"),
            Self::Arrivals => ("arrivals", "2..5", "number of arrivals"),
            Self::Id => ("id", "01a20d99", "first characters of an id"),
            Self::Field => ("field", "\"Credit limit\"", "has a form field with this name"),
        }
    }

    pub(super) fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.as_str().eq_ignore_ascii_case(name))
    }
}

impl Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
