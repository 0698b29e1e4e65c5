//! `messages show`: one message, from the log.

use std::io::Write as _;

use serde_json::Value;

use super::{Output, cell, json_line};
use crate::{
    cli::{Failure, data::Data, say},
    index::Message,
    log::{Entry, Record},
    redact,
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
    let found = index.by_id(&args.id).map_err(Failure::failed)?;
    let message = match found.as_slice() {
        [message] => message,
        [] => {
            return Err(Failure::failed(format_args!(
                "there is no message with the id {}; see `messages list`",
                args.id
            )));
        }
        _ => return Err(Failure::failed(format_args!("more than one message has an id that begins {}", args.id))),
    };
    let record = match data.log(message.position).next_entry().map_err(Failure::failed)? {
        Some(Entry::Record { at, record, .. }) if at == message.position => record,
        _ => {
            return Err(Failure::failed(
                "the log has no such record any more: retention has just removed it, or the log is damaged there (see \
                 `log check`)",
            ));
        }
    };
    if args.raw {
        return anstream::stdout().write_all(&record.body).map_err(Failure::failed);
    }
    match args.output {
        Output::Json => say(&(json_line(&record) + "\n")),
        Output::Human => {
            let arrivals = index.arrivals(message.id).map_err(Failure::failed)?;
            say(&human(message, &record, &arrivals))
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
        [] => text.push_str("contract  holds\n"),
        violations => {
            for violation in violations {
                text.push_str(&format!("contract  {}\n", redact::printable(&violation.to_string())));
            }
        }
    }
    let pretty = serde_json::from_slice::<Value>(&record.body).and_then(|body| serde_json::to_string_pretty(&body));
    text + "\n" + &redact::printable(&pretty.unwrap_or_default()) + "\n"
}
