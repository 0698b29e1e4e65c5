//! Delivers what an outbox has scheduled, with a progress bar where someone sees it.

use std::{
    io::{IsTerminal as _, Write as _, stderr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use delivery::{AttemptResult, Dispatcher, RetryDecision};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    error::CliError,
    output::{self, Format, say},
    runtime,
};
use crate::outbox::{JobId, Outbox, Status, Which};

/// How often the bar is drawn anew while nothing happens.
const TICK: Duration = Duration::from_millis(200);

/// Delivers until nothing is scheduled any more, or until Ctrl-C; then what is not settled stays pending.
pub(super) fn deliver(outbox: &mut Outbox, dispatcher: &Dispatcher, format: Format) -> Result<(), CliError> {
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
        None => say(writeln!(
            anstream::stderr(),
            "{}stopped; the same command goes on with what is still pending, and so does `webhook-sender deliveries retry`",
            output::NOTE
        )),
    }
}

/// Says that other jobs wait in the outbox, which this command leaves alone.
pub(super) fn note_others(outbox: &Outbox, job: JobId) -> Result<(), CliError> {
    match outbox.reader().pending_of_others(job)? {
        0 => Ok(()),
        count => say(writeln!(
            anstream::stderr(),
            "{}{count} deliveries of earlier commands are pending in {}; `webhook-sender deliveries retry` delivers them",
            output::NOTE,
            outbox.folder().display()
        )),
    }
}

/// Says that a job goes on that was stopped. `what` is what the command does, such as `replay`.
pub(super) fn note_resumed(outbox: &Outbox, job: JobId, what: &str) -> Result<(), CliError> {
    let tally = outbox.reader().count_by_status(&Which::Job(job))?;
    let pruned = outbox.reader().pruned(job)?;
    let all: u64 = pruned + tally.iter().map(|alike| alike.count).sum::<u64>();
    let pending: u64 = tally.iter().filter(|alike| alike.status == Status::Pending).map(|alike| alike.count).sum();
    let note = match pending {
        0 => format!(
            "this {what} was stopped when all its {all} messages were done; write the command again to send them anew"
        ),
        _ => format!(
            "this {what} was stopped before; going on with the {pending} of {all} messages that are still pending"
        ),
    };
    let left_out = match pruned {
        0 => String::new(),
        _ => format!("; {pruned} that were delivered or discarded were pruned, and are not counted below"),
    };
    say(writeln!(anstream::stderr(), "{}{note}{left_out}", output::NOTE))
}

/// What came of the deliveries so far.
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
            bar.set_message(format!("{failed} failed, {again} tried again"));
        }
    }
}

/// A bar over the deliveries that are done, on a terminal only.
fn bar(deliveries: usize, format: Format) -> ProgressBar {
    if format != Format::Human || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(deliveries as u64);
    let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len} {per_sec} {msg}");
    bar.set_style(style.expect("the template is well-formed").progress_chars("=> "));
    bar.enable_steady_tick(TICK);
    bar
}
