//! A worker: one connection, and the requests that it takes from the line one after another. A connection that ended
//! is opened again within the next request's time.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    line::{Line, Turn},
    messages::Messages,
    schedule::Pace,
    tally::{Tally, Took},
};
use crate::delivery::{Connection, Dialer, Outcome};

/// Pause of a connection that got no answer and has no schedule, so that it does not hammer an endpoint that is down.
const PAUSE: Duration = Duration::from_millis(20);

/// What the workers of a run share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) line: Line,
    pub(super) pace: Pace,
    pub(super) messages: Arc<Messages>,
    /// Requests that are due before this, from the start, are not counted.
    pub(super) warm_up: Duration,
    /// From the start to the end of the run.
    pub(super) end: Duration,
}

/// Requests over one connection, until the line ends.
pub(super) async fn work(
    dialer: Dialer,
    mut connection: Option<Connection>,
    shared: Arc<Shared>,
    tally: Arc<Mutex<Tally>>,
) {
    loop {
        let Some(turn) = shared.line.take().await else { return };
        let out = Out { turn, sent: Instant::now(), shared: &shared, tally: &tally, answered: false };
        if let Some(kept) = &mut connection
            && !kept.is_open().await
        {
            connection = None;
        }
        let request = shared.messages.request(turn.number);
        let bytes = request.body().len();
        let outcome = match connection.take() {
            Some(kept) => post(kept, &mut connection, request).await,
            None => match dialer.connect().await {
                Ok(opened) => post(opened, &mut connection, request).await,
                Err(outcome) => outcome,
            },
        };
        out.done(&outcome, bytes);
        if outcome.answer().is_none() && shared.pace == Pace::Max {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn post(mut open: Connection, keep: &mut Option<Connection>, request: crate::delivery::Request) -> Outcome {
    let outcome = open.post(request).await;
    *keep = outcome.answer().is_some().then_some(open);
    outcome
}

/// A request that is out. Dropped without an answer, it counts as unfinished.
struct Out<'o> {
    turn: Turn,
    sent: Instant,
    shared: &'o Shared,
    tally: &'o Mutex<Tally>,
    answered: bool,
}

impl Out<'_> {
    fn done(mut self, outcome: &Outcome, bytes: usize) {
        self.answered = true;
        if self.turn.due >= self.shared.warm_up {
            locked(self.tally).count(outcome, bytes, self.took());
        }
    }

    fn took(&self) -> Took {
        let now = Instant::now();
        let since_start = now - self.shared.line.start();
        Took {
            since_due: since_start.saturating_sub(self.turn.due),
            since_sent: now - self.sent,
            in_time: since_start <= self.shared.end,
        }
    }
}

impl Drop for Out<'_> {
    fn drop(&mut self) {
        if !self.answered && self.turn.due >= self.shared.warm_up {
            locked(self.tally).abandon(self.took());
        }
    }
}

/// A panic elsewhere leaves the counts as they are.
pub(super) fn locked(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}
