//! `messages`: lists, shows, follows and exports messages.

mod export;
mod filter;
mod list;
mod show;
mod tail;

use std::path::Path;

use clap::Subcommand;

use super::{data::DataDir, failure::Failure};

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
