//! The outcomes of a run so far, and the outages that followed some cases.

use std::time::Duration;

use super::{
    case_runner::ACCEPTS_ANYTHING,
    outcome::{Outcome, SkipReason, one_of},
};
use crate::case::{Action, Case};

pub(super) struct RunState {
    /// In the order of the plan; `None` for a case without an outcome yet, and for an invariant.
    pub(super) outcomes: Vec<Option<Outcome>>,
    /// Whether a case was counted in the progress.
    pub(super) is_counted: Vec<bool>,
    /// Cases that caused an outage, and its duration if it ended.
    pub(super) outages: Vec<(usize, Option<Duration>)>,
    /// Outages without a single cause: the cases before, and the duration.
    pub(super) unexplained: Vec<(Vec<usize>, Duration)>,
    /// The cases one of which put the endpoint out of service until the end.
    pub(super) down_after: Option<Vec<usize>>,
}

impl RunState {
    pub(super) fn new(cases: usize) -> Self {
        Self {
            outcomes: (0..cases).map(|_| None).collect(),
            is_counted: vec![false; cases],
            outages: Vec::new(),
            unexplained: Vec::new(),
            down_after: None,
        }
    }

    pub(super) fn is_down(&self) -> bool {
        self.down_after.is_some()
    }

    /// Why a case has no outcome, if the endpoint is down.
    pub(super) fn down(&self, cases: &[&'static Case]) -> Option<SkipReason> {
        let after = self.down_after.as_ref()?;
        Some(SkipReason::EndpointDown { after: ids(cases, after) })
    }

    /// The notices on outages and on a server that accepts everything.
    pub(super) fn notices(&self, cases: &[&'static Case]) -> Vec<String> {
        let mut notices = Vec::new();
        for (index, lasted) in &self.outages {
            let Some(lasted) = lasted else { continue };
            notices.push(format!(
                "After {} the endpoint did not accept the plain valid message for {:.1} s. The run waited and went on.",
                cases[*index].id,
                lasted.as_secs_f32()
            ));
        }
        for (after, lasted) in &self.unexplained {
            notices.push(format!(
                "After {} the endpoint did not accept the plain valid message for {:.1} s. It is not known which of these cases caused that. The run waited and went on.",
                one_of(&ids(cases, after)),
                lasted.as_secs_f32()
            ));
        }
        if let Some(after) = &self.down_after {
            let is_down =
                |outcome: &Option<Outcome>| matches!(outcome, Some(Outcome::Skipped(SkipReason::EndpointDown { .. })));
            let untested = self.outcomes.iter().filter(|outcome| is_down(outcome)).count();
            let rest = match untested {
                0 => "Everything else had been tested before.".to_owned(),
                _ => format!(
                    "{untested} cases were not tested because of that: restart it, and exclude the case (--skip) to test them."
                ),
            };
            notices.push(format!(
                "After {} the endpoint stopped accepting the plain valid message. See its log for the reason: a crash, a request that keeps it busy, or a lock after wrong credentials. {rest}",
                one_of(&ids(cases, after))
            ));
        }
        let accepts_anything = cases.iter().zip(&self.outcomes).filter(|(case, outcome)| {
            matches!(outcome, Some(Outcome::Skipped(SkipReason::NothingObserved(reason))) if *reason == ACCEPTS_ANYTHING)
                && matches!(&case.action, Action::Send(exchange) if exchange.compares_unknown_path())
        });
        let count = accepts_anything.count();
        // A way around the check that was found says more.
        let is_open = cases
            .iter()
            .zip(&self.outcomes)
            .any(|(case, outcome)| case.clause == "AUTH-28" && matches!(outcome, Some(Outcome::Failed(_))));
        if count > 0 && !is_open {
            notices.push(format!(
                "The server accepts messages without a credential at a path that does not exist, so {count} cases of AUTH-28 \
                 prove nothing. If the application behind it handles every path, it stores such messages unchecked: check \
                 the credential for every path (in nginx in `location /`, not in `location =`)."
            ));
        }
        notices
    }
}

fn ids(cases: &[&'static Case], indexes: &[usize]) -> Vec<&'static str> {
    indexes.iter().map(|index| cases[*index].id.as_str()).collect()
}
