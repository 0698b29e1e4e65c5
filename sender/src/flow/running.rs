//! A running flow: its state and the effect of each action.

use jiff::{SignedDuration, Timestamp};
use schemas::{Decision, Flow, StepKind, Verdict};

use super::{Action, ActionError, ActionKind, Event, FlowStatus, StepRun, StepStatus, WebhookMessage};
use crate::model::{Model, ModelStep};

#[derive(Clone, Debug)]
pub(crate) struct RunningFlow<'m> {
    pub(crate) model: &'m Model,
    /// The flow part of its messages.
    pub(crate) flow: Flow,
    pub(crate) status: FlowStatus,
    /// In the order of creation; a repeated step occurs again.
    pub(crate) steps: Vec<StepRun<'m>>,
    /// For each step of the model, whether it is done, so that the next steps can begin.
    done: Vec<bool>,
}

impl<'m> RunningFlow<'m> {
    /// Starts a flow: creates its first step. No message is sent for it, because it has no previous step.
    pub(crate) fn start(model: &'m Model, flow: Flow, now: Timestamp) -> Self {
        let first = model.steps.iter().filter(|step| step.previous.is_empty());
        let steps: Vec<_> = first.map(|step| StepRun::create(step, None, now)).collect();
        let status = if steps.is_empty() { FlowStatus::Completed } else { FlowStatus::Running };
        Self { model, flow, status, steps, done: vec![false; model.steps.len()] }
    }

    /// The flow part of messages for this model, with the model's own subject and initiator.
    pub(crate) fn describe(model: &Model, identifier: impl Into<String>) -> Flow {
        Flow {
            flow_identifier: identifier.into(),
            name: Some(model.name.clone()),
            subject: model.subject.clone(),
            initiator: model.initiator.clone(),
        }
    }

