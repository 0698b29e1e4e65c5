//! A step of a running flow and the decisions taken in it.

use serde::{Deserialize, Deserializer, Serialize};

use crate::field::Field;

/// A step, with the values of its form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Its name in the modeler, such as `New Customer (Debtor) Form`.
    pub step_identifier: String,
    /// What kind of step it is.
    #[serde(rename = "type", default)]
    pub kind: Option<StepKind>,
    /// Who can open it; only for a public form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// When it was created: RFC 3339, UTC.
    #[serde(default)]
    pub created_at: Option<String>,
    /// When it was completed: RFC 3339, UTC.
    #[serde(default)]
    pub completed_at: Option<String>,
    /// Who completed it.
    #[serde(default)]
    pub completed_by: Option<String>,
    /// The decisions in the order they were made; only for an approval.
    #[serde(default, deserialize_with = "null_as_none", skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// The fields of its form.
    pub fields: Vec<Field>,
}

fn null_as_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Decision>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The kinds of step that the help page names, and one for kinds that it does not name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum StepKind {
    /// A person or team completes a task, with or without a form.
    Task,
    /// One person, or one of a team, decides.
    Approval,
    /// Several people decide within one step.
    ParallelApproval,
    /// Several people decide one after the other.
    SequentialApproval,
    /// A form for people without an account.
    PublicForm,
    /// A kind that this kit does not know, as received.
    Other(String),
}

impl StepKind {
    /// The kinds that the help page names.
    pub const KNOWN: [Self; 5] =
        [Self::Task, Self::Approval, Self::ParallelApproval, Self::SequentialApproval, Self::PublicForm];

    /// The value in profile v1.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Task => "task",
            Self::Approval => "approval",
            Self::ParallelApproval => "parallelApproval",
            Self::SequentialApproval => "sequentialApproval",
            Self::PublicForm => "publicForm",
            Self::Other(word) => word,
        }
    }

    /// Whether it is an approval.
    pub fn is_approval(&self) -> bool {
        matches!(self, Self::Approval | Self::ParallelApproval | Self::SequentialApproval)
    }
}

impl From<String> for StepKind {
    fn from(word: String) -> Self {
        Self::KNOWN.into_iter().find(|kind| kind.as_str() == word).unwrap_or(Self::Other(word))
    }
}

impl From<StepKind> for String {
    fn from(kind: StepKind) -> Self {
        match kind {
            StepKind::Other(word) => word,
            known => known.as_str().to_owned(),
        }
    }
}

/// Who can open a public form (help page, *Triggers*: "public or intranet").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Access {
    /// Anyone.
    Public,
    /// People on the organisation's own network.
    Intranet,
}

/// What one approver decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Who decided.
    pub approver: String,
    /// What was decided.
    #[serde(rename = "decision")]
    pub verdict: Verdict,
    /// Why; a rejection has one.
    #[serde(default)]
    pub comment: Option<String>,
    /// When: RFC 3339, UTC.
    #[serde(default)]
    pub at: Option<String>,
}

/// The ways an approval can end. A rejected step is recorded as completed too, so the decision is read from the data,
/// never from the trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// The flow continues.
    Approved,
    /// The flow goes back to an earlier step.
    RejectedAndSentBack,
    /// The flow ends with the status "Rejected".
    RejectedAndCompleted,
}
