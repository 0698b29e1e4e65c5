//! The options that choose among stored messages.

use clap::{Args, ValueEnum};
use schemas::{
    Trigger,
    timestamp::{self, EmptyRange},
};

use crate::time::TimeArg;

/// Which messages.
#[derive(Args, Clone, Debug, Default)]
pub struct FilterArgs {
    /// Only messages received at this endpoint of the receiver.
    #[arg(long, value_name = "NAME")]
    pub endpoint: Option<String>,

    /// Only messages of this flow, such as FLOW-604.
    #[arg(long, value_name = "ID")]
    pub flow: Option<String>,

    /// Only messages of this step.
    #[arg(long, value_name = "NAME")]
    pub step: Option<String>,

    /// Only messages with this trigger.
    #[arg(long, value_name = "TRIGGER")]
    pub trigger: Option<TriggerArg>,

    /// Only messages received at or after this time, such as 2026-11-24T08:00:00Z, 2h (ago) or yesterday; a day is its
    /// start in UTC.
    #[arg(long, value_name = "TIME")]
    pub since: Option<TimeArg>,

    /// Only messages received before this time; a day is its start in UTC.
    #[arg(long, value_name = "TIME")]
    pub until: Option<TimeArg>,
}

/// A trigger, as options spell it.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[expect(missing_docs, reason = "clap would make a list of them in every help")]
pub enum TriggerArg {
    StepCompleted,
    StepCreated,
}

impl FilterArgs {
    /// Refuses a time range in which nothing can be.
    ///
    /// # Errors
    /// When `--until` is not after `--since`.
    pub fn check_range(&self) -> Result<(), EmptyRange> {
        let time = |arg: &Option<TimeArg>| arg.as_ref().map(|arg| arg.time);
        timestamp::check_range(time(&self.since), time(&self.until))
    }
}

impl From<TriggerArg> for Trigger {
    fn from(trigger: TriggerArg) -> Self {
        match trigger {
            TriggerArg::StepCompleted => Self::StepCompleted,
            TriggerArg::StepCreated => Self::StepCreated,
        }
    }
}
