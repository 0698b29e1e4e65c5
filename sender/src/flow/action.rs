//! An action of a person in a step of a running flow, and why it may be impossible.

use schemas::{StepKind, Verdict};
use serde_json::Value;

use super::FlowStatus;

/// An action of a person in an open step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Action {
    pub(crate) step: String,
    pub(crate) kind: ActionKind,
    /// The person; by default the one whose turn it is.
    pub(crate) by: Option<String>,
    /// Fields to fill in: name and value, in the encoding of the field's type. Other fields keep the value from an earlier
    /// run of the step, or the model's.
    pub(crate) fields: Vec<(String, Value)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ActionKind {
    /// A task or a public form is submitted.
    Submit,
    Decide {
        verdict: Verdict,
        /// Required for a rejection.
        comment: Option<String>,
    },
}

impl Action {
    /// An action of the person whose turn it is, with the model's values.
    pub(crate) fn new(step: impl Into<String>, kind: ActionKind) -> Self {
        Self { step: step.into(), kind, by: None, fields: Vec::new() }
    }
}

/// Why an action is impossible. The flow is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ActionError {
    #[error("`{by}` is not an actor of `{step}`; its actors are {}", names(actors))]
    NotAnActor { step: String, by: String, actors: Vec<String> },
    #[error("`{by}` has decided in `{step}` already; {} still to decide", still(waiting))]
    AlreadyDecided { step: String, by: String, waiting: Vec<String> },
    #[error("it is not the turn of `{by}` in `{step}`: `{next}` decides first")]
    NotTheirTurn { step: String, by: String, next: String },
    #[error("`{step}` is not open; {}", open_now(open))]
    NotOpen { step: String, open: Vec<String> },
    #[error("the flow has ended ({}), so `{step}` accepts no actions", status.as_str())]
    Ended { step: String, status: FlowStatus },
    #[error("the model has no step `{step}`")]
    UnknownStep { step: String },
    #[error("the form of `{step}` has no field `{field}`")]
    UnknownField { step: String, field: String },
    #[error("`{step}` has the type {}, which is submitted, not decided", kind.as_str())]
    NothingToDecide { step: String, kind: StepKind },
    #[error("`{step}` has the type {}, which is approved or rejected, not submitted", kind.as_str())]
    NothingToSubmit { step: String, kind: StepKind },
    #[error("the rejection in `{step}` needs a comment")]
    NoComment { step: String },
    #[error("`{step}` cannot send the flow back: its model has no `sendBackTo`")]
    NoSendBackTo { step: String },
}

fn names(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn still(waiting: &[String]) -> String {
    match waiting {
        [one] => format!("`{one}` has"),
        several => format!("{} have", names(several)),
    }
}

fn open_now(open: &[String]) -> String {
    match open {
        [] => "no step is".to_owned(),
        [one] => format!("only `{one}` is"),
        several => format!("{} are", names(several)),
    }
}
