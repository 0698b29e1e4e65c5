//! A trigger, as options spell it.

use clap::ValueEnum;
use schemas::Trigger;

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum TriggerArg {
    StepCompleted,
    StepCreated,
}

impl TriggerArg {
    pub(super) fn trigger(self) -> Trigger {
        match self {
            Self::StepCompleted => Trigger::StepCompleted,
            Self::StepCreated => Trigger::StepCreated,
        }
    }
}
