//! The state of a running flow, and what an action makes of it.

use jiff::Timestamp;
use schemas::{Decision, Flow, StepKind, Verdict};

use super::{
    Action, Deed, Event, FlowStatus, Impossible, StepRun, StepStatus,
    actor::{acting, free},
};
use crate::model::{Model, ModelStep};

/// A flow that runs, or has run.
#[derive(Clone, Debug)]
pub struct RunningFlow<'m> {
    model: &'m Model,
    flow: Flow,
    status: FlowStatus,
    /// In the order they were created.
    steps: Vec<StepRun<'m>>,
    /// For each step of the model, whether it is done and what follows it may begin.
    done: Vec<bool>,
}

impl<'m> RunningFlow<'m> {
    /// Starts a flow: its first step is created, for which nothing is sent, since no step came before it.
    pub fn start(model: &'m Model, flow: Flow, now: Timestamp) -> Self {
        let first = model.steps.iter().filter(|step| step.previous.is_empty());
        let steps: Vec<_> = first.map(|step| StepRun::create(step, None, now)).collect();
        let status = if steps.is_empty() { FlowStatus::Completed } else { FlowStatus::Running };
        Self { model, flow, status, steps, done: vec![false; model.steps.len()] }
    }

    /// What messages say of a flow of this model, by the model's own subject and initiator.
    pub fn about(model: &Model, identifier: impl Into<String>) -> Flow {
        Flow {
            flow_identifier: identifier.into(),
            name: Some(model.name.clone()),
            subject: model.subject.clone(),
            initiator: model.initiator.clone(),
        }
    }

    /// What messages say of it.
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// Its model.
    pub fn model(&self) -> &'m Model {
        self.model
    }

    /// What has become of it.
    pub fn status(&self) -> FlowStatus {
        self.status
    }

    /// Every step that was created, in that order; a step that was done again occurs again.
    pub fn steps(&self) -> &[StepRun<'m>] {
        &self.steps
    }

    /// The steps that wait for somebody, in the order they were created.
    pub fn open(&self) -> impl Iterator<Item = &StepRun<'m>> {
        self.steps.iter().filter(|run| run.status == StepStatus::Open)
    }

    /// Does something in an open step, and says what happened by it, in order.
    ///
    /// # Errors
    /// When it is not possible; the flow is then as it was.
    pub fn act(&mut self, action: &Action, now: Timestamp) -> Result<Vec<Event<'m>>, Impossible> {
        let at = self.find_open(&action.step)?;
        let run = &self.steps[at];
        let step = run.step;
        check(step, &action.deed)?;
        for (field, _) in &action.fields {
            if !step.fields.iter().any(|known| known.name == *field) {
                return Err(Impossible::UnknownField { step: step.name.clone(), field: field.clone() });
            }
        }
        let by = acting(run, action.by.as_deref())?;

        let run = &mut self.steps[at];
        for (field, value) in &action.fields {
            run.fill(field, value);
        }
        let verdict = match &action.deed {
            Deed::Submit => Verdict::Approved,
            Deed::Decide { verdict, comment } => {
                let approver = by.clone().or_else(|| self.flow.initiator.clone()).unwrap_or_default();
                let at = Some(now.to_string());
                run.decide(Decision { approver, verdict: *verdict, comment: comment.clone(), at });
                *verdict
            }
        };
        if verdict == Verdict::Approved && waits_for_others(run) {
            return Ok(Vec::new());
        }
        run.complete(by, now);
        let mut events = vec![Event::completed(at, run)];
        match verdict {
            Verdict::Approved => self.go_on(at, now, &mut events),
            Verdict::RejectedAndSentBack => self.go_back(at, now, &mut events),
            Verdict::RejectedAndCompleted => {
                self.abandon(|_| true);
                self.status = FlowStatus::Rejected;
            }
        }
        if self.status == FlowStatus::Running && self.open().next().is_none() {
            self.status = FlowStatus::Completed;
        }
        Ok(events)
    }

    fn find_open(&self, step: &str) -> Result<usize, Impossible> {
        let step = step.to_owned();
        if self.place(&step).is_none() {
            return Err(Impossible::UnknownStep { step });
        }
        if self.status != FlowStatus::Running {
            return Err(Impossible::Ended { step, status: self.status });
        }
        let found = self.steps.iter().position(|run| run.status == StepStatus::Open && run.step.name == step);
        found.ok_or_else(|| {
            let open = self.open().map(|run| run.step.name.clone()).collect();
            Impossible::NotOpen { step, open }
        })
    }

    /// Creates each step that waited only for this one.
    fn go_on(&mut self, completed: usize, now: Timestamp, events: &mut Vec<Event<'m>>) {
        let model = self.model;
        let name = &self.steps[completed].step.name;
        if let Some(place) = self.place(name) {
            self.done[place] = true;
        }
        for step in &model.steps {
            let is_done = |previous: &String| self.place(previous).is_some_and(|place| self.done[place]);
            let ready = step.previous.contains(name) && step.previous.iter().all(is_done);
            if ready {
                self.create(step, completed, now, events);
            }
        }
    }

    /// Creates the step that the rejecting one sends the flow back to; it and what follows it is to be done again. What
    /// was open of that is abandoned, as the article on approvals says of steps in progress; a parallel path that does
    /// not follow goes on, since nothing would create its steps again.
    fn go_back(&mut self, rejecting: usize, now: Timestamp, events: &mut Vec<Event<'m>>) {
        let model = self.model;
        let target = self.steps[rejecting].step.send_back_to.as_deref();
        let Some(target) = target.and_then(|name| model.steps.iter().find(|step| step.name == name)) else { return };
        let again = with_followers(model, target);
        for (place, step) in model.steps.iter().enumerate() {
            self.done[place] &= !again.contains(&step.name.as_str());
        }
        self.abandon(|step| again.contains(&step.name.as_str()));
        self.create(target, rejecting, now, events);
    }

    fn create(&mut self, step: &'m ModelStep, previous: usize, now: Timestamp, events: &mut Vec<Event<'m>>) {
        let before = self.steps.iter().rfind(|run| run.step.name == step.name && run.status == StepStatus::Completed);
        let run = StepRun::create(step, before, now);
        events.push(Event::created(self.steps.len(), &run, &self.steps[previous]));
        self.steps.push(run);
    }

    fn abandon(&mut self, which: impl Fn(&ModelStep) -> bool) {
        for run in &mut self.steps {
            if run.status == StepStatus::Open && which(run.step) {
                run.status = StepStatus::Abandoned;
            }
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.model.steps.iter().position(|step| step.name == name)
    }
}

