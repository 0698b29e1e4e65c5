//! `messages tail`: follows new messages in the log.

use std::{thread, time::Duration};

use console::{
    OutputArgs, OutputFormat,
    output::{try_write_stdout, unless_closed},
};

use super::{cell, query_args::QueryArgs, record_filter::RecordFilter};
use crate::{
    cli::{data::DataDir, failure::Failure},
    log::{Entry, Record},
};

/// Another process gives no signal.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct TailArgs {
    #[command(flatten)]
    query: QueryArgs,
    /// End after this number of messages [default: no limit].
    #[arg(long, short = 'n', value_name = "COUNT")]
    limit: Option<usize>,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(data: &DataDir, args: &TailArgs) -> Result<(), Failure> {
    let filter = RecordFilter::new(&args.query.query()?, data.config.profiles())?;
    let mut reader = data.log(data.end()?);
    let mut left = args.limit.unwrap_or(usize::MAX);
    while left > 0 {
        match reader.next_entry().map_err(Failure::failed)? {
            Some(Entry::Record { record, .. }) => {
                if !filter.matches(&record)? {
                    continue;
                }
                left -= 1;
                let line = match args.output.format {
                    OutputFormat::Json => record.json_line() + "\n",
                    OutputFormat::Human => human(&record),
                };
                if let Err(error) = try_write_stdout(&line) {
                    return Ok(unless_closed(Err(error))?);
                }
            }
            Some(Entry::Damaged { .. }) => {}
            None => thread::sleep(POLL_INTERVAL),
        }
    }
    Ok(())
}

fn human(record: &Record) -> String {
    let header = &record.header;
    format!(
        "{:.3}  {}  {}  {}  {}  {}  {} bytes\n",
        header.received_at,
        header.id,
        cell(Some(&header.endpoint)),
        header.trigger.map_or("-", |trigger| trigger.as_str()),
        cell(header.flow.as_deref()),
        cell(header.step.as_deref()),
        record.body.len(),
    )
}
