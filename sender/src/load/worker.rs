//! A worker: one connection and the requests that it takes from the queue, one at a time. A closed connection is opened
//! again as part of the next request's time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use delivery::{Connection, Dialer, Outcome};
use parking_lot::Mutex;

use super::{
    due_queue::{DueQueue, DueRequest},
    messages::Messages,
    schedule::LoadPace,
    tally::{RequestTally, RequestTimes},
};

/// Pause after a request without an answer when there is no schedule, so that an endpoint that is down is not flooded.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) queue: DueQueue,
    pub(super) pace: LoadPace,
    pub(super) messages: Arc<Messages>,
    /// Requests that are due before this, from the start, are not counted.
    pub(super) warm_up: Duration,
    /// From the start to the end of the run.
    pub(super) end: Duration,
}

/// Sends requests over one connection until the queue ends.
pub(super) async fn work(
    dialer: Dialer,
    mut connection: Option<Connection>,
    shared: Arc<Shared>,
    tally: Arc<Mutex<RequestTally>>,
) {
    loop {
        let Some(turn) = shared.queue.take().await else { return };
        let in_flight = InFlight { turn, sent: Instant::now(), shared: &shared, tally: &tally, answered: false };
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
        in_flight.complete(&outcome, bytes);
        if outcome.answer().is_none() && shared.pace == LoadPace::Max {
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }
}

async fn post(mut open: Connection, keep: &mut Option<Connection>, request: delivery::Request) -> Outcome {
    let outcome = open.post(request).await;
    *keep = outcome.answer().is_some().then_some(open);
    outcome
}

/// A request without an answer so far. Dropped, it counts as unfinished.
struct InFlight<'o> {
    turn: DueRequest,
    sent: Instant,
    shared: &'o Shared,
    tally: &'o Mutex<RequestTally>,
    answered: bool,
}

impl InFlight<'_> {
    fn complete(mut self, outcome: &Outcome, bytes: usize) {
        self.answered = true;
        if self.turn.due >= self.shared.warm_up {
            self.tally.lock().count(outcome, bytes, self.times());
        }
    }

    fn times(&self) -> RequestTimes {
        let now = Instant::now();
        let since_start = now - self.shared.queue.start();
        RequestTimes {
            since_due: since_start.saturating_sub(self.turn.due),
            since_sent: now - self.sent,
            in_time: since_start <= self.shared.end,
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if !self.answered && self.turn.due >= self.shared.warm_up {
            self.tally.lock().count_unfinished(self.times());
        }
    }
}
