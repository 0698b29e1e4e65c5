//! `messages list`: the newest messages, from the index.

use std::time::Duration;

use console::{
    OutputArgs, OutputFormat, Table, duration,
    output::{warn, write_json, write_stdout},
};
use schemas::Trigger;

use super::{cell, query_args::QueryArgs};
use crate::{
    cli::{data::DataDir, failure::Failure},
    index::{Message, Page, Search},
    log::Position,
    query::{Predicate, Query},
};
#[cfg(feature = "relay")]
use crate::{query::RelayFilter, redact::one_line};

/// How long a person waits for a list before its search ends by itself. A program gets all that it asked for.
const HUMAN_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ListArgs {
    #[command(flatten)]
    query: QueryArgs,
    /// Maximum number of messages to list.
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 20)]
    limit: usize,
    /// Only messages before this position in the log, to continue an earlier search.
    #[arg(long, value_name = "POSITION")]
    before: Option<u64>,
    /// Stop the search after this time, and list what was found [default: 10s; with --output json, no limit].
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    timeout: Option<Duration>,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(data: &DataDir, args: &ListArgs) -> Result<(), Failure> {
    let query = args.query.query()?;
    let index = data.index()?;
    let timeout = args.timeout.unwrap_or(match args.output.format {
        OutputFormat::Human => HUMAN_TIMEOUT,
        OutputFormat::Json => Duration::MAX,
    });
    let search = Search { before: args.before.map(Position), budget: timeout, ..Search::newest(&query, args.limit) };
    let Page { messages, next, searched_back_to, .. } = data.newest(&index, search)?;
    if messages.is_empty() {
        warn_of_unknown_names(data, &query);
    }
    match (args.output.format, searched_back_to) {
        (OutputFormat::Json, _) => {
            write_json(&serde_json::to_string_pretty(&messages).expect("messages consist of strings and numbers"))?
        }
        (OutputFormat::Human, None) if messages.is_empty() => write_stdout("No messages.\n")?,
        (OutputFormat::Human, Some(time)) if messages.is_empty() => {
            write_stdout(&format!("No messages since {time:.0}.\n"))?
        }
        (OutputFormat::Human, _) => write_stdout(&format!("{}\n", table(&messages)))?,
    }
    if let (Some(time), Some(next)) = (searched_back_to, next) {
        warn(format_args!("stopped after {timeout:?}, and searched back to {time:.0}; continue with --before {next}"));
    }
    Ok(())
}

fn warn_of_unknown_names(data: &DataDir, query: &Query) {
    for term in query.terms().iter().filter(|term| !term.negated) {
        match &term.predicate {
            Predicate::Endpoint(pattern) => data.warn_of_unknown_endpoint(pattern),
            #[cfg(feature = "relay")]
            Predicate::Relay(RelayFilter::Destination(name)) => {
                let mut known = RelayFilter::RESULTS.map(|result| result.to_string()).to_vec();
                known.extend(data.config.destinations.iter().map(|destination| destination.name.to_string()));
                if !known.contains(name) {
                    let known = known.join(", ");
                    warn(format_args!("there is no destination {}; `relay:` takes {known}", one_line(name)));
                }
            }
            _ => {}
        }
    }
}

fn table(messages: &[Message]) -> Table {
    let mut table =
        Table::with_header(["ID", "RECEIVED", "ENDPOINT", "TRIGGER", "FLOW", "STEP", "BYTES", "ARRIVALS", "CONTRACT"]);
    for message in messages {
        table.row([
            message.id.to_string(),
            format!("{:.0}", message.received_at),
            cell(Some(&message.endpoint)),
            message.trigger.map_or("-", Trigger::as_str).to_owned(),
            cell(message.flow.as_deref()),
            cell(message.step.as_deref()),
            message.size.to_string(),
            message.arrivals.to_string(),
            message.verdict(),
        ]);
    }
    table.align_right(&[6, 7])
}
