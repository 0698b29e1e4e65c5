//! `relay status`: shows the status of each destination.

use std::path::Path;

use console::{
    OutputArgs, OutputFormat, Table,
    output::{write_json, write_stdout},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    cli::{data::DataDir, failure::Failure, messages::cell},
    log::Position,
    redact::one_line,
    relay::store::{DeadLetter, DestinationStatus, RelayStatus},
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct StatusArgs {
    /// Maximum number of dead letters to list.
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(config: Option<&Path>, args: &StatusArgs) -> Result<(), Failure> {
    let data = DataDir::open(config)?;
    let (status, letters) = match data.relay_store()? {
        Some(store) => {
            let (status, letters) = store.snapshot(args.limit).map_err(Failure::failed)?;
            (Some(status), letters)
        }
        None => (None, Vec::new()),
    };
    let end = data.end()?;
    match (args.output.format, status) {
        (OutputFormat::Json, status) => {
            write_json(&format!("{:#}", json(status.as_ref(), end, &letters)))?;
        }
        (OutputFormat::Human, None) => {
            write_stdout("Nothing was relayed here yet: no endpoint has had a destination.\n")?
        }
        (OutputFormat::Human, Some(status)) => write_stdout(&human(&status, end, &letters))?,
    }
    Ok(())
}

fn json(status: Option<&RelayStatus>, end: Position, letters: &[DeadLetter]) -> Value {
    json!({
        "readUpTo": status.map(|status| status.read_up_to.0),
        "logEnd": end.0,
        "destinations": status.map(|status| status.destinations.as_slice()).unwrap_or_default(),
        "deadLetters": letters,
    })
}

fn human(status: &RelayStatus, end: Position, letters: &[DeadLetter]) -> String {
    let behind = end.0.saturating_sub(status.read_up_to.0);
    let mut report = match behind {
        0 => "The log is read to its end.\n\n".to_owned(),
        bytes => format!("{bytes} bytes of the log are not read yet.\n\n"),
    };
    report.push_str(&format!("{}\n", destinations(&status.destinations)));
    for it in &status.destinations {
        if let Some(failure) = &it.last_failure {
            let reason = one_line(&failure.reason);
            report.push_str(&format!("\nLast failure of {}, at {:.0}: {reason}\n", one_line(&it.name), failure.at));
        }
    }
    let dead: u64 = status.destinations.iter().map(|it| it.dead_letters).sum();
    if dead > 0 {
        report.push_str(&format!("\nDead letters ({} of {dead}; `relay retry` delivers them again):\n", letters.len()));
        report.push_str(&format!("{}\n", dead_letters(letters)));
    }
    report
}

fn destinations(destinations: &[DestinationStatus]) -> Table {
    let header = ["DESTINATION", "ENDPOINT", "WAITING", "SINCE", "ACCEPTED", "LAST ACCEPTED", "GIVEN UP"];
    let rows = destinations.iter().map(|it| {
        let gone = if it.is_configured { "" } else { " (no longer configured)" };
        [
            format!("{}{gone}", one_line(&it.name)),
            one_line(&it.endpoint),
            it.waiting.to_string(),
            time(it.oldest_waiting),
            it.accepted.to_string(),
            time(it.last_accepted),
            it.dead_letters.to_string(),
        ]
    });
    table(header, rows, &[2, 4, 6])
}

fn dead_letters(letters: &[DeadLetter]) -> Table {
    let rows = letters.iter().map(|it| {
        [
            it.id.clone(),
            one_line(&it.destination),
            cell(it.flow.as_deref()),
            it.attempts.to_string(),
            it.reason.clone(),
            cell(it.detail.as_deref()),
        ]
    });
    table(["ID", "DESTINATION", "FLOW", "ATTEMPTS", "REASON", "DETAIL"], rows, &[3])
}

fn table<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>, numbers: &[usize]) -> Table {
    let mut table = Table::with_header(header);
    rows.for_each(|row| table.row(row));
    table.align_right(numbers)
}

fn time(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| format!("{time:.0}"))
}
