//! Every path through a model: each decision at each step, depth first, so that every kind of message occurs that the
//! model's webhooks can send.

use jiff::Timestamp;
use schemas::{Flow, Verdict};

use super::{Action, ActionKind, FlowStatus, Run, RunningFlow, StepRun, StepStatus};
use crate::model::{Model, ModelStep};

const REJECTION_COMMENT: &str = "The amounts do not add up: please check them.";

/// The runs of a model, one for each path, in a fixed order that begins with the run in which everyone approves.
///
/// Tasks are submitted with the model's values. Each approval is approved, rejected and sent back (once per run, if the
/// model has `sendBackTo`), and rejected and completed; if several people decide, the first rejects, or the second after
/// the first has approved. Open steps are done in the order of the model, so parallel paths meet in one order. The flows
/// are `FLOW-1`, `FLOW-2` and so on.
#[derive(Clone, Debug)]
pub(crate) struct AllPaths<'m> {
    model: &'m Model,
    flow: Flow,
    start: Timestamp,
    /// The choice of the next run at each step and the number of choices; after its end, the first choice.
    path: Vec<(usize, usize)>,
    /// The number of the next flow; `None` at the end.
    next: Option<usize>,
}

impl<'m> AllPaths<'m> {
    /// Every path of a checked model. The flow's identifier is replaced.
    pub(crate) fn new(model: &'m Model, flow: Flow, start: Timestamp) -> Self {
        Self { model, flow, start, path: Vec::new(), next: Some(1) }
    }

    fn run(&mut self, number: usize) -> Run<'m> {
        let flow = Flow { flow_identifier: format!("FLOW-{number}"), ..self.flow.clone() };
        let mut run = Run::new(RunningFlow::start(self.model, flow, self.start), self.start);
        let mut depth = 0;
        while run.flow.status == FlowStatus::Running {
            let Some(open) = first_open(&run.flow) else { break };
            let mut choices = choices(&run.flow, open);
            if depth == self.path.len() {
                self.path.push((0, choices.len()));
            }
            let kind = choices.swap_remove(self.path[depth].0);
            depth += 1;
            let action = Action::new(open.step.name.clone(), kind);
            run.act(&action).expect("only possible actions are among the choices");
        }
        run
    }

    /// Moves to the next path: advances the last decision that has another choice.
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
    let place = |run: &&StepRun<'m>| flow.model.steps.iter().position(|step| step.name == run.step.name);
    flow.open().min_by_key(place)
}

/// The possible actions in an open step, approval first.
fn choices(flow: &RunningFlow<'_>, open: &StepRun<'_>) -> Vec<ActionKind> {
    if !open.step.kind.is_approval() {
        return vec![ActionKind::Submit];
    }
    let mut choices = vec![ActionKind::Decide { verdict: Verdict::Approved, comment: None }];
    if open.snapshot.decisions.len() <= 1 {
        let reject = |verdict| ActionKind::Decide { verdict, comment: Some(REJECTION_COMMENT.to_owned()) };
        if open.step.send_back_to.is_some() && !has_sent_back(flow, open.step) {
            choices.push(reject(Verdict::RejectedAndSentBack));
        }
        choices.push(reject(Verdict::RejectedAndCompleted));
    }
    choices
}

fn has_sent_back(flow: &RunningFlow<'_>, step: &ModelStep) -> bool {
    flow.steps.iter().any(|run| {
        run.step.name == step.name
            && run.status == StepStatus::Completed
            && run.snapshot.decisions.iter().any(|decision| decision.verdict == Verdict::RejectedAndSentBack)
    })
}
