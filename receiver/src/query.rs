//! The search grammar: one text for the inspector, the command line and the JSON API, read into terms that all have to
//! hold. It knows nothing about where messages are stored.
//!
//! ```text
//! QUERY = { [ "-" ] KEY ":" VALUE | WORD | "a phrase" }
//! ```
//!
//! A text with spaces is written in double quotes, in which `\"` is a quote and `\\` a backslash.

mod bounds;
mod contradiction;
mod error;
mod key;
mod parser;
#[cfg(test)]
mod tests;
mod value;

use std::fmt::{self, Display, Write as _};

use jiff::Timestamp;
use schemas::Trigger;

pub use self::{
    bounds::Bounds,
    contradiction::Contradiction,
    error::{Problem, QueryError},
    key::Key,
};

/// Maximum number of characters of a query.
pub const MAX_CHARACTERS: usize = 2000;
/// Maximum number of terms of a query.
pub const MAX_TERMS: usize = 32;

/// Which messages are wanted: those for which every term holds. The default has no terms and means every message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    terms: Vec<Term>,
}

/// One condition of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Whether the predicate must not hold.
    pub negated: bool,
    /// The predicate.
    pub predicate: Predicate,
}

/// What a term requires of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// `endpoint:` The name of the endpoint that received it.
    Endpoint(Pattern),
    /// `trigger:` What happened to the step.
    Trigger(Trigger),
    /// `flow:` The flow's identifier.
    Flow(Pattern),
    /// `step:` The step's identifier.
    Step(Pattern),
    /// `is:` How it was judged, or that it arrived more than once.
    Is(State),
    /// `clause:` The number of a clause of the contract that it breaks, as the contract writes it.
    Clause(String),
    /// `relay:` Where it was relayed, or with which result.
    Relay(RelayFilter),
    /// `since:` An arrival at or after this time.
    Since(Time),
    /// `until:` An arrival before this time.
    Until(Time),
    /// `size:` Bytes of the body.
    Size(Bounds),
    /// `arrivals:` How often it arrived.
    Arrivals(Bounds),
    /// `id:` The first characters of an arrival's id, in lower case and with hyphens.
    Id(String),
    /// `field:` The name of a form field that it has.
    Field(String),
    /// A word of its texts: values and names of fields, comments, subjects and names. It has at least one letter or digit.
    Word(String),
    /// Consecutive words of one of its texts, of which there is at least one.
    Phrase(String),
}

/// Which names are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// This one.
    Exact(String),
    /// All that begin with this text, which is not empty.
    Prefix(String),
}

/// A time, and how it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    /// The time.
    pub at: Timestamp,
    /// Its text, such as `2h`; the canonical text of the query keeps it, so that a link stays relative.
    text: Box<str>,
}

/// What `is:` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It keeps the contract.
    Holds,
    /// It breaks the contract.
    Broken,
    /// A capturing endpoint stored it unchecked.
    Captured,
    /// It arrived more than once.
    Repeated,
}

/// What `relay:` takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelayFilter {
    /// It is waiting at a destination.
    Waiting,
    /// A destination accepted it.
    Accepted,
    /// It is a dead letter of a destination.
    Dead,
    /// It was due at the destination of this name.
    Destination(String),
}

