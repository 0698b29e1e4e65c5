//! `messages`: list, show, follow and export what was received.

mod export;
mod list;
mod show;
mod tail;

use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use schemas::{Trigger, timestamp};

use super::{Failure, data::Data, exit};
use crate::index::Filter;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the newest messages.
    List(list::Args),
    /// Show one message.
    Show(show::Args),
    /// Print messages as they arrive.
    Tail(tail::Args),
    /// Write messages as JSON lines, oldest first, the exact body as a string.
    Export(export::Args),
}

pub(super) fn run(file: Option<&Path>, command: Command) -> Result<(), Failure> {
    let data = Data::of(file)?;
    match command {
        Command::List(args) => list::run(&data, &args),
        Command::Show(args) => show::run(&data, &args),
        Command::Tail(args) => tail::run(&data, &args),
        Command::Export(args) => export::run(&data, &args),
    }
}

/// Which messages.
#[derive(Debug, Args)]
struct Which {
    /// Only those of this endpoint.
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// Only those of this flow, such as FLOW-604.
    #[arg(long, value_name = "ID")]
    flow: Option<String>,
    /// Only those of this step.
    #[arg(long, value_name = "NAME")]
    step: Option<String>,
    /// Only those of this trigger.
    #[arg(long, value_enum)]
    trigger: Option<TriggerArg>,
    /// Only those received at or after, such as 2026-11-24T08:00:00Z, or 2026-11-24 for its beginning in UTC.
    #[arg(long, value_name = "TIME", value_parser = timestamp::parse)]
    since: Option<Timestamp>,
    /// Only those received before; a date is its beginning in UTC.
    #[arg(long, value_name = "TIME", value_parser = timestamp::parse)]
    until: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TriggerArg {
    StepCreated,
    StepCompleted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    Human,
    /// For programs.
    Json,
}

impl Which {
    fn filter(&self) -> Result<Filter, Failure> {
        timestamp::check_range(self.since, self.until).map_err(|error| Failure::new(exit::USAGE, error))?;
        let trigger = self.trigger.map(|trigger| match trigger {
            TriggerArg::StepCreated => Trigger::StepCreated,
            TriggerArg::StepCompleted => Trigger::StepCompleted,
        });
        Ok(Filter {
            endpoint: self.endpoint.clone(),
            flow: self.flow.clone(),
            step: self.step.clone(),
            trigger,
            since: self.since,
            until: self.until,
        })
    }
}

/// Text from a message, safe in a table.
fn cell(text: Option<&str>) -> String {
    text.map_or_else(|| "-".to_owned(), crate::redact::one_line)
}
