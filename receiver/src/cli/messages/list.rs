//! `messages list`: the newest messages, from the index.

use console::{
    FilterArgs, OutputArgs, OutputFormat, Table,
    output::{warn, write_json, write_stdout},
};
use schemas::{Trigger, validate::MAX_VIOLATIONS};

use super::{cell, filter};
use crate::{
    cli::{data::DataDir, failure::Failure},
    index::Message,
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Maximum number of messages to list.
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(data: &DataDir, args: &ListArgs) -> Result<(), Failure> {
    let messages = data.index()?.newest(&filter(&args.filter)?, args.limit);
    let messages = messages.map_err(Failure::failed)?;
    let names = || data.config.endpoints.iter().map(|endpoint| endpoint.name.as_str());
    if let (true, Some(asked)) = (messages.is_empty(), &args.filter.endpoint)
        && !names().any(|name| name == asked)
    {
        let names = names().collect::<Vec<_>>().join(", ");
        warn(format_args!("there is no endpoint {asked}; the endpoints are {names}"));
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
