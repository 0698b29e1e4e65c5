//! The clauses that apply to a message, and those that it violates.

use std::collections::BTreeSet;

/// A violation of a clause: where it is and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) clause: String,
    pub(super) place: String,
    pub(super) what: String,
}

#[derive(Default)]
pub(super) struct MessageChecks {
    pub(super) applied: BTreeSet<String>,
    pub(super) violations: Vec<Violation>,
}

impl MessageChecks {
    pub(super) fn applies(&mut self, clauses: impl IntoIterator<Item = &'static str>) {
        self.applied.extend(clauses.into_iter().map(str::to_owned));
    }

    pub(super) fn violates(&mut self, clause: &str, place: impl Into<String>, what: impl Into<String>) {
        self.applied.insert(clause.to_owned());
        self.violations.push(Violation { clause: clause.to_owned(), place: place.into(), what: what.into() });
    }

    /// Whether it violates this clause.
    pub(super) fn has_violation(&self, clause: &str) -> bool {
        self.violations.iter().any(|violation| violation.clause == clause)
    }

    /// The clauses that it violates, without repetitions, in the order in which they were found.
    pub(super) fn violated_clauses(&self) -> Vec<&str> {
        let mut clauses: Vec<&str> = Vec::new();
        for violation in &self.violations {
            if !clauses.contains(&violation.clause.as_str()) {
                clauses.push(&violation.clause);
            }
        }
        clauses
    }
}
