//! `messages tail`: messages as they arrive, straight from the log.

use std::{thread, time::Duration};

use super::{Output, Which, cell};
use crate::{
    cli::{Failure, data::Data, say},
    log::{Entry, Record},
};

/// How often to look for news; another process gives no signal.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    which: Which,
    /// End after so many messages.
    #[arg(long, short = 'n', value_name = "COUNT")]
    limit: Option<usize>,
    /// Line for people, or the line that `export` writes.
    #[arg(long, value_enum, default_value = "human")]
    output: Output,
}

pub(super) fn run(data: &Data, args: &Args) -> Result<(), Failure> {
    let filter = args.which.filter()?;
    let mut reader = data.log(data.end()?);
    let mut left = args.limit.unwrap_or(usize::MAX);
    while left > 0 {
        match reader.next_entry().map_err(Failure::failed)? {
            Some(Entry::Record { record, .. }) if filter.matches(&record.header) => {
                left -= 1;
                say(&match args.output {
                    Output::Json => record.json_line() + "\n",
                    Output::Human => human(&record),
                })?;
            }
            Some(_) => {}
            None => thread::sleep(LOOK_EVERY),
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
