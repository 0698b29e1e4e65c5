//! `deliveries list`: a line a delivery. It works beside a sender that runs.

use std::io::Write as _;

use clap::{Args, ValueEnum, builder::PossibleValue};
use comfy_table::{CellAlignment, Table, presets};
use jiff::Timestamp;

use super::{
    super::{
        error::CliError,
        output::{self, Format, say},
    },
    DataArgs, words,
};
use crate::outbox::{Filter, Status, StoredDelivery};

#[derive(Args)]
pub(in crate::cli) struct ListArgs {
    /// Only those that are so
    #[arg(long, value_name = "STATUS")]
    status: Option<Status>,

    /// Only those of this flow, such as FLOW-604
    #[arg(long, value_name = "ID")]
    flow: Option<String>,

    /// At most so many
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 20)]
    limit: usize,

    #[command(flatten)]
    data: DataArgs,

    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "human")]
    output: Format,
}

impl ValueEnum for Status {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()))
    }
}

pub(super) fn run(args: &ListArgs) -> Result<(), CliError> {
    let filter = Filter { status: args.status, flow: args.flow.clone(), job: None };
    let deliveries = args.data.read()?.newest(&filter, args.limit)?;
    let mut stdout = anstream::stdout().lock();
    match args.output {
        Format::Json => {
            let objects: Vec<_> = deliveries.iter().map(words::DeliveryObject::of).collect();
            let text = serde_json::to_string_pretty(&objects).map_err(|error| CliError::Output(error.into()))?;
            say(writeln!(stdout, "{}", output::json(&text)))
        }
        Format::Human if deliveries.is_empty() => say(writeln!(stdout, "No deliveries.")),
        Format::Human => say(writeln!(stdout, "{}", table(&deliveries, Timestamp::now()))),
    }
}

fn table(deliveries: &[StoredDelivery], now: Timestamp) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["ID", "STATUS", "ATTEMPTS", "LAST ANSWER", "NOTE", "FLOW", "TRIGGER", "STEP", "DESTINATION"]);
    for delivery in deliveries {
        let last = delivery.last.as_ref().map_or_else(|| "-".to_owned(), |last| words::answer(&last.outcome));
        table.add_row([
            delivery.id.to_string(),
            delivery.status.as_str().to_owned(),
            delivery.attempts.to_string(),
            last,
            words::next(delivery, now),
            words::text(delivery.flow.as_deref()),
            words::text(delivery.label.trigger.as_deref()),
            words::text(delivery.label.step.as_deref()),
            words::text(Some(&delivery.destination)),
        ]);
    }
    for column in [0, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
