//! The status of a flow and of its steps, with the product's names where they are known.

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FlowStatus {
    Running,
    /// Every created step is done.
    Completed,
    /// An approver rejected and completed it (article "How do Approvals Work").
    Rejected,
}

impl FlowStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Completed => "Completed",
            Self::Rejected => "Rejected",
        }
    }
}

/// The status of a step, with the product's names (article "How do Approvals Work").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StepStatus {
    Open,
    /// Submitted, approved or rejected.
    Completed,
    /// The flow ended or went back while it was open.
    Abandoned,
}

impl StepStatus {
    /// The product's name; "Open" is this kit's.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Completed => "Completed",
            Self::Abandoned => "Abandoned",
        }
    }
}
