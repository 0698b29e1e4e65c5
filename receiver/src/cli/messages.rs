//! `messages`: lists, shows, follows and exports messages.

mod export;
mod list;
mod query_args;
mod record_filter;
mod show;
mod tail;

use std::path::Path;

use clap::Subcommand;

use super::{data::DataDir, failure::Failure};
use crate::redact::one_line;

#[derive(Debug, Subcommand)]
pub(super) enum MessagesCommand {
    /// List the newest messages.
    #[command(after_help = query_args::help())]
    List(list::ListArgs),
    /// Show one message.
    Show(show::ShowArgs),
    /// Follow new messages as they arrive.
    #[command(after_help = query_args::help())]
    Tail(tail::TailArgs),
    /// Write messages as JSON lines, oldest first, each with its exact body as a string.
    #[command(after_help = query_args::help())]
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

/// Text from a message, safe in a table; a dash if there is none.
pub(super) fn cell(text: Option<&str>) -> String {
    text.map_or_else(|| "-".to_owned(), one_line)
}
