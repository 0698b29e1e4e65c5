//! What has become of a flow and of its steps, in the product's words where they are known.

use std::fmt;

/// What has become of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlowStatus {
    /// Some step is open.
    Running,
    /// Every step that was reached is done.
    Completed,
    /// An approver rejected it for good (article "How do Approvals Work").
    Rejected,
}

impl FlowStatus {
    /// The word that people see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Completed => "Completed",
            Self::Rejected => "Rejected",
        }
    }
}

impl fmt::Display for FlowStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What has become of a step, in the product's words (article "How do Approvals Work").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepStatus {
    /// It waits for somebody.
    Open,
    /// It was submitted, approved or rejected.
    Completed,
    /// The flow ended or went back while it was open.
    Abandoned,
}

impl StepStatus {
    /// The product's word, but for "Open", which is ours.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Completed => "Completed",
            Self::Abandoned => "Abandoned",
        }
    }
}

impl fmt::Display for StepStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
