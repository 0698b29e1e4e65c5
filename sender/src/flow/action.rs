//! What a person does in a step of a running flow, and why it may not be possible.

use schemas::{StepKind, Verdict};
use serde_json::Value;

use super::FlowStatus;

/// Something that a person does in an open step.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// The step's name.
    pub step: String,
    /// What is done.
    pub deed: Deed,
    /// Who does it; by default the one whose turn it is.
    pub by: Option<String>,
    /// What is filled in: a field's name, and its value in the encoding of its type. Other fields keep what was filled
    /// in when the step was done before, or what the model has.
    pub fields: Vec<(String, Value)>,
}

/// What is done in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A task or a public form is submitted.
    Submit,
    /// An approver decides.
    Decide {
        /// What is decided.
        verdict: Verdict,
        /// Why; a rejection needs it.
        comment: Option<String>,
    },
}

impl Action {
    /// By the one whose turn it is, who fills in what the model has.
    pub fn new(step: impl Into<String>, deed: Deed) -> Self {
        Self { step: step.into(), deed, by: None, fields: Vec::new() }
    }
}

/// Why an action is not possible. The flow stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Impossible {
    /// The step's people have other names.
    #[error("`{by}` is none of those who act in `{step}`: {}", names(actors))]
    NotAnActor {
        /// The step.
        step: String,
        /// Who tried.
        by: String,
        /// Who could.
        actors: Vec<String>,
    },
    /// Each decides once.
    #[error("`{by}` has decided in `{step}` already; {} still to decide", still(waiting))]
    AlreadyDecided {
        /// The step.
        step: String,
        /// Who tried.
        by: String,
        /// Who has not decided.
        waiting: Vec<String>,
    },
    /// A sequential approval has an order.
    #[error("it is not the turn of `{by}` in `{step}`: `{next}` decides first")]
    NotTheirTurn {
        /// The step.
        step: String,
        /// Who tried.
        by: String,
        /// Whose turn it is.
        next: String,
    },
    /// The step has not been reached, or is done.
    #[error("`{step}` is not open; {}", open_now(open))]
    NotOpen {
        /// The step.
        step: String,
        /// Those that are.
        open: Vec<String>,
    },
    /// The flow is over.
    #[error("the flow has ended ({status}), so nothing can be done in `{step}`")]
    Ended {
        /// The step.
        step: String,
        /// How it ended.
        status: FlowStatus,
    },
    /// There is no such step.
    #[error("the model has no step `{step}`")]
    UnknownStep {
        /// The name.
        step: String,
    },
    /// The step's form has no such field.
    #[error("the form of `{step}` has no field `{field}`")]
    UnknownField {
        /// The step.
        step: String,
        /// The name.
        field: String,
    },
    /// Only approvals are decided.
    #[error("`{step}` is of the kind {}, in which nothing is decided; submit it", kind.as_str())]
    NothingToDecide {
        /// The step.
        step: String,
        /// Its kind.
        kind: StepKind,
    },
    /// Approvals are decided, not submitted.
    #[error("`{step}` is of the kind {}, which is approved or rejected, not submitted", kind.as_str())]
    NothingToSubmit {
        /// The step.
        step: String,
        /// Its kind.
        kind: StepKind,
    },
    /// A rejection says why.
    #[error("a rejection needs a comment, and that of `{step}` has none")]
    NoComment {
        /// The step.
        step: String,
    },
    /// The model does not say where to.
    #[error("`{step}` cannot send the flow back: its model has no `sendBackTo`")]
    NoSendBackTo {
        /// The step.
        step: String,
    },
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
