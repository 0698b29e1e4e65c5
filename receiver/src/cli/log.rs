//! `log`: check the log, and mend it.

mod check;
mod repair;

use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};

use super::{Failure, data::Data};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read the whole log and say in what state it is. It changes nothing and works beside a running receiver.
    ///
    /// The exit code is 0 when every byte is part of a message, and 1 when some are not.
    Check(Form),
    /// Mend what can be mended, as a start does, and say what was done.
    ///
    /// Nothing is destroyed: what is taken out of the log is moved into a file beside it. No receiver may be running.
    Repair(Form),
}

#[derive(Debug, Args)]
pub(super) struct Form {
    /// Words for people, or a JSON object.
    #[arg(long, value_enum, default_value = "human")]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    Human,
    /// For programs.
    Json,
}

pub(super) fn run(file: Option<&Path>, command: &Command) -> Result<(), Failure> {
    let data = Data::of(file)?;
    match command {
        Command::Check(form) => check::run(&data, form.output),
        Command::Repair(form) => repair::run(&data, form.output),
    }
}

/// A value as JSON that ends with a line feed.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).expect("it is made of strings and numbers") + "\n"
}
