//! The stream of new messages. It is resumed by position: the id of each event is where the next one begins.

use std::{collections::VecDeque, convert::Infallible, mem, sync::Arc, time::Duration};

use axum::{
    extract::{Query as Parameters, State},
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, Interval},
};
use tokio_util::sync::CancellationToken;

use super::{Inspected, page::Problem, rows, search::PAGE};
use crate::{index::IndexProgress, log::Position, query::Query};

/// Maximum number of streams at a time.
pub(super) const MAX_STREAMS: usize = 32;
/// Minimum time between two looks at the index.
const INTERVAL: Duration = Duration::from_millis(250);
/// Number of looks in sequence that find more than a page before the rest is skipped.
const MAX_BEHIND: u32 = 8;
/// Time between two looks at the number of refused requests.
const REFUSED_INTERVAL: Duration = Duration::from_secs(1);
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(2);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EventParameters {
    q: String,
    after: String,
}

struct Stream {
    inspected: Arc<Inspected>,
    query: Arc<Query>,
    /// Up to where messages were sent.
    after: Position,
    pending: VecDeque<Event>,
    progress: watch::Receiver<IndexProgress>,
    stopping: CancellationToken,
    looked: Option<Instant>,
    /// Whether there may be something new.
    is_due: bool,
    /// The number of refused requests that was sent last.
    refused: u64,
    refused_interval: Interval,
    /// Number of looks in sequence that were not enough for what has arrived.
    behind: u32,
    _permit: OwnedSemaphorePermit,
}

pub(super) async fn events(
    State(inspected): State<Arc<Inspected>>,
    Parameters(parameters): Parameters<EventParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = Query::parse(&parameters.q, Timestamp::now())
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "This is not a search", &error.to_string()))?;
    let Ok(permit) = inspected.streams.clone().try_acquire_owned() else {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many pages are open",
            "Close one, or load this page again to see new messages.",
        ));
    };
    // What the browser has seen last counts more than what the page had at first.
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let mut progress = inspected.parts.progress.clone();
    let after = resumed.or_else(|| parameters.after.parse().ok()).map(Position);
    let after = after.unwrap_or_else(|| last_before(progress.borrow_and_update().position));
    let stream = Stream {
        query: Arc::new(query),
        after,
        pending: VecDeque::from([Event::default().retry(RETRY).comment("connected")]),
        progress,
        stopping: inspected.stopping.clone(),
        looked: None,
        is_due: true,
        behind: 0,
        refused: 0,
        refused_interval: tokio::time::interval(REFUSED_INTERVAL),
        inspected,
        _permit: permit,
    };
    let events = stream::unfold(stream, |mut stream| async move {
        let event = stream.next().await?;
        Some((Ok::<_, Infallible>(event), stream))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// The last position before one. No message is at 0, where the head of the first file is.
fn last_before(end: Position) -> Position {
    Position(end.0.saturating_sub(1))
}

impl Inspected {
    /// Number of refused requests that are known, over restarts.
    pub(super) fn refused(&self) -> u64 {
        self.parts.refusals.read(|rings| rings.count())
    }
}

impl Stream {
    /// The next event; `None` when the receiver stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Some(event);
            }
            let ready = async {
                if !self.is_due {
                    self.progress.changed().await.ok()?;
                    // Kept, because waiting may be interrupted here.
                    self.is_due = true;
                }
                if let Some(looked) = self.looked {
                    tokio::time::sleep_until(looked + INTERVAL).await;
                }
                Some(())
            };
            tokio::select! {
                () = self.stopping.cancelled() => return None,
                _ = self.refused_interval.tick() => {
                    self.look_at_refused();
                    continue;
                }
                ready = ready => ready?,
            }
            self.looked = Some(Instant::now());
            self.is_due = false;
            if let Err(problem) = self.look().await {
                tracing::warn!(error = problem.advice, "the stream of new messages is interrupted");
                return None;
            }
        }
    }

    /// The event has no id: a stream goes on where its messages ended.
    fn look_at_refused(&mut self) {
        let refused = self.inspected.refused();
        if refused != self.refused {
            self.pending.push_back(Event::default().event("refused").data(refused.to_string()));
            self.refused = refused;
        }
    }

    /// Renders the oldest messages after the last ones. If they arrive faster than a page can take them, the rest is skipped,
    /// and an event reports that.
    async fn look(&mut self) -> Result<(), Problem> {
        let (query, after) = (self.query.clone(), self.after);
        let look = self.inspected.clone().read(move |inspected| {
            let mut found = inspected.search(&query, None, Some(after), PAGE)?;
            Ok::<_, Problem>((inspected.rows(mem::take(&mut found.messages))?, found))
        });
        let (rows, found) = look.await?;
        for row in rows {
            let position = row.message.position.0.to_string();
            self.pending.push_back(Event::default().event("row").id(position).data(rows::row(&row).into_string()));
        }
        let end = found.indexed;
        self.is_due |= found.next.is_some();
        self.behind = if found.next.is_some() { self.behind + 1 } else { 0 };
        if self.behind > MAX_BEHIND {
            self.pending.push_back(Event::default().event("more").id(end.0.to_string()).data("more"));
            self.behind = 0;
        }
        self.after = found.next.filter(|_| self.behind > 0).unwrap_or(end);
        Ok(())
    }
}
