//! `deliveries retry`: what failed becomes due again, and everything that is due is delivered.

use clap::Args;

use super::{
    super::{deliver, engine_args::EngineArgs, error::CliError, exit, output::Format, retention::KeepArgs, tally},
    DataArgs, WhichArgs,
};
use crate::outbox::{Status, Which};

const AFTER: &str = "\
Without a number and without --failed, only what is still pending is delivered, such as after the \
sender was stopped.";

#[derive(Args)]
#[command(after_help = format!("{AFTER}\n\n{}", exit::OF_DELIVERIES))]
pub(in crate::cli) struct RetryArgs {
    #[command(flatten)]
    which: WhichArgs,

    #[command(flatten)]
    engine: EngineArgs,

    #[command(flatten)]
    data: DataArgs,

    #[command(flatten)]
    keep: KeepArgs,

    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "human")]
    output: Format,
}

pub(super) fn run(args: &RetryArgs) -> Result<u8, CliError> {
    let dispatcher = args.engine.dispatcher()?;
    let mut outbox = args.data.open()?;
    for id in &args.which.ids {
        let delivery = args.data.delivery(outbox.reader(), *id)?;
        if !matches!(delivery.status, Status::Failed | Status::Discarded) {
            return Err(CliError::NotToRetry { id: *id, status: delivery.status.as_str() });
        }
    }
    if args.which.failed {
        outbox.retry_failed()?;
    }
    for id in &args.which.ids {
        outbox.retry(*id)?;
    }
    // Not before: a discarded delivery that is to be tried again may be old.
    args.keep.prune(&mut outbox)?;
    let numbers = outbox.reader().pending()?;
    deliver::deliver(&mut outbox, &dispatcher, args.output)?;
    let tally = outbox.reader().count_by_status(&Which::Numbers(&numbers))?;
    let code = tally::print(&tally, "tried", &args.data.data, args.output)?;
    outbox.finish_completed()?;
    args.keep.prune(&mut outbox)?;
    Ok(code)
}
