//! `webhook-sender deliveries`: what the outbox knows of each delivery, and what becomes of those that failed.

mod discard;
mod list;
mod prune;
mod retry;
mod show;
mod words;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{error::CliError, exit};
use crate::outbox::{DEFAULT_FOLDER, Outbox, OutboxReader, StoredDelivery};

pub(super) use self::words::{DeliveryObject, answer, reason, stands};

#[derive(Subcommand)]
pub(super) enum DeliveriesCommand {
    /// List deliveries, the newest first
    List(list::ListArgs),
    /// Show one delivery: every attempt, and the request
    Show(show::ShowArgs),
    /// Deliver what is still pending, and again what failed
    Retry(Box<retry::RetryArgs>),
    /// Decide against deliveries; they are kept with the reason until they are pruned
    Discard(discard::DiscardArgs),
    /// Delete deliveries that were delivered or discarded some time ago
    Prune(prune::PruneArgs),
}

/// Where the outbox is.
#[derive(Args)]
pub(super) struct DataArgs {
    /// Folder of the outbox
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER)]
    pub(super) data: PathBuf,
}

/// Which deliveries are meant.
#[derive(Args)]
struct WhichArgs {
    /// Numbers of deliveries, as `deliveries list` has them
    #[arg(value_name = "ID")]
    ids: Vec<u64>,

    /// All that failed
    #[arg(long, conflicts_with = "ids")]
    failed: bool,
}

pub(super) fn run(command: DeliveriesCommand) -> Result<u8, CliError> {
    match command {
        DeliveriesCommand::List(args) => list::run(&args).map(|()| exit::ACCEPTED),
        DeliveriesCommand::Show(args) => show::run(&args).map(|()| exit::ACCEPTED),
        DeliveriesCommand::Retry(args) => retry::run(&args),
        DeliveriesCommand::Discard(args) => discard::run(&args).map(|()| exit::ACCEPTED),
        DeliveriesCommand::Prune(args) => prune::run(&args).map(|()| exit::ACCEPTED),
    }
}

impl DataArgs {
    fn read(&self) -> Result<OutboxReader, CliError> {
        Ok(Outbox::read(&self.data)?)
    }

    /// Opens the outbox for writing; it must be there.
    fn open(&self) -> Result<Outbox, CliError> {
        self.read()?;
        Ok(Outbox::open(&self.data)?)
    }

    fn delivery(&self, reader: &OutboxReader, id: u64) -> Result<StoredDelivery, CliError> {
        reader.delivery(id)?.ok_or_else(|| CliError::NoDelivery { id, data: self.data.clone() })
    }
}
