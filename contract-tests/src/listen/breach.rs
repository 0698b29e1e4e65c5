//! What a message was judged by, and what it breaks.

use std::collections::BTreeSet;

/// A clause that a message breaks, with the place and the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Breach {
    pub(super) clause: String,
    pub(super) place: String,
    pub(super) what: String,
}

/// What was found in one message.
#[derive(Default)]
pub(super) struct Findings {
    /// The clauses that this message could keep or break.
    pub(super) asked: BTreeSet<String>,
    pub(super) breaches: Vec<Breach>,
}

impl Findings {
    /// The message is judged by these clauses.
    pub(super) fn ask(&mut self, clauses: impl IntoIterator<Item = &'static str>) {
        self.asked.extend(clauses.into_iter().map(str::to_owned));
    }

    /// The message breaks a clause.
    pub(super) fn breaks(&mut self, clause: &str, place: impl Into<String>, what: impl Into<String>) {
        self.asked.insert(clause.to_owned());
        self.breaches.push(Breach { clause: clause.to_owned(), place: place.into(), what: what.into() });
    }

    /// Whether it breaks this clause.
    pub(super) fn broke(&self, clause: &str) -> bool {
        self.breaches.iter().any(|breach| breach.clause == clause)
    }

    /// The clauses that it breaks, each once, in the order in which they were found.
    pub(super) fn broken(&self) -> Vec<&str> {
        let mut broken: Vec<&str> = Vec::new();
        for breach in &self.breaches {
            if !broken.contains(&breach.clause.as_str()) {
                broken.push(&breach.clause);
            }
        }
        broken
    }
}