    /// The open steps in the order of creation.
    pub(crate) fn open(&self) -> impl Iterator<Item = &StepRun<'m>> {
        self.steps.iter().filter(|run| run.status == StepStatus::Open)
    }

    /// Performs an action in an open step and returns the resulting events, in order.
    ///
    /// # Errors
    /// When it is not possible; the flow is then unchanged.
    pub(crate) fn act(&mut self, action: &Action, now: Timestamp) -> Result<Vec<Event<'m>>, ActionError> {
        let at = self.find_open(&action.step)?;
        let run = &self.steps[at];
        let step = run.step;
        check_kind(step, &action.kind)?;
        for (field, _) in &action.fields {
            if !step.fields.iter().any(|known| known.name == *field) {
                return Err(ActionError::UnknownField { step: step.name.clone(), field: field.clone() });
            }
        }
        let by = resolve_actor(run, action.by.as_deref())?;

        let run = &mut self.steps[at];
        for (field, value) in &action.fields {
            run.fill(field, value);
        }
        let verdict = match &action.kind {
            ActionKind::Submit => Verdict::Approved,
            ActionKind::Decide { verdict, comment } => {
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
            Verdict::Approved => self.advance(at, now, &mut events),
            Verdict::RejectedAndSentBack => self.send_back(at, now, &mut events),
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

    fn find_open(&self, step: &str) -> Result<usize, ActionError> {
        let step = step.to_owned();
        if self.place(&step).is_none() {
            return Err(ActionError::UnknownStep { step });
        }
        if self.status != FlowStatus::Running {
            return Err(ActionError::Ended { step, status: self.status });
        }
        let found = self.steps.iter().position(|run| run.status == StepStatus::Open && run.step.name == step);
        found.ok_or_else(|| {
            let open = self.open().map(|run| run.step.name.clone()).collect();
            ActionError::NotOpen { step, open }
        })
    }

    /// Creates each step that waited only for this one.
    fn advance(&mut self, completed: usize, now: Timestamp, events: &mut Vec<Event<'m>>) {
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

    /// Creates the step that the rejecting one sends the flow back to; it and the steps after it are done again. Those of
    /// them that are open are abandoned, as the article on approvals states for steps in progress. A parallel path
    /// continues, because nothing would create its steps again.
    fn send_back(&mut self, rejecting: usize, now: Timestamp, events: &mut Vec<Event<'m>>) {
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

/// Time from the start or one action to the next.
const ACTION_INTERVAL: SignedDuration = SignedDuration::from_mins(15);

/// A flow and the messages of its webhooks, in order. Actions follow each other at a fixed interval, so a run depends only
/// on its model, its start and its actions.
#[derive(Clone, Debug)]
pub(crate) struct Run<'m> {
    pub(crate) flow: RunningFlow<'m>,
    pub(crate) messages: Vec<WebhookMessage<'m>>,
    now: Timestamp,
}

impl<'m> Run<'m> {
    pub(crate) fn new(flow: RunningFlow<'m>, start: Timestamp) -> Self {
        Self { flow, messages: Vec::new(), now: start }
    }

    /// Performs an action, a quarter of an hour after the one before.
    ///
    /// # Errors
    /// When it is not possible; the run is then unchanged.
    pub(crate) fn act(&mut self, action: &Action) -> Result<(), ActionError> {
        let now = self.now.checked_add(ACTION_INTERVAL).unwrap_or(Timestamp::MAX);
        let events = self.flow.act(action, now)?;
        self.messages.extend(events.iter().flat_map(|event| event.messages(&self.flow.flow)));
        self.now = now;
        Ok(())
    }
}

fn check_kind(step: &ModelStep, action: &ActionKind) -> Result<(), ActionError> {
    let (name, kind) = (step.name.clone(), step.kind.clone());
    match action {
        ActionKind::Submit if kind.is_approval() => Err(ActionError::NothingToSubmit { step: name, kind }),
        ActionKind::Decide { .. } if !kind.is_approval() => Err(ActionError::NothingToDecide { step: name, kind }),
        ActionKind::Decide { verdict: Verdict::RejectedAndSentBack, .. } if step.send_back_to.is_none() => {
            Err(ActionError::NoSendBackTo { step: name })
        }
        ActionKind::Decide { verdict: Verdict::RejectedAndSentBack | Verdict::RejectedAndCompleted, comment }
            if comment.as_deref().is_none_or(|comment| comment.trim().is_empty()) =>
        {
            Err(ActionError::NoComment { step: name })
        }
        ActionKind::Submit | ActionKind::Decide { .. } => Ok(()),
    }
}

/// Whether other approvals are needed. In a single approval the first decision counts.
fn waits_for_others(run: &StepRun<'_>) -> bool {
    matches!(run.step.kind, StepKind::ParallelApproval | StepKind::SequentialApproval) && !open_seats(run).is_empty()
}

/// A step and all the steps after it.
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

/// The person who acts: `by`, or the one whose turn it is. `None` if neither the model nor `by` names one.
///
/// An actor that is not an e-mail address is a team or a role: anyone may act for it, because a model does not list its
/// members.
fn resolve_actor(run: &StepRun<'_>, by: Option<&str>) -> Result<Option<String>, ActionError> {
    let open: Vec<&str> = open_seats(run);
    let Some(by) = by else { return Ok(open.first().map(|&actor| actor.to_owned())) };
    let seats = match run.step.kind {
        StepKind::PublicForm => return Ok(Some(by.to_owned())),
        StepKind::SequentialApproval => open.get(..1).unwrap_or_default(),
        _ => &open,
    };
    if run.step.actors.is_empty() || seats.iter().any(|actor| fits(actor, by)) {
        return Ok(Some(by.to_owned()));
    }
    let step = run.step.name.clone();
    let by = by.to_owned();
    Err(if run.snapshot.decisions.iter().any(|decision| decision.approver == by) {
        ActionError::AlreadyDecided { step, by, waiting: open.into_iter().map(str::to_owned).collect() }
    } else if let (Some(next), true) = (seats.first(), open.iter().any(|actor| fits(actor, &by))) {
        ActionError::NotTheirTurn { step, by, next: (*next).to_owned() }
    } else {
        ActionError::NotAnActor { step, by, actors: run.step.actors.clone() }
    })
}

/// The actors that have not decided, in the model's order. A decision takes the seat of its approver, or else that of the
/// first team.
fn open_seats<'m>(run: &StepRun<'m>) -> Vec<&'m str> {
    let mut open: Vec<&str> = run.step.actors.iter().map(String::as_str).collect();
    for decision in &run.snapshot.decisions {
        let approver = decision.approver.as_str();
        let own = open.iter().position(|actor| *actor == approver);
        if let Some(seat) = own.or_else(|| open.iter().position(|actor| fits(actor, approver))) {
            open.remove(seat);
        }
    }
    open
}

fn fits(actor: &str, by: &str) -> bool {
    actor == by || !actor.contains('@')
}
