//! Whether the endpoint takes messages now: plain valid messages tell a limit, a start or an outage from what only one
//! case meets.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use super::{
    backoff,
    performance::{FLOWS_A_CASE, Performance},
};
use crate::{
    case::RequestForm,
    exchange::{Answer, NoAnswer},
};

/// Number of the first flow of such messages.
const FIRST_FLOW: usize = 100;
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

impl Performance<'_> {
    /// The last status about load or start-up, if there was one.
    pub(super) fn unavailable(&self) -> Option<u16> {
        Some(self.unavailable.load(Ordering::Relaxed)).filter(|status| *status > 0)
    }

    /// Asks with two plain messages, so that the last of a rate limit is not taken for availability.
    pub(super) async fn availability(&self, limit: Duration) -> Availability {
        match self.is_up(limit).await {
            Availability::Available => self.ask(limit).await,
            other => other,
        }
    }

    /// Asks with one plain message, and with a second one where that is not accepted: one may be lost.
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

    /// Waits until a plain message is accepted, but not longer than until then, nor than the run; how long that took.
    pub(super) async fn recovery(&self, until: Instant) -> Option<Duration> {
        let (begun, until) = (Instant::now(), until.min(self.end));
        let mut interval = POLL_INTERVAL;
        for number in 0.. {
            let pause = match self.probe(self.dialer.timeout).await {
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

    /// A plain valid message on which nothing rests.
    pub(super) async fn probe(&self, limit: Duration) -> Result<Answer, NoAnswer> {
        let limit = limit.min(self.end.saturating_duration_since(Instant::now()));
        let Ok(request) = self.maker.make(&RequestForm::default(), self.next_probe_flow()) else {
            return Err(NoAnswer::NoConnection { why: "the plain message cannot be made".to_owned() });
        };
        let answer = self.dialer.send_within(&request, limit).await;
        self.keep(&request, answer.clone(), true, false);
        answer
    }

    /// The flow of the next plain message on which nothing rests.
    pub(super) fn next_probe_flow(&self) -> u64 {
        let number = self.probes.fetch_add(1, Ordering::Relaxed) % (FLOWS_A_CASE as usize - FIRST_FLOW);
        self.plain_flow(FIRST_FLOW + number)
    }

    /// Sends one of the plain messages that go before everything else.
    pub(super) async fn plain(&self, number: usize, limit: Duration) -> Result<Answer, NoAnswer> {
        let Ok(request) = self.maker.make(&RequestForm::default(), self.plain_flow(number)) else {
            return Err(NoAnswer::NoConnection { why: "the plain message cannot be made".to_owned() });
        };
        let limit = limit.min(self.end.saturating_duration_since(Instant::now()));
        let answer = self.dialer.send_within(&request, limit).await;
        self.keep(&request, answer.clone(), true, true);
        answer
    }
}
