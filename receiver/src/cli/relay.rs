//! `relay`: what is passed on.

mod lint;
mod preview;

use std::path::Path;

use super::{Failure, exit, say, warn};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Show what Teams would get of a message.
    ///
    /// It prints the whole post and nothing else. No configuration is needed.
    Preview(preview::Args),
    /// Say everything that is wrong with templates of cards.
    ///
    /// Each is tried on every sample message, and what it makes is held to what Teams shows. It exits with 1 when
    /// something is wrong.
    Lint(lint::Args),
}

pub(super) fn run(config: Option<&Path>, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Preview(args) => preview::run(config, args),
        Command::Lint(args) => lint::run(args),
    }
}