fn check(step: &ModelStep, deed: &Deed) -> Result<(), Impossible> {
    let (name, kind) = (step.name.clone(), step.kind.clone());
    match deed {
        Deed::Submit if kind.is_approval() => Err(Impossible::NothingToSubmit { step: name, kind }),
        Deed::Decide { .. } if !kind.is_approval() => Err(Impossible::NothingToDecide { step: name, kind }),
        Deed::Decide { verdict: Verdict::RejectedAndSentBack, .. } if step.send_back_to.is_none() => {
            Err(Impossible::NoSendBackTo { step: name })
        }
        Deed::Decide { verdict: Verdict::RejectedAndSentBack | Verdict::RejectedAndCompleted, comment }
            if comment.as_deref().is_none_or(|comment| comment.trim().is_empty()) =>
        {
            Err(Impossible::NoComment { step: name })
        }
        Deed::Submit | Deed::Decide { .. } => Ok(()),
    }
}

/// Whether somebody else must approve too. In a single approval the first decision counts.
fn waits_for_others(run: &StepRun<'_>) -> bool {
    matches!(run.step.kind, StepKind::ParallelApproval | StepKind::SequentialApproval) && !free(run).is_empty()
}

/// A step and all that comes after it.
fn with_followers<'m>(model: &'m Model, step: &'m ModelStep) -> Vec<&'m str> {
    let mut found = vec![step.name.as_str()];
    let mut next = 0;
    while let Some(&name) = found.get(next) {
        let after = model.steps.iter().filter(|step| step.previous.iter().any(|previous| previous == name));
        for step in after {
            if !found.contains(&step.name.as_str()) {
                found.push(&step.name);
            }
        }
        next += 1;
    }
    found
}
