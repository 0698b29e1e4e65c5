//! `relay status`: how it stands with each destination.

use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};
use jiff::Timestamp;
use schemas::text::escape_json;
use serde_json::{Value, json};

use super::{Failure, say, store};
use crate::{
    cli::data::Data,
    log::Position,
    redact::one_line,
    relay::store::{DeadLetter, DestinationStatus, Status},
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// At most so many of what was given up.
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 20)]
    limit: usize,
    /// Tables for people, or a JSON object.
    #[arg(long, value_enum, default_value = "human")]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// For people.
    Human,
    /// For programs.
    Json,
}

pub(super) fn run(config: Option<&Path>, args: &Args) -> Result<(), Failure> {
    let data = Data::of(config)?;
    let (status, letters) = match store(&data)? {
        Some(store) => {
            let (status, letters) = store.snapshot(args.limit).map_err(Failure::failed)?;
            (Some(status), letters)
        }
        None => (None, Vec::new()),
    };
    let end = data.end()?;
    say(&match (args.output, status) {
        (Output::Json, status) => escape_json(&format!("{:#}\n", json(status.as_ref(), end, &letters))),
        (Output::Human, None) => "Nothing was relayed here yet: no endpoint has had a destination.\n".to_owned(),
        (Output::Human, Some(status)) => human(&status, end, &letters),
    })
}

fn json(status: Option<&Status>, end: Position, letters: &[DeadLetter]) -> Value {
    let destinations = status.map(|status| status.destinations.as_slice()).unwrap_or_default();
    let destinations: Vec<Value> = destinations
        .iter()
        .map(|it| {
            let failure = it.last_failure.as_ref().map(|it| json!({"at": it.at.to_string(), "reason": it.words}));
            json!({
                "name": it.name,
                "endpoint": it.endpoint,
                "isConfigured": it.is_configured,
                "waiting": it.waiting,
                "oldestWaiting": it.oldest_waiting.as_ref().map(Timestamp::to_string),
                "accepted": it.accepted,
                "lastAccepted": it.last_accepted.as_ref().map(Timestamp::to_string),
                "lastFailure": failure,
                "deadLetters": it.dead_letters,
            })
        })
        .collect();
    let letters: Vec<Value> = letters
        .iter()
        .map(|it| {
            json!({
                "id": it.message,
                "destination": it.destination,
                "endpoint": it.endpoint,
                "flow": it.flow,
                "receivedAt": it.received_at.to_string(),
                "attempts": it.attempts,
                "reason": it.reason,
                "detail": it.words,
            })
        })
        .collect();
    json!({
        "readUpTo": status.map(|status| status.read_up_to.0),
        "logEnd": end.0,
        "destinations": destinations,
        "deadLetters": letters,
    })
}

fn human(status: &Status, end: Position, letters: &[DeadLetter]) -> String {
    let behind = end.0.saturating_sub(status.read_up_to.0);
    let mut told = match behind {
        0 => "The log was read to its end.\n\n".to_owned(),
        bytes => format!("{bytes} bytes of the log were not read yet.\n\n"),
    };
    told.push_str(&format!("{}\n", destinations(&status.destinations)));
    for it in &status.destinations {
        if let Some(failure) = &it.last_failure {
            let words = one_line(&failure.words);
            told.push_str(&format!("\nLast failure of {}, at {:.0}: {words}\n", one_line(&it.name), failure.at));
        }
    }
    let dead: u64 = status.destinations.iter().map(|it| it.dead_letters).sum();
    if dead > 0 {
        told.push_str(&format!("\nGiven up ({} of {dead}; `relay retry` brings them back):\n", letters.len()));
        told.push_str(&format!("{}\n", dead_letters(letters)));
    }
    told
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
            it.message.clone(),
            one_line(&it.destination),
            it.flow.as_deref().map_or_else(|| "-".to_owned(), one_line),
            it.attempts.to_string(),
            it.reason.clone(),
            it.words.as_deref().map_or_else(|| "-".to_owned(), one_line),
        ]
    });
    table(["ID", "DESTINATION", "FLOW", "ATTEMPTS", "REASON", "DETAIL"], rows, &[3])
}

fn table<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>, numbers: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header);
    rows.for_each(|row| {
        table.add_row(row);
    });
    for column in numbers {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn time(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| format!("{time:.0}"))
}
