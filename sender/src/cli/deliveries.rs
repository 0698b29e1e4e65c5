//! `webhook-sender deliveries`: shows the deliveries in the outbox, and retries, discards and prunes them.

mod discard;
mod list;
mod prune;
mod retry;
mod show;

use clap::Subcommand;
use console::exit_code;

use super::error::CliError;

#[derive(Subcommand)]
pub(super) enum DeliveriesCommand {
    /// List deliveries, newest first.
    List(list::ListArgs),
    /// Show one delivery: every attempt, and the request.
    Show(show::ShowArgs),
    /// Deliver pending deliveries, and retry failed ones.
    Retry(Box<retry::RetryArgs>),
    /// Discard deliveries; they are kept with the reason until they are pruned.
    Discard(discard::DiscardArgs),
    /// Delete deliveries that were delivered or discarded some time ago.
    Prune(prune::PruneArgs),
}

pub(super) fn run(command: DeliveriesCommand) -> Result<u8, CliError> {
    match command {
        DeliveriesCommand::List(args) => list::run(&args).map(|()| exit_code::SUCCESS),
        DeliveriesCommand::Show(args) => show::run(&args).map(|()| exit_code::SUCCESS),
        DeliveriesCommand::Retry(args) => retry::run(&args),
        DeliveriesCommand::Discard(args) => discard::run(&args).map(|()| exit_code::SUCCESS),
        DeliveriesCommand::Prune(args) => prune::run(&args).map(|()| exit_code::SUCCESS),
    }
}
