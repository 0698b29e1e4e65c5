//! `deliveries prune`: deletes old deliveries, and shrinks the file.

use clap::Args;
use console::{format::size, output::write_stdout};

use super::super::{
    error::CliError,
    outbox_args::{DEFAULT_KEEP, DataArgs, KEEP_VARIABLE, Retention},
};

const AFTER_HELP: &str = "\
Pending and failed deliveries are never deleted: use `deliveries discard` first. `run`, `replay`, \
`deliveries retry` and `deliveries discard` prune too, see --keep. A stopped command continues where \
it was, even if some of its deliveries were pruned. A file of version 0.1.0 is rewritten once, which \
needs free space of up to twice its size.";

#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::cli) struct PruneArgs {
    /// Delete what was delivered or discarded at least this long ago, such as 30d, 12h or 0s, at most 36500d.
    #[arg(long, value_name = "DURATION", default_value = DEFAULT_KEEP, env = KEEP_VARIABLE)]
    older_than: Retention,

    #[command(flatten)]
    data: DataArgs,
}

pub(super) fn run(args: &PruneArgs) -> Result<(), CliError> {
    let mut outbox = args.data.open()?;
    let pruned = args.older_than.prune(&mut outbox)?;
    let deliveries =
        if pruned.deliveries == 1 { "1 delivery".to_owned() } else { format!("{} deliveries", pruned.deliveries) };
    write_stdout(&format!("pruned {deliveries}, {}\n", size(pruned.bytes)))?;
    // After the report: on a full disk this fails, but the pruning is done.
    Ok(outbox.make_shrinkable()?)
}