impl Query {
    /// Reads a query. Times such as `2h` are relative to `now`, and days begin at midnight in UTC.
    ///
    /// # Errors
    /// When the text is not a query, is longer than [`MAX_CHARACTERS`], has more than [`MAX_TERMS`] terms, or has terms
    /// that contradict each other.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, QueryError> {
        parser::parse(text, now)
    }

    /// Its terms in their order.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The query without one of its terms.
    #[must_use]
    pub fn without(&self, index: usize) -> Self {
        let terms = self.terms.iter().enumerate().filter(|(other, _)| *other != index);
        terms.map(|(_, term)| term.clone()).collect()
    }

    /// Both queries at once; [`Self::contradiction`] shows whether any message can match.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.terms.extend(other.terms);
        self
    }

    /// The messages of an endpoint.
    pub fn of_endpoint(name: &str) -> Self {
        Self { terms: vec![Predicate::Endpoint(Pattern::Exact(name.to_owned())).into()] }
    }

    /// Whether a term is about the relay's deliveries.
    pub fn asks_for_deliveries(&self) -> bool {
        self.terms.iter().any(|term| matches!(term.predicate, Predicate::Relay(_)))
    }

    /// The first two terms of which never both hold, if there are such.
    pub fn contradiction(&self) -> Option<Contradiction> {
        contradiction::find(&self.terms)
    }
}

impl FromIterator<Term> for Query {
    fn from_iter<T: IntoIterator<Item = Term>>(terms: T) -> Self {
        Self { terms: terms.into_iter().collect() }
    }
}

/// The canonical text, which is read as the same query.
impl Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            if index > 0 {
                f.write_char(' ')?;
            }
            write!(f, "{term}")?;
        }
        Ok(())
    }
}

impl From<Predicate> for Term {
    fn from(predicate: Predicate) -> Self {
        Self { negated: false, predicate }
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_char('-')?;
        }
        write!(f, "{}", self.predicate)
    }
}

impl Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(pattern) => write!(f, "endpoint:{pattern}"),
            Self::Trigger(trigger) => write!(f, "trigger:{}", trigger.as_str()),
            Self::Flow(pattern) => write!(f, "flow:{pattern}"),
            Self::Step(pattern) => write!(f, "step:{pattern}"),
            Self::Is(state) => write!(f, "is:{}", state.as_str()),
            Self::Clause(id) => write!(f, "clause:{}", value::quoted_if_needed(id)),
            Self::Relay(filter) => write!(f, "relay:{filter}"),
            Self::Since(time) => write!(f, "since:{}", value::quoted_if_needed(&time.text)),
            Self::Until(time) => write!(f, "until:{}", value::quoted_if_needed(&time.text)),
            Self::Size(bounds) => write!(f, "size:{bounds}"),
            Self::Arrivals(bounds) => write!(f, "arrivals:{bounds}"),
            Self::Id(id) => write!(f, "id:{id}"),
            Self::Field(name) => write!(f, "field:{}", value::quoted_if_needed(name)),
            Self::Word(word) => f.write_str(word),
            Self::Phrase(phrase) => f.write_str(&value::quoted(phrase)),
        }
    }
}

/// A time that does not depend on the moment at which it is read.
impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self { at, text: at.to_string().into() }
    }
}

impl Pattern {
    /// Whether a name is meant.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(exact) => name == exact,
            Self::Prefix(prefix) => name.starts_with(prefix.as_str()),
        }
    }
}

impl Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => f.write_str(&value::quoted_if_needed(exact)),
            Self::Prefix(prefix) => write!(f, "{}*", value::quoted_if_needed(prefix)),
        }
    }
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Holds, Self::Broken, Self::Captured, Self::Repeated];

    /// Its word in a query.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Broken => "broken",
            Self::Captured => "captured",
            Self::Repeated => "repeated",
        }
    }
}

impl RelayFilter {
    /// Those that have a word of their own; a destination of the same name is written in quotes.
    pub const RESULTS: [Self; 3] = [Self::Waiting, Self::Accepted, Self::Dead];

    /// Its word in a query: that of a result, or the destination's name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Waiting => "waiting",
            Self::Accepted => "accepted",
            Self::Dead => "dead",
            Self::Destination(name) => name,
        }
    }
}

impl Display for RelayFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Destination(name)
                if Self::RESULTS.iter().any(|result| result.as_str().eq_ignore_ascii_case(name)) =>
            {
                f.write_str(&value::quoted(name))
            }
            filter => f.write_str(&value::quoted_if_needed(filter.as_str())),
        }
    }
}
