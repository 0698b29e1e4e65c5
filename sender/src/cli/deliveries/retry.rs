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
    let courier = args.engine.courier()?;
    let mut outbox = args.data.open()?;
    for id in &args.which.ids {
        let delivery = args.data.delivery(outbox.ledger(), *id)?;
        if !matches!(delivery.status, Status::Failed(_) | Status::Discarded) {
            return Err(CliError::NotToRetry { id: *id, status: delivery.status.word().as_str() });
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
    let numbers = outbox.ledger().pending()?;
    deliver::deliver(&mut outbox, &courier, args.output)?;
    let tally = outbox.ledger().tally(&Which::Numbers(&numbers))?;
    let code = tally::print(&tally, "tried", &args.data.data, args.output)?;
    outbox.finish_settled()?;
    args.keep.prune(&mut outbox)?;
    Ok(code)
}
