//! `log`: checks and repairs the log.

mod check;
mod repair;

use std::path::Path;

use clap::Subcommand;
use console::OutputArgs;

use super::{data::DataDir, failure::Failure};

#[derive(Debug, Subcommand)]
pub(super) enum LogCommand {
    /// Read the whole log and report its state. Changes nothing, and works while a receiver is running.
    ///
    /// The exit code is 0 if every byte is part of a message, else 1.
    Check(OutputArgs),
    /// Repair what can be repaired, as a start does, and report what was done.
    ///
    /// Nothing is destroyed: what is taken out of the log is moved to a file next to it. The receiver must be stopped.
    Repair(OutputArgs),
}

pub(super) fn run(file: Option<&Path>, command: &LogCommand) -> Result<(), Failure> {
    let data = DataDir::open(file)?;
    match command {
        LogCommand::Check(output) => check::run(&data, output.format),
        LogCommand::Repair(output) => repair::run(&data, output.format),
    }
}
