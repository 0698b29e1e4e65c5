//! `relay`: shows, retries and replays what is relayed, and checks templates.

mod lint;
mod preview;
mod replay;
mod retry;
mod status;

use std::path::Path;

use super::failure::Failure;

#[derive(Debug, clap::Subcommand)]
pub(super) enum RelayCommand {
    /// Show what Teams would get for a message.
    ///
    /// Prints the whole request body and nothing else. No configuration is needed.
    Preview(preview::PreviewArgs),
    /// Report every problem of card templates.
    ///
    /// Each template is rendered with every sample message, and the result is checked against what Teams can show. The
    /// exit code is 1 if there are problems.
    Lint(lint::LintArgs),
    /// Show the status of each destination, and its dead letters.
    Status(status::StatusArgs),
    /// Deliver dead letters again.
    ///
    /// They are due immediately, after the messages that are already waiting for the destination, with a fresh attempt
    /// budget. A running receiver notices within a second.
    Retry(retry::RelayRetryArgs),
    /// Send messages from the log to a destination again.
    ///
    /// They are due immediately, after the messages that are already waiting, whether or not they were sent before. The
    /// destination's `when` is evaluated again. A waiting message is not sent twice. A running receiver notices within a
    /// second.
    Replay(replay::RelayReplayArgs),
}

pub(super) fn run(config: Option<&Path>, command: &RelayCommand) -> Result<(), Failure> {
    match command {
        RelayCommand::Preview(args) => preview::run(config, args),
        RelayCommand::Lint(args) => lint::run(args),
        RelayCommand::Status(args) => status::run(config, args),
        RelayCommand::Retry(args) => retry::run(config, args),
        RelayCommand::Replay(args) => replay::run(config, args),
    }
}
