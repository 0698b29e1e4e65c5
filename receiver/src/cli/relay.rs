//! `relay`: what is passed on.

mod lint;
mod preview;
mod replay;
mod retry;
mod status;

use std::path::Path;

use super::{Failure, data::Data, exit, say, warn};
use crate::{relay::Store, server::DataFolder};

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
    /// Say how it stands with each destination, and what was given up.
    Status(status::Args),
    /// Bring back what was given up.
    ///
    /// It is due at once, behind what waits for the destination already, with all its attempts before it. A running
    /// receiver notices within a second.
    Retry(retry::Args),
    /// Send messages of the log to a destination again.
    ///
    /// They are due at once, after the messages that wait there already, whether or not they were sent before. The
    /// destination's `when` is asked again. A message that waits is not sent twice. A running receiver notices within a
    /// second.
    Replay(replay::Args),
}

pub(super) fn run(config: Option<&Path>, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Preview(args) => preview::run(config, args),
        Command::Lint(args) => lint::run(args),
        Command::Status(args) => status::run(config, args),
        Command::Retry(args) => retry::run(config, args),
        Command::Replay(args) => replay::run(config, args),
    }
}

/// The relay's store in a data folder; `None` where nothing was relayed yet.
fn store(data: &Data) -> Result<Option<Store>, Failure> {
    Store::beside(&DataFolder::relay_in(&data.folder)).map_err(Failure::failed)
}
