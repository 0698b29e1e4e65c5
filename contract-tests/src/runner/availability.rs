//! Whether the endpoint accepts messages now. Plain valid messages distinguish a rate limit, a start or an outage from
//! the answer to a single case.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use super::{
    backoff,
    case_runner::{CaseRunner, FLOWS_PER_CASE},
};
use crate::{
    case::RequestForm,
    exchange::{Answer, TransportError},
};

/// First flow number of such messages.
const FIRST_PROBE_FLOW: usize = 100;
/// The first pause between two messages to an endpoint that is down; each following one is twice as long.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Maximum pause between two of them.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Whether the endpoint accepts plain valid messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Availability {
    Available,
    /// It answers with a status about load or start-up.
    Unavailable {
        retry_after: Option<Duration>,
    },
    /// It does not answer, or refuses what it accepted before.
    Down,
}

impl CaseRunner<'_> {
    /// The last status about load or start-up, if there was one.
    pub(super) fn unavailable(&self) -> Option<u16> {
        Some(self.unavailable.load(Ordering::Relaxed)).filter(|status| *status > 0)
    }

    /// Asks with two plain messages, so that the last one of a rate limit does not count as availability.
    pub(super) async fn availability(&self, limit: Duration) -> Availability {
        match self.is_up(limit).await {
            Availability::Available => self.ask(limit).await,
            other => other,
        }
    }

    /// Asks with one plain message, and with a second one if it is not accepted, because one may be lost.
    pub(super) async fn is_up(&self, limit: Duration) -> Availability {
        match self.ask(limit).await {
            Availability::Down => self.ask(limit).await,
            other => other,
        }
    }

    async fn ask(&self, limit: Duration) -> Availability {
        match self.probe(limit).await {
            Ok(answer) if answer.is_unavailable() => {
                self.unavailable.store(answer.status, Ordering::Relaxed);
                Availability::Unavailable { retry_after: answer.retry_after() }
            }
            Ok(answer) if answer.is_acceptance() => Availability::Available,
            Ok(_) | Err(_) => Availability::Down,
        }
    }

    /// Waits until a plain message is accepted, the time is `until`, or the run ends; returns how long it took.
    pub(super) async fn recovery(&self, until: Instant) -> Option<Duration> {
        let (begun, until) = (Instant::now(), until.min(self.end));
        let mut interval = POLL_INTERVAL;
        for number in 0.. {
            let pause = match self.probe(self.client.timeout).await {
                Ok(answer) if answer.is_acceptance() => return Some(begun.elapsed()),
                Ok(answer) if answer.is_unavailable() => backoff::pause(answer.retry_after(), number),
                Ok(_) | Err(_) => interval,
            };
            if Instant::now() + pause >= until {
                return None;
            }
            sleep(pause).await;
            interval = (interval * 2).min(MAX_POLL_INTERVAL);
        }
        None
    }

    /// Sends a plain valid message that decides nothing.
    pub(super) async fn probe(&self, limit: Duration) -> Result<Answer, TransportError> {
        let limit = limit.min(self.end.saturating_duration_since(Instant::now()));
        let Ok(request) = self.builder.build(&RequestForm::default(), self.next_probe_flow()) else {
            return Err(TransportError::NoConnection { why: "the plain message cannot be built".to_owned() });
        };
        let answer = self.client.send_within(&request, limit).await;
        self.keep(&request, answer.clone(), true, false);
        answer
    }

    /// The flow number of the next such message.
    pub(super) fn next_probe_flow(&self) -> u64 {
        let number = self.probes.fetch_add(1, Ordering::Relaxed) % (FLOWS_PER_CASE as usize - FIRST_PROBE_FLOW);
        self.plain_flow(FIRST_PROBE_FLOW + number)
    }

    /// Sends one of the plain messages that are sent before everything else.
    pub(super) async fn plain(&self, number: usize, limit: Duration) -> Result<Answer, TransportError> {
        let Ok(request) = self.builder.build(&RequestForm::default(), self.plain_flow(number)) else {
            return Err(TransportError::NoConnection { why: "the plain message cannot be built".to_owned() });
        };
        let limit = limit.min(self.end.saturating_duration_since(Instant::now()));
        let answer = self.client.send_within(&request, limit).await;
        self.keep(&request, answer.clone(), true, true);
        answer
    }
}
