//! A running flow: the actions of people in its steps, their effect on the flow, and the messages that its webhooks send.
//!
//! Nothing here has a clock, reads a file or opens a socket: the time of each action is passed in, so the same actions at
//! the same times give the same messages. Where the help pages are silent, `CONTRACT.md` and the model decide.

mod action;
mod event;
mod paths;
mod running;
mod script;
mod status;
mod step_run;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    action::{Action, ActionError, ActionKind},
    event::{Event, WebhookMessage},
    paths::AllPaths,
    running::{Run, RunningFlow},
    script::{Script, ScriptError, ScriptProblem, ScriptProblems},
    status::{FlowStatus, StepStatus},
    step_run::StepRun,
};
