//! `deliveries prune`: old deliveries are deleted, and the file becomes smaller.

use std::io::Write as _;

use clap::Args;

use super::{
    super::{
        error::CliError,
        output::{say, size},
        retention::{self, Retention},
    },
    DataArgs,
};

const AFTER: &str = "\
Pending and failed deliveries are never deleted: `deliveries discard` decides against them first. \
`run`, `replay`, `deliveries retry` and `deliveries discard` prune too, by --keep. A command that was \
stopped goes on where it was, even if deliveries of it were pruned. A file of version 0.1.0 is \
rewritten once, which needs free space of up to twice its size.";

#[derive(Args)]
#[command(after_help = AFTER)]
pub(in crate::cli) struct PruneArgs {
    /// Delete what was delivered or discarded this long ago or longer, such as 30d, 12h or 0s
    #[arg(long, value_name = "TIME", default_value = retention::DEFAULT, env = retention::VARIABLE)]
    older_than: Retention,

    #[command(flatten)]
    data: DataArgs,
}

pub(super) fn run(args: &PruneArgs) -> Result<(), CliError> {
    let mut outbox = args.data.open()?;
    let pruned = args.older_than.prune(&mut outbox)?;
    let deliveries =
        if pruned.deliveries == 1 { "1 delivery".to_owned() } else { format!("{} deliveries", pruned.deliveries) };
    let bytes = size(pruned.bytes.try_into().unwrap_or(usize::MAX));
    say(writeln!(anstream::stdout(), "pruned {deliveries}, {bytes}"))?;
    // After the report: on a full disk this fails, and what was pruned is pruned.
    Ok(outbox.make_shrinkable()?)
}
