//! `relay replay`: makes messages of the log due again at a destination.

use std::path::Path;

use console::{format::plural, output::write_stdout, time::parse_now};
use jiff::Timestamp;
use schemas::timestamp;

use crate::{
    cli::{data::DataDir, failure::Failure},
    log::Position,
    relay::{ReplayCounts, ReplaySelection, replay},
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct RelayReplayArgs {
    /// Name of the destination.
    #[arg(value_name = "NAME")]
    destination: String,
    /// Send messages received at or after this time, such as 2026-11-24T08:00:00Z, 2h (ago) or yesterday; a
    /// day is its start in UTC.
    #[arg(long, value_name = "TIME", value_parser = parse_now)]
    since: Timestamp,
    /// Send messages received before this time; a day is its start in UTC [default: now].
    #[arg(long, value_name = "TIME", value_parser = parse_now)]
    until: Option<Timestamp>,
    /// Send messages received at this endpoint, such as under its former name [default: the destination's endpoint].
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
}

pub(super) fn run(config: Option<&Path>, args: &RelayReplayArgs) -> Result<(), Failure> {
    timestamp::check_range(Some(args.since), args.until).map_err(Failure::usage)?;
    let data = DataDir::open(config)?;
    let Some(mut store) = data.relay_store()? else {
        return Err(Failure::failed("no endpoint has had a destination here yet"));
    };
    let selection = ReplaySelection {
        destination: &args.destination,
        endpoint: args.endpoint.as_deref(),
        since: args.since,
        until: args.until,
    };
    let replayed = replay(&mut store, &mut data.log(Position(0)), &selection).map_err(Failure::failed)?;
    Ok(write_stdout(&report(args, replayed))?)
}

fn report(args: &RelayReplayArgs, replayed: ReplayCounts) -> String {
    let ReplayCounts { due, waiting, not_matched, undecided } = replayed;
    if replayed == ReplayCounts::default() {
        let tip = if args.endpoint.is_some() { "" } else { "; `--endpoint NAME` sends those of another endpoint" };
        return format!("The log has no messages of this endpoint in that time{tip}.\n");
    }
    let messages = |count: usize| plural(count as u64, "message");
    let mut text = format!("Due at {}: {}.\n", args.destination, messages(due));
    for (count, why) in [
        (waiting, "Already waiting there"),
        (not_matched, "Not matched by its `when`"),
        (undecided, "Not sent, because its `when` cannot be evaluated"),
    ] {
        if count > 0 {
            text.push_str(&format!("{why}: {}.\n", messages(count)));
        }
    }
    text
}
