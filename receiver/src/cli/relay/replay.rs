//! `relay replay`: messages of the log are due again at a destination.

use std::path::Path;

use jiff::Timestamp;

use schemas::timestamp;

use super::{Failure, exit, say, store};
use crate::{
    cli::data::Data,
    log::Position,
    relay::{Replayed, Selection, replay},
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Name of the destination.
    #[arg(value_name = "NAME")]
    destination: String,
    /// Send messages received at or after this moment, such as 2026-11-24T08:00:00Z, or 2026-11-24 for its beginning in UTC.
    #[arg(long, value_name = "TIME", value_parser = timestamp::parse)]
    since: Timestamp,
    /// Send messages received before this moment; a date is its beginning in UTC [default: now].
    #[arg(long, value_name = "TIME", value_parser = timestamp::parse)]
    until: Option<Timestamp>,
    /// Send messages that were received under this endpoint name, such as its name before a change [default: the
    /// destination's endpoint].
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
}

pub(super) fn run(config: Option<&Path>, args: &Args) -> Result<(), Failure> {
    timestamp::check_range(Some(args.since), args.until).map_err(|error| Failure::new(exit::USAGE, error))?;
    let data = Data::of(config)?;
    let Some(mut store) = store(&data)? else {
        return Err(Failure::failed("no endpoint has had a destination here yet, so there is none to send to"));
    };
    let selection = Selection {
        destination: &args.destination,
        endpoint: args.endpoint.as_deref(),
        since: args.since,
        until: args.until,
    };
    let replayed = replay(&mut store, &mut data.log(Position(0)), &selection).map_err(Failure::failed)?;
    say(&report(args, replayed))
}

fn report(args: &Args, replayed: Replayed) -> String {
    let Replayed { due, waiting, not_matched, undecided } = replayed;
    if replayed == Replayed::default() {
        let tip = if args.endpoint.is_some() { "" } else { "; `--endpoint NAME` takes those of another endpoint" };
        return format!("The log has no message that the endpoint received in that time{tip}.\n");
    }
    let messages = |count: usize| if count == 1 { "1 message".to_owned() } else { format!("{count} messages") };
    let mut text = format!("Due at {}: {}.\n", args.destination, messages(due));
    for (count, why) in [
        (waiting, "Waiting there already"),
        (not_matched, "Not matched by its `when`"),
        (undecided, "Not sent, because its `when` cannot be computed"),
    ] {
        if count > 0 {
            text.push_str(&format!("{why}: {}.\n", messages(count)));
        }
    }
    text
}
