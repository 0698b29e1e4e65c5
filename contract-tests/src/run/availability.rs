//! Whether the endpoint takes messages now: plain valid messages tell a limit or a start from what only one case meets.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use super::performance::{FLOWS_A_CASE, Performance};
use crate::{
    case::RequestForm,
    exchange::{Answer, NoAnswer},
};

/// Number of the first flow of such messages.
const FIRST_FLOW: usize = 100;

/// Whether the endpoint answers plain valid messages.
pub(super) enum Availability {
    Available,
    /// It answers with a status about load or start-up.
    Unavailable {
        retry_after: Option<Duration>,
    },
    /// It does not answer at all.
    Silent,
}

impl Performance<'_> {
    /// The last status about load or start-up, if there was one.
    pub(super) fn unavailable(&self) -> Option<u16> {
        Some(self.unavailable.load(Ordering::Relaxed)).filter(|status| *status > 0)
    }

    /// Asks with two plain messages, so that the last of a rate limit is not taken for availability.
    pub(super) async fn availability(&self) -> Availability {
        for _ in 0..2 {
            match self.probe(self.dialer.timeout).await {
                Ok(answer) if answer.is_unavailable() => {
                    return Availability::Unavailable { retry_after: answer.retry_after() };
                }
                Ok(_) => {}
                Err(_) => return Availability::Silent,
            }
        }
        Availability::Available
    }

    /// A plain valid message on which nothing rests.
    pub(super) async fn probe(&self, limit: Duration) -> Result<Answer, NoAnswer> {
        let number = FIRST_FLOW + self.probes.fetch_add(1, Ordering::Relaxed) % (FLOWS_A_CASE as usize - FIRST_FLOW);
        self.plain(number, limit).await
    }

    /// Sends one of the plain messages.
    pub(super) async fn plain(&self, number: usize, limit: Duration) -> Result<Answer, NoAnswer> {
        let Ok(request) = self.maker.make(&RequestForm::default(), self.plain_flow(number)) else {
            return Err(NoAnswer::NoConnection { why: "the plain message cannot be made".to_owned() });
        };
        let limit = limit.min(self.end.saturating_duration_since(Instant::now()));
        let answer = self.dialer.send_within(&request, limit).await;
        self.keep(&request, answer.clone(), true);
        answer
    }
}
