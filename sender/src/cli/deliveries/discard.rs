//! `deliveries discard`: discards deliveries.

use clap::Args;
use console::output::write_stdout;

use super::super::{
    error::CliError,
    outbox_args::{DataArgs, DeliveryIdArgs, KeepArgs},
};
use crate::outbox::Status;

#[derive(Args)]
pub(in crate::cli) struct DiscardArgs {
    #[command(flatten)]
    which: DeliveryIdArgs,

    /// Reason, which `deliveries show` prints.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    #[command(flatten)]
    data: DataArgs,

    #[command(flatten)]
    keep: KeepArgs,
}

pub(super) fn run(args: &DiscardArgs) -> Result<(), CliError> {
    if args.which.ids.is_empty() && !args.which.failed {
        return Err(CliError::NothingNamed);
    }
    let mut outbox = args.data.open()?;
    for id in &args.which.ids {
        let delivery = args.data.delivery(outbox.reader(), *id)?;
        if !matches!(delivery.status, Status::Pending | Status::Failed) {
            return Err(CliError::NotToDiscard { id: *id, status: delivery.status.as_str() });
        }
    }
    let reason = args.reason.as_deref();
    let mut count = if args.which.failed { outbox.discard_failed(reason)? } else { 0 };
    for id in &args.which.ids {
        count += usize::from(outbox.discard(*id, reason)?);
    }
    outbox.finish_completed()?;
    args.keep.prune(&mut outbox)?;
    let deliveries = if count == 1 { "delivery" } else { "deliveries" };
    Ok(write_stdout(&format!("discarded {count} {deliveries}\n"))?)
}
