//! Delivers what an outbox has scheduled, with a progress bar on a terminal.

use std::{
    io::{IsTerminal as _, stderr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use console::{OutputFormat, output::note};
use indicatif::{ProgressBar, ProgressStyle};

use super::{error::CliError, runtime};
use crate::outbox::{JobId, Outbox, Status, Which};
use delivery::{AttemptResult, Dispatcher, RetryDecision};

/// How often the bar is redrawn while nothing happens.
const REDRAW_INTERVAL: Duration = Duration::from_millis(200);

/// Delivers until nothing is scheduled any more, or until Ctrl-C; unfinished deliveries then stay pending.
pub(super) fn deliver(outbox: &mut Outbox, dispatcher: &Dispatcher, format: OutputFormat) -> Result<(), CliError> {
    let runtime = runtime::new()?;
    let bar = bar(outbox.scheduled(), format);
    let counts = Arc::new(Counts::default());
    let dispatcher = dispatcher.clone().observed_by({
        let bar = bar.clone();
        move |attempted| counts.note(attempted, &bar)
    });
    let done = runtime.block_on(async {
        tokio::select! {
            done = dispatcher.drain(outbox) => Some(done),
            () = runtime::interrupted() => None,
        }
    });
    bar.finish_and_clear();
    // A resolver that hangs must not hold the program.
    runtime.shutdown_background();
    match done {
        Some(done) => done.map(|_| ()).map_err(CliError::from),
        None => {
            note(
                "stopped; the same command, or `webhook-sender deliveries retry`, continues with the pending deliveries",
            );
            Ok(())
        }
    }
}

/// Notes that other jobs wait in the outbox, which this command leaves alone.
pub(super) fn note_others(outbox: &Outbox, job: JobId) -> Result<(), CliError> {
    match outbox.reader().pending_of_others(job)? {
        0 => {}
        count => note(format_args!(
            "{count} deliveries of earlier commands are pending in {}; `webhook-sender deliveries retry` delivers them",
            outbox.folder().display()
        )),
    }
    Ok(())
}

/// Notes that a stopped job continues. `what` is what the command does, such as `replay`.
pub(super) fn note_resumed(outbox: &Outbox, job: JobId, what: &str) -> Result<(), CliError> {
    let tally = outbox.reader().count_by_status(&Which::Job(job))?;
    let pruned = outbox.reader().pruned(job)?;
    let all: u64 = pruned + tally.iter().map(|alike| alike.count).sum::<u64>();
    let pending: u64 = tally.iter().filter(|alike| alike.status == Status::Pending).map(|alike| alike.count).sum();
    let state = match pending {
        0 => format!("this {what} was stopped when all {all} messages were done; run the command again to resend them"),
        _ => format!("this {what} was stopped before; continuing with the {pending} of {all} messages still pending"),
    };
    let left_out = match pruned {
        0 => String::new(),
        _ => format!("; {pruned} delivered or discarded ones were pruned and are not counted below"),
    };
    note(format_args!("{state}{left_out}"));
    Ok(())
}

/// The results of the deliveries so far.
#[derive(Default)]
struct Counts {
    done: AtomicU64,
    failed: AtomicU64,
    again: AtomicU64,
}

impl Counts {
    fn note(&self, attempted: &AttemptResult, bar: &ProgressBar) {
        match attempted.decision {
            RetryDecision::Delivered => self.done.fetch_add(1, Relaxed),
            RetryDecision::GiveUp(_) => {
                self.failed.fetch_add(1, Relaxed);
                self.done.fetch_add(1, Relaxed)
            }
            RetryDecision::RetryAt(_) => self.again.fetch_add(1, Relaxed),
        };
        bar.set_position(self.done.load(Relaxed));
        let (failed, again) = (self.failed.load(Relaxed), self.again.load(Relaxed));
        if failed + again > 0 {
            bar.set_message(format!("{failed} failed, {again} retried"));
        }
    }
}

/// A progress bar of the deliveries, only on a terminal.
fn bar(deliveries: usize, format: OutputFormat) -> ProgressBar {
    if format != OutputFormat::Human || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(deliveries as u64);
    let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len} {per_sec} {msg}");
    bar.set_style(style.expect("the template is well-formed").progress_chars("=> "));
    bar.enable_steady_tick(REDRAW_INTERVAL);
    bar
}
