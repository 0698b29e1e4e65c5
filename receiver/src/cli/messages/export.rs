//! `messages export`: the log as JSON lines. It needs no index: the log is read in order.

use std::io::{BufWriter, ErrorKind, Write as _};

use super::Which;
use crate::{
    cli::{Failure, data::Data, warn},
    log::{Entry, Position},
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(data: &Data, args: &Args) -> Result<(), Failure> {
    let filter = args.which.filter()?;
    let mut reader = data.log(Position(0));
    let mut stdout = BufWriter::new(std::io::stdout().lock());
    while let Some(entry) = reader.next_entry().map_err(Failure::failed)? {
        match entry {
            Entry::Record { record, .. } if filter.matches(&record.header) => {
                match writeln!(stdout, "{}", record.json_line()) {
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
                    other => other.map_err(Failure::failed)?,
                }
            }
            Entry::Record { .. } => {}
            Entry::Damaged { at, next } => warn(&format!("the log is damaged from {at} to {next}; skipped")),
        }
    }
    match stdout.flush() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::failed(error)),
        _ => Ok(()),
    }
}
