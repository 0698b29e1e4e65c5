//! `messages export`: the log as JSON lines. It needs no index: the log is read in order.

use std::io::{BufWriter, Write as _};

use super::Which;
use crate::{
    cli::{Failure, data::Data, warn, written},
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
                written(writeln!(stdout, "{}", record.json_line()))?;
            }
            Entry::Record { .. } => {}
            Entry::Damaged { at, next } => warn(&format!("the log is damaged from {at} to {next}; skipped")),
        }
    }
    written(stdout.flush())
}
