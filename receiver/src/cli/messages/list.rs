//! `messages list`: the newest messages, from the index.

use comfy_table::{CellAlignment, Table, presets};
use schemas::{text::escape_json, validate::MAX_VIOLATIONS};

use super::{Output, Which, cell};
use crate::{
    cli::{Failure, data::Data, say, warn},
    index::Message,
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    which: Which,
    /// At most so many.
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 20)]
    limit: usize,
    /// Table for people, or a JSON array.
    #[arg(long, value_enum, default_value = "human")]
    output: Output,
}

pub(super) fn run(data: &Data, args: &Args) -> Result<(), Failure> {
    let messages = data.index()?.newest(&args.which.filter()?, args.limit);
    let messages = messages.map_err(Failure::failed)?;
    let names = || data.config.endpoints.iter().map(|endpoint| endpoint.name.as_str());
    if let (true, Some(asked)) = (messages.is_empty(), &args.which.endpoint)
        && !names().any(|name| name == asked)
    {
        warn(&format!("no endpoint is called {asked}; there are {}", names().collect::<Vec<_>>().join(", ")));
    }
    say(&match args.output {
        Output::Json => {
            let text = serde_json::to_string_pretty(&messages).expect("messages are strings and numbers");
            escape_json(&text) + "\n"
        }
        Output::Human if messages.is_empty() => "No messages.\n".to_owned(),
        Output::Human => format!("{}\n", table(&messages)),
    })
}

fn table(messages: &[Message]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["ID", "RECEIVED", "ENDPOINT", "TRIGGER", "FLOW", "STEP", "BYTES", "ARRIVALS", "CONTRACT"]);
    for message in messages {
        let contract = match message.violations.len() {
            _ if message.captured => "captured".to_owned(),
            0 => "holds".to_owned(),
            1 => "1 violation".to_owned(),
            MAX_VIOLATIONS => format!("{MAX_VIOLATIONS} violations or more"),
            count => format!("{count} violations"),
        };
        table.add_row([
            message.id.to_string(),
            format!("{:.0}", message.received_at),
            cell(Some(&message.endpoint)),
            cell(message.trigger.as_deref()),
            cell(message.flow.as_deref()),
            cell(message.step.as_deref()),
            message.size.to_string(),
            message.arrivals.to_string(),
            contract,
        ]);
    }
    for column in [6, 7] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
