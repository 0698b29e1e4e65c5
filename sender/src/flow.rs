//! A running flow: what people do in its steps, what that makes of the flow, and the messages that its webhooks send.
//!
//! Nothing here has a clock, reads a file or opens a socket: the time of each action is passed in, so the same actions
//! at the same times give the same messages. Where the help pages say nothing, `CONTRACT.md` and the model decide.
//!
//! ```
//! # use sender::flow::{Action, Deed, RunningFlow};
//! # fn example(model: &sender::Model) -> Result<(), sender::flow::Impossible> {
//! let mut flow = RunningFlow::start(model, RunningFlow::about(model, "FLOW-1"), jiff::Timestamp::now());
//! let form = Action::new("New Customer (Debtor) Form", Deed::Submit);
//! for event in flow.act(&form, jiff::Timestamp::now())? {
//!     for fired in event.fire(flow.flow()) {
//!         println!("{} sends to {}", fired.webhook.name, fired.webhook.endpoint);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod action;
mod actor;
mod event;
mod paths;
mod run;
mod running;
mod script;
mod status;
mod step_run;
#[cfg(test)]
mod tests;

pub use self::{
    action::{Action, Deed, Impossible},
    event::{Event, Fired},
    paths::AllPaths,
    run::Run,
    running::RunningFlow,
    script::{Script, ScriptAction, ScriptProblem, ScriptProblems, Stuck},
    status::{FlowStatus, StepStatus},
    step_run::StepRun,
};
