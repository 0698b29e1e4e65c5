//! `messages show`: one message, from the log.

use schemas::{json::pretty, text::escape_json};

use super::{Output, cell};
use crate::{
    cli::{Failure, data::Data, say, say_bytes},
    index::Message,
    log::Record,
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The message's id, or its beginning.
    id: String,
    /// Only the body, byte for byte as it is stored.
    #[arg(long, conflicts_with = "output")]
    raw: bool,
    /// For people, or the line that `export` writes.
    #[arg(long, value_enum, default_value = "human")]
    output: Output,
}

pub(super) fn run(data: &Data, args: &Args) -> Result<(), Failure> {
    let index = data.index()?;
    let Some((message, record)) = data.find(&index, &args.id)? else {
        return Err(Failure::failed(format_args!("there is no message with the id {}; see `messages list`", args.id)));
    };
    if args.raw {
        return say_bytes(&record.body);
    }
    match args.output {
        Output::Json => say(&(record.json_line() + "\n")),
        Output::Human => {
            let arrivals = index.arrivals(message.id).map_err(Failure::failed)?;
            say(&human(&message, &record, &arrivals))
        }
    }
}

fn human(message: &Message, record: &Record, arrivals: &[(jiff::Timestamp, Option<String>)]) -> String {
    let mut text = format!(
        "id        {}\nendpoint  {}\ntrigger   {}\nflow      {}\nstep      {}\nbytes     {}\n",
        message.id,
        cell(Some(&message.endpoint)),
        cell(message.trigger.as_deref()),
        cell(message.flow.as_deref()),
        cell(message.step.as_deref()),
        message.size,
    );
    for (at, peer) in arrivals {
        let from = peer.as_deref().map(|peer| format!(" from {peer}")).unwrap_or_default();
        text.push_str(&format!("received  {at:.3}{from}\n"));
    }
    match message.violations.as_slice() {
        _ if message.captured => text.push_str("contract  not judged: captured unchecked\n"),
        [] => text.push_str("contract  holds\n"),
        violations => {
            for violation in violations {
                text.push_str(&format!("contract  {}\n", cell(Some(&violation.to_string()))));
            }
        }
    }
    for (name, value) in record.header.captured.iter().flat_map(|captured| &captured.headers) {
        text.push_str(&format!("header    {}: {}\n", cell(Some(name)), cell(Some(value))));
    }
    text + "\n" + &escape_json(&laid_out(&record.body)) + "\n"
}

/// A capture may be no JSON.
fn laid_out(body: &[u8]) -> String {
    match pretty(body) {
        Some(pretty) => pretty,
        None if body.is_empty() => "(the body is empty)".to_owned(),
        None => String::from_utf8_lossy(body).into_owned(),
    }
}
