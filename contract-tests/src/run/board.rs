//! What is known so far of the cases of a run, and of the outages that one of them was followed by.

use std::time::Duration;

use super::{
    outcome::{Outcome, Reason, one_of},
    plan::Plan,
};

/// What is known so far.
pub(super) struct Board {
    /// In the order of the plan; nothing for a case that is not known yet, or that sends nothing.
    pub(super) outcomes: Vec<Option<Outcome>>,
    /// Whether a case was counted as done.
    pub(super) is_counted: Vec<bool>,
    /// How long the endpoint was down after each case that was found to be why.
    pub(super) outages: Vec<(usize, Option<Duration>)>,
    /// Outages of which no single case was found to be why: the cases before, and how long.
    pub(super) unexplained: Vec<(Vec<usize>, Duration)>,
    /// The cases of which one put the endpoint out of service until the end.
    pub(super) down_after: Option<Vec<usize>>,
}

impl Board {
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

    /// Why a case is not known, as far as that follows from an endpoint that is down.
    pub(super) fn down(&self, plan: &Plan<'_>) -> Option<Reason> {
        let after = self.down_after.as_ref()?;
        Some(Reason::Down { after: ids(plan, after) })
    }

    /// What a reader must know of the outages.
    pub(super) fn notices(&self, plan: &Plan<'_>) -> Vec<String> {
        let mut notices = Vec::new();
        for (index, lasted) in &self.outages {
            let Some(lasted) = lasted else { continue };
            notices.push(format!(
                "After {} the endpoint did not accept the plain valid message for {:.1} s. The run waited for it and went on.",
                plan.cases[*index].id,
                lasted.as_secs_f32()
            ));
        }
        for (after, lasted) in &self.unexplained {
            notices.push(format!(
                "After {} the endpoint did not accept the plain valid message for {:.1} s. Which of these cases caused that is not known. The run waited for it and went on.",
                one_of(&ids(plan, after)),
                lasted.as_secs_f32()
            ));
        }
        if let Some(after) = &self.down_after {
            let is_down = |outcome: &Option<Outcome>| matches!(outcome, Some(Outcome::Skipped(Reason::Down { .. })));
            let untested = self.outcomes.iter().filter(|outcome| is_down(outcome)).count();
            let rest = match untested {
                0 => "Everything else had been tested before.".to_owned(),
                _ => format!(
                    "{untested} cases were not tested because of that: restart it, and leave the case out (--skip) to test them."
                ),
            };
            notices.push(format!(
                "After {} the endpoint did not accept the plain valid message any more. Its log should say why: a crash, a request that keeps it busy, or a lock after wrong credentials. {rest}",
                one_of(&ids(plan, after))
            ));
        }
        notices
    }
}

fn ids(plan: &Plan<'_>, indexes: &[usize]) -> Vec<&'static str> {
    indexes.iter().map(|index| plan.cases[*index].id.as_str()).collect()
}
