//! `relay`: what is passed on.

mod preview;

use std::path::Path;

use super::{Failure, exit, say, warn};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Show what Teams would get of a message.
    ///
    /// It prints the whole post and nothing else. No configuration is needed.
    Preview(preview::Args),
}

pub(super) fn run(config: Option<&Path>, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Preview(args) => preview::run(config, args),
    }
}
