//! `refused`: explains refused requests.

mod list;
mod show;
mod summary;

use std::{path::Path, thread, time::Duration};

use clap::Subcommand;
use console::output::warn;

use super::{data::DataDir, failure::Failure};
use crate::{
    refusals::{self, LoadError, Rings},
    server::DataFolder,
};

/// Maximum time to wait for a running receiver to save a refused request: its interval is a second.
const SAVE_TIMEOUT: Duration = Duration::from_secs(3);
/// Another process gives no signal.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

#[derive(Debug, Subcommand)]
pub(super) enum RefusedCommand {
    /// List the newest refused requests.
    List(list::ListArgs),
    /// Explain one refused request: what is wrong, what to do, and which checks it passed.
    Show(show::ShowArgs),
    /// Count refused requests by endpoint and code, and name endpoints for which nothing arrives.
    Summary(summary::SummaryArgs),
}

pub(super) fn run(file: Option<&Path>, command: &RefusedCommand) -> Result<(), Failure> {
    let data = DataDir::open(file)?;
    match command {
        RefusedCommand::List(args) => list::run(&data, args),
        RefusedCommand::Show(args) => show::run(&data, args),
        RefusedCommand::Summary(args) => summary::run(&data, args),
    }
}

/// The refused requests that are saved. Those of a file that cannot be read are lost.
fn load(data: &DataDir) -> Result<Rings, Failure> {
    refusals::load(&DataFolder::refusals_in(&data.folder)).or_else(|error| match error {
        LoadError::Read { .. } => Err(Failure::failed(error).tip("run this as the receiver's user")),
        LoadError::Damaged { .. } | LoadError::Version { .. } => {
            warn(format_args!("{error}; its refused requests are lost"));
            Ok(Rings::default())
        }
    })
}

/// Loads until `found` has something, as long as a running receiver may still save it.
fn load_until<T>(data: &DataDir, found: impl Fn(&Rings) -> Option<T>) -> Result<Option<T>, Failure> {
    let mut waited = Duration::ZERO;
    loop {
        let found = found(&load(data)?);
        if found.is_some() || waited >= SAVE_TIMEOUT || !DataFolder::is_in_use(&data.folder) {
            return Ok(found);
        }
        thread::sleep(POLL_INTERVAL);
        waited += POLL_INTERVAL;
    }
}
