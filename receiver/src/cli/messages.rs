//! `messages`: lists, shows, follows and exports messages.

mod export;
mod list;
mod show;
mod tail;

use std::path::Path;

use clap::Subcommand;
use console::FilterArgs;

use super::{data::DataDir, failure::Failure};
use crate::{index::Filter, redact::one_line};

#[derive(Debug, Subcommand)]
pub(super) enum MessagesCommand {
    /// List the newest messages.
    List(list::ListArgs),
    /// Show one message.
    Show(show::ShowArgs),
    /// Follow new messages as they arrive.
    Tail(tail::TailArgs),
    /// Write messages as JSON lines, oldest first, each with its exact body as a string.
    Export(export::ExportArgs),
}

pub(super) fn run(file: Option<&Path>, command: MessagesCommand) -> Result<(), Failure> {
    let data = DataDir::open(file)?;
    match command {
        MessagesCommand::List(args) => list::run(&data, &args),
        MessagesCommand::Show(args) => show::run(&data, &args),
        MessagesCommand::Tail(args) => tail::run(&data, &args),
        MessagesCommand::Export(args) => export::run(&data, &args),
    }
}

/// The options that choose among messages, as the index and the log take them.
fn filter(args: &FilterArgs) -> Result<Filter, Failure> {
    args.check_range().map_err(Failure::usage)?;
    Ok(Filter {
        endpoint: args.endpoint.clone(),
        flow: args.flow.clone(),
        step: args.step.clone(),
        trigger: args.trigger.map(Into::into),
        since: args.since,
        until: args.until,
    })
}

/// Text from a message, safe in a table; a dash if there is none.
pub(super) fn cell(text: Option<&str>) -> String {
    text.map_or_else(|| "-".to_owned(), one_line)
}
