//! `deliveries retry`: makes failed deliveries due again, and delivers everything that is due.

use clap::Args;
use console::{OutputArgs, exit_code};

use super::super::{
    deliver,
    engine_args::EngineArgs,
    error::CliError,
    outbox_args::{DataArgs, DeliveryIdArgs, KeepArgs},
    tally,
};
use crate::outbox::{Status, Which};

const AFTER_HELP: &str = "\
Without an id and without --failed, only pending deliveries are delivered, such as after the sender \
was stopped.";

#[derive(Args)]
#[command(after_help = format!("{AFTER_HELP}\n\n{}", exit_code::help(exit_code::DELIVER)))]
pub(in crate::cli) struct RetryArgs {
    #[command(flatten)]
    which: DeliveryIdArgs,

    #[command(flatten)]
    engine: EngineArgs,

    #[command(flatten)]
    data: DataArgs,

    #[command(flatten)]
    keep: KeepArgs,

    #[command(flatten)]
    output: OutputArgs,
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
    // Not earlier: a discarded delivery to retry may be old.
    args.keep.prune(&mut outbox)?;
    let numbers = outbox.reader().pending()?;
    deliver::deliver(&mut outbox, &dispatcher, args.output.format)?;
    let tally = outbox.reader().count_by_status(&Which::Numbers(&numbers))?;
    let code = tally::print(&tally, "tried", &args.data.folder, args.output.format)?;
    outbox.finish_completed()?;
    args.keep.prune(&mut outbox)?;
    Ok(code)
}
