//! `messages export`: writes the log as JSON lines. It needs no index: the log is read in order.

use std::io::{BufWriter, Write as _};

use console::output::{unless_closed, warn};

use super::{query_args::QueryArgs, record_filter::RecordFilter};
use crate::{
    cli::{data::DataDir, failure::Failure},
    log::{Entry, Position},
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ExportArgs {
    #[command(flatten)]
    query: QueryArgs,
}

pub(super) fn run(data: &DataDir, args: &ExportArgs) -> Result<(), Failure> {
    let filter = RecordFilter::new(&args.query.query()?, data.config.profiles())?;
    let mut reader = data.log(Position(0));
    let mut stdout = BufWriter::new(std::io::stdout().lock());
    while let Some(entry) = reader.next_entry().map_err(Failure::failed)? {
        match entry {
            Entry::Record { record, .. } => {
                if filter.matches(&record)?
                    && let Err(error) = writeln!(stdout, "{}", record.json_line())
                {
                    return Ok(unless_closed(Err(error))?);
                }
            }
            Entry::Damaged { at, next } => warn(format_args!("the log is damaged from {at} to {next}; skipped")),
        }
    }
    Ok(unless_closed(stdout.flush())?)
}
