//! `messages list`: the newest messages, from the index.

use console::{
    OutputArgs, OutputFormat, Table,
    output::{warn, write_json, write_stdout},
};
use schemas::{Trigger, validate::MAX_VIOLATIONS};

use super::{cell, query_args::QueryArgs};
use crate::{
    cli::{data::DataDir, failure::Failure},
    index::Message,
    query::{Predicate, Query, Term},
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ListArgs {
    #[command(flatten)]
    query: QueryArgs,
    /// Maximum number of messages to list.
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(data: &DataDir, args: &ListArgs) -> Result<(), Failure> {
    let query = args.query.query()?;
    if let Some(term) = query.terms().iter().find(|term| matches!(term.predicate, Predicate::Relay(_))) {
        return Err(Failure::usage(format_args!("this command cannot search for `{term}`"))
            .tip("`webhook-receiver relay status` shows what waits and what was given up"));
    }
    let index = data.index()?;
    let messages = data.newest(&index, &query, args.limit)?;
    if messages.is_empty() {
        warn_of_unknown_endpoints(data, &query);
    }
    match args.output.format {
        OutputFormat::Json => {
            write_json(&serde_json::to_string_pretty(&messages).expect("messages consist of strings and numbers"))?
        }
        OutputFormat::Human if messages.is_empty() => write_stdout("No messages.\n")?,
        OutputFormat::Human => write_stdout(&format!("{}\n", table(&messages)))?,
    }
    Ok(())
}

fn warn_of_unknown_endpoints(data: &DataDir, query: &Query) {
    let names = || data.config.endpoints.iter().map(|endpoint| endpoint.name.as_str());
    for term in query.terms() {
        if let Term { negated: false, predicate: Predicate::Endpoint(pattern) } = term
            && !names().any(|name| pattern.matches(name))
        {
            let names = names().collect::<Vec<_>>().join(", ");
            warn(format_args!("there is no endpoint {pattern}; the endpoints are {names}"));
        }
    }
}

fn table(messages: &[Message]) -> Table {
    let mut table =
        Table::with_header(["ID", "RECEIVED", "ENDPOINT", "TRIGGER", "FLOW", "STEP", "BYTES", "ARRIVALS", "CONTRACT"]);
    for message in messages {
        let contract = match message.violations.len() {
            _ if message.captured => "captured".to_owned(),
            0 => "holds".to_owned(),
            1 => "1 violation".to_owned(),
            MAX_VIOLATIONS => format!("{MAX_VIOLATIONS} violations or more"),
            count => format!("{count} violations"),
        };
        table.row([
            message.id.to_string(),
            format!("{:.0}", message.received_at),
            cell(Some(&message.endpoint)),
            message.trigger.map_or("-", Trigger::as_str).to_owned(),
            cell(message.flow.as_deref()),
            cell(message.step.as_deref()),
            message.size.to_string(),
            message.arrivals.to_string(),
            contract,
        ]);
    }
    table.align_right(&[6, 7])
}
