//! Delivers what an outbox has scheduled, with a progress bar where someone sees it.

use std::{
    io::{IsTerminal as _, Write as _, stderr},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{
    error::CliError,
    output::{self, Format, say},
};
use crate::{
    delivery::{Attempted, Courier, Next},
    outbox::{JobId, Outbox},
};

/// How often the bar is drawn anew while nothing happens.
const TICK: Duration = Duration::from_millis(200);

/// Delivers until nothing is scheduled any more, or until Ctrl-C; then what is not settled stays pending.
pub(super) fn deliver(outbox: &mut Outbox, courier: &Courier, format: Format) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CliError::Runtime)?;
    let mut bar = Bar::new(outbox.scheduled(), format);
    let done = runtime.block_on(async {
        let mut draining = std::pin::pin!(courier.drain(outbox, |attempted| bar.note(attempted)));
        tokio::select! {
            done = &mut draining => Some(done),
            () = interrupted() => None,
        }
    });
    bar.bar.finish_and_clear();
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
    match outbox.ledger().pending_beside(job)? {
        0 => Ok(()),
        count => say(writeln!(
            anstream::stderr(),
            "{}{count} deliveries of earlier commands are pending in {}; `webhook-sender deliveries retry` delivers them",
            output::NOTE,
            outbox.folder().display()
        )),
    }
}

/// A bar over the deliveries that are done, on a terminal only.
struct Bar {
    bar: ProgressBar,
    delivered: u64,
    failed: u64,
    again: u64,
}

impl Bar {
    fn new(deliveries: usize, format: Format) -> Self {
        let bar = if format == Format::Human && stderr().is_terminal() {
            ProgressBar::new(deliveries as u64)
        } else {
            ProgressBar::hidden()
        };
        let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len} {per_sec} {msg}");
        bar.set_style(style.expect("the template is well-formed").progress_chars("=> "));
        bar.enable_steady_tick(TICK);
        Self { bar, delivered: 0, failed: 0, again: 0 }
    }

    fn note(&mut self, attempted: &Attempted) {
        match attempted.next {
            Next::Delivered => self.delivered += 1,
            Next::GiveUp(_) => self.failed += 1,
            Next::RetryAt(_) => self.again += 1,
        }
        self.bar.set_position(self.delivered + self.failed);
        if self.failed + self.again > 0 {
            self.bar.set_message(format!("{} failed, {} tried again", self.failed, self.again));
        }
    }
}

/// Ends with Ctrl-C. Where that cannot be heard of, it stops the program as it always does.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
