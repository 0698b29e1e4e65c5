//! `messages show`: one message, from the log.

use console::{
    OutputArgs, OutputFormat,
    output::{write_bytes, write_json, write_stdout},
};
use schemas::{Trigger, json::pretty, text::escape_json};

use super::cell;
use crate::{
    cli::{data::DataDir, failure::Failure},
    index::Message,
    log::Record,
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ShowArgs {
    /// Id of the message; a prefix is enough.
    id: String,
    /// Print only the body, byte for byte as it is stored.
    #[arg(long, conflicts_with = "output")]
    raw: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(data: &DataDir, args: &ShowArgs) -> Result<(), Failure> {
    let index = data.index()?;
    let Some((message, record)) = data.find(&index, &args.id)? else {
        return Err(Failure::failed(format_args!("there is no message with the id {}", args.id))
            .tip("`webhook-receiver messages list` shows the ids"));
    };
    if args.raw {
        return Ok(write_bytes(&record.body)?);
    }
    match args.output.format {
        OutputFormat::Json => write_json(&record.json_line())?,
        OutputFormat::Human => {
            let arrivals = index.arrivals(message.id).map_err(Failure::failed)?;
            write_stdout(&human(&message, &record, &arrivals))?;
        }
    }
    Ok(())
}

fn human(message: &Message, record: &Record, arrivals: &[(jiff::Timestamp, Option<String>)]) -> String {
    let mut text = format!(
        "id        {}\nendpoint  {}\ntrigger   {}\nflow      {}\nstep      {}\nbytes     {}\n",
        message.id,
        cell(Some(&message.endpoint)),
        message.trigger.map_or("-", Trigger::as_str),
        cell(message.flow.as_deref()),
        cell(message.step.as_deref()),
        message.size,
    );
    for (at, peer) in arrivals {
        let from = peer.as_deref().map(|peer| format!(" from {peer}")).unwrap_or_default();
        text.push_str(&format!("received  {at:.3}{from}\n"));
    }
    match message.violations.as_slice() {
        _ if message.captured => text.push_str("contract  not checked: captured\n"),
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
