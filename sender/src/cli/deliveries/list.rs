//! `deliveries list`: prints one line per delivery. It works while a sender is running.

use clap::{Args, ValueEnum, builder::PossibleValue};
use console::{
    OutputArgs, OutputFormat, Table,
    output::{write_json, write_stdout},
};
use jiff::Timestamp;

use super::super::{
    error::CliError,
    outbox_args::DataArgs,
    status_text::{DeliveryObject, answer, next, text},
};
use crate::outbox::{Filter, Status, StoredDelivery};

#[derive(Args)]
pub(in crate::cli) struct ListArgs {
    /// Only deliveries with this status.
    #[arg(long, value_name = "STATUS")]
    status: Option<Status>,

    /// Only deliveries of this flow, such as FLOW-604.
    #[arg(long, value_name = "ID")]
    flow: Option<String>,

    /// Maximum number of deliveries to list.
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 20)]
    limit: usize,

    #[command(flatten)]
    data: DataArgs,

    #[command(flatten)]
    output: OutputArgs,
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
    match args.output.format {
        OutputFormat::Json => {
            let objects: Vec<_> = deliveries.iter().map(DeliveryObject::of).collect();
            write_json(&serde_json::to_string_pretty(&objects).map_err(CliError::json)?)?;
        }
        OutputFormat::Human if deliveries.is_empty() => write_stdout("No deliveries.\n")?,
        OutputFormat::Human => write_stdout(&format!("{}\n", table(&deliveries, Timestamp::now())))?,
    }
    Ok(())
}

fn table(deliveries: &[StoredDelivery], now: Timestamp) -> Table {
    let mut table = Table::with_header([
        "ID",
        "STATUS",
        "ATTEMPTS",
        "LAST ANSWER",
        "NOTE",
        "FLOW",
        "TRIGGER",
        "STEP",
        "DESTINATION",
    ]);
    for delivery in deliveries {
        let last = delivery.last.as_ref().map_or_else(|| "-".to_owned(), |last| answer(&last.outcome));
        table.row([
            delivery.id.to_string(),
            delivery.status.as_str().to_owned(),
            delivery.attempts.to_string(),
            last,
            next(delivery, now),
            text(delivery.flow.as_deref()),
            text(delivery.label.trigger.as_deref()),
            text(delivery.label.step.as_deref()),
            text(Some(&delivery.destination)),
        ]);
    }
    table.align_right(&[0, 2])
}
