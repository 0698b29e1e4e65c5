//! Terms that never both hold: an error is more use than an empty list.

use super::{Pattern, Predicate, State, Term};

/// Two terms that no message matches both.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no message can match both `{first}` and `{second}`")]
pub struct Contradiction {
    /// The index of the second term in its query.
    pub index: usize,
    /// The first term.
    pub first: Term,
    /// The second term.
    pub second: Term,
}

pub(super) fn find(terms: &[Term]) -> Option<Contradiction> {
    terms.iter().enumerate().find_map(|(index, second)| {
        let first = terms[..index].iter().find(|first| exclude(first, second))?;
        Some(Contradiction { index, first: first.clone(), second: second.clone() })
    })
}

fn exclude(first: &Term, second: &Term) -> bool {
    match (first.negated, second.negated) {
        (true, true) => false,
        (false, false) => {
            are_disjoint(&first.predicate, &second.predicate) || are_disjoint(&second.predicate, &first.predicate)
        }
        _ => first.predicate == second.predicate,
    }
}

fn are_disjoint(first: &Predicate, second: &Predicate) -> bool {
    use Predicate::{Arrivals, Clause, Endpoint, Flow, Is, Since, Size, Step, Trigger, Until};
    match (first, second) {
        (Endpoint(first), Endpoint(second)) | (Flow(first), Flow(second)) | (Step(first), Step(second)) => {
            are_disjoint_patterns(first, second)
        }
        (Trigger(first), Trigger(second)) => first != second,
        (Is(first), Is(second)) => first != second && ![first, second].contains(&&State::Repeated),
        (Is(State::Holds | State::Captured), Clause(_)) => true,
        (Since(since), Until(until)) => since.at >= until.at,
        (Size(first), Size(second)) | (Arrivals(first), Arrivals(second)) => first.intersect(*second).is_none(),
        // A message can have several arrivals, destinations, clauses, fields and words.
        _ => false,
    }
}

fn are_disjoint_patterns(first: &Pattern, second: &Pattern) -> bool {
    match (first, second) {
        (Pattern::Exact(exact), pattern) | (pattern, Pattern::Exact(exact)) => !pattern.matches(exact),
        (Pattern::Prefix(first), Pattern::Prefix(second)) => {
            !first.starts_with(second.as_str()) && !second.starts_with(first.as_str())
        }
    }
}
