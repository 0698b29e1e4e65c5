//! Every path through a model: each decision at each step, depth first. So every kind of message that the model's
//! webhooks can send occurs.

use jiff::Timestamp;
use schemas::{Flow, Verdict};

use super::{Action, Deed, FlowStatus, Run, RunningFlow, StepRun, StepStatus};
use crate::model::{Model, ModelStep};

/// The comment of every rejection.
const REJECTED_FOR: &str = "The amounts do not add up: please check them.";

/// The runs of a model, one for each path, in a fixed order that begins with the one in which all approve.
///
/// Tasks are submitted as the model fills them in. Each approval is approved, rejected and sent back (once a run, where
/// the model says where to), and rejected and completed; where several people decide, it is rejected by the first and
/// by the second, after the first approved. Of the open steps the first in the model is done first, so parallel paths
/// meet in one order. The flows are `FLOW-1`, `FLOW-2` and so on.
#[derive(Clone, Debug)]
pub struct AllPaths<'m> {
    model: &'m Model,
    about: Flow,
    start: Timestamp,
    /// Which of how many choices the next run takes, one after the other; where it ends, the first.
    path: Vec<(usize, usize)>,
    /// The number of the next flow; `None` at the end.
    next: Option<usize>,
}

impl<'m> AllPaths<'m> {
    /// Every path of a checked model. The flow's identifier is replaced.
    pub fn new(model: &'m Model, about: Flow, start: Timestamp) -> Self {
        Self { model, about, start, path: Vec::new(), next: Some(1) }
    }

    fn run(&mut self, number: usize) -> Run<'m> {
        let about = Flow { flow_identifier: format!("FLOW-{number}"), ..self.about.clone() };
        let mut run = Run::new(RunningFlow::start(self.model, about, self.start), self.start);
        let mut depth = 0;
        while run.flow.status() == FlowStatus::Running {
            let Some(open) = first_open(&run.flow) else { break };
            let mut choices = choices(&run.flow, open);
            if depth == self.path.len() {
                self.path.push((0, choices.len()));
            }
            let deed = choices.swap_remove(self.path[depth].0);
            depth += 1;
            let action = Action::new(open.step.name.clone(), deed);
            run.act(&action).expect("only what is possible is among the choices");
        }
        run
    }

    /// Turns to the next path: the last decision that can be another becomes it.
    fn advance(&mut self) -> bool {
        while let Some((taken, of)) = self.path.pop() {
            if taken + 1 < of {
                self.path.push((taken + 1, of));
                return true;
            }
        }
        false
    }
}

impl<'m> Iterator for AllPaths<'m> {
    type Item = Run<'m>;

    fn next(&mut self) -> Option<Run<'m>> {
        let number = self.next?;
        let run = self.run(number);
        self.next = self.advance().then_some(number + 1);
        Some(run)
    }
}

fn first_open<'f, 'm>(flow: &'f RunningFlow<'m>) -> Option<&'f StepRun<'m>> {
    let place = |run: &&StepRun<'m>| flow.model().steps.iter().position(|step| step.name == run.step.name);
    flow.open().min_by_key(place)
}

/// What can be done in an open step, approval first.
fn choices(flow: &RunningFlow<'_>, open: &StepRun<'_>) -> Vec<Deed> {
    if !open.step.kind.is_approval() {
        return vec![Deed::Submit];
    }
    let mut choices = vec![Deed::Decide { verdict: Verdict::Approved, comment: None }];
    if open.snapshot.decisions.len() <= 1 {
        let reject = |verdict| Deed::Decide { verdict, comment: Some(REJECTED_FOR.to_owned()) };
        if open.step.send_back_to.is_some() && !has_sent_back(flow, open.step) {
            choices.push(reject(Verdict::RejectedAndSentBack));
        }
        choices.push(reject(Verdict::RejectedAndCompleted));
    }
    choices
}

fn has_sent_back(flow: &RunningFlow<'_>, step: &ModelStep) -> bool {
    flow.steps().iter().any(|run| {
        run.step.name == step.name
            && run.status == StepStatus::Completed
            && run.snapshot.decisions.iter().any(|decision| decision.verdict == Verdict::RejectedAndSentBack)
    })
}
