//! Which of a source's messages are sent.

use clap::Args;
use jiff::Timestamp;
use schemas::timestamp::{self, EmptyRange};

use super::super::trigger_arg::TriggerArg;
use crate::replay::Selection;

pub(super) const HEADING: &str = "Which of the messages";

#[derive(Args)]
pub(super) struct WhichArgs {
    /// Only those of this flow, such as FLOW-604
    #[arg(long, value_name = "ID", help_heading = HEADING)]
    flow: Option<String>,

    /// Only those of this step
    #[arg(long, value_name = "NAME", help_heading = HEADING)]
    step: Option<String>,

    /// Only those of this trigger
    #[arg(long, value_name = "TRIGGER", help_heading = HEADING)]
    trigger: Option<TriggerArg>,

    /// Only those received at or after, such as 2026-11-24T08:00:00Z, or 2026-11-24 for its beginning in UTC
    #[arg(long, value_name = "TIME", help_heading = HEADING, value_parser = timestamp::parse)]
    since: Option<Timestamp>,

    /// Only those received before; a date is its beginning in UTC
    #[arg(long, value_name = "TIME", help_heading = HEADING, value_parser = timestamp::parse)]
    until: Option<Timestamp>,

    /// Only those received at the receiver's endpoint of this name
    #[arg(long, value_name = "NAME", help_heading = HEADING)]
    endpoint: Option<String>,

    /// Send the others where some cannot be used
    #[arg(long, help_heading = HEADING)]
    pub(super) skip_bad: bool,
}

impl WhichArgs {
    pub(super) fn selection(&self) -> Result<Selection, EmptyRange> {
        let Self { flow, step, trigger, since, until, endpoint, .. } = self;
        timestamp::check_range(*since, *until)?;
        Ok(Selection {
            flow: flow.clone(),
            step: step.clone(),
            trigger: trigger.map(TriggerArg::trigger),
            endpoint: endpoint.clone(),
            since: *since,
            until: *until,
        })
    }
}
