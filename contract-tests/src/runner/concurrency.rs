//! How many cases run at the same time, and the time limit of their answers: as much as the endpoint takes without
//! becoming slow, measured before the cases and adjusted while they run. Hashing a password may keep a core busy for a
//! second or two.

use std::time::{Duration, Instant};

use super::{attempt::Conditions, case_runner::CaseRunner, outcome::milliseconds};
use crate::{
    case::{AuthenticationKind, Change, Changes, RequestForm},
    exchange::TransportError,
    report,
};

/// An acceptance that took no longer did not include a start-up, so it is not measured again.
const QUICK_ACCEPTANCE: Duration = Duration::from_millis(200);
/// Number of consecutive answers in time after which one more case may run at the same time.
const ANSWERS_TO_RECOVER: usize = 20;

#[derive(Debug)]
pub(super) struct Concurrency {
    accepted: Duration,
    refused: Option<Duration>,
    timeout: Duration,
    /// Maximum number of cases at the same time, as given on the command line.
    max: usize,
    /// Their present number, and its limit until the endpoint has shown that it can take more.
    width: usize,
    ceiling: usize,
    widest: usize,
    /// The greatest number at which that many answers were in time.
    good: usize,
    /// Answers in time since the width was changed.
    in_time: usize,
    changed: Instant,
}

impl CaseRunner<'_> {
    /// Measures an acceptance and a refusal while nothing else is sent. `first` is the duration of the first acceptance, if
    /// known.
    pub(super) async fn measure(&self, first: Option<Duration>, max: usize, safe: bool) -> Concurrency {
        let patient = self.client.timeout * 2;
        let accepted = match first.filter(|took| *took <= QUICK_ACCEPTANCE) {
            Some(first) => first,
            None => match self.probe(patient).await {
                Ok(answer) if answer.is_unavailable() => Duration::ZERO,
                Ok(answer) => answer.took,
                Err(_) => self.client.timeout,
            },
        };
        let refused = if safe { None } else { self.measure_refusal(patient).await };
        Concurrency::new(accepted, refused, self.client.timeout, max)
    }

    /// The slower refusal of a wrong password and a wrong username: some programs hash only for one of them, and some with
    /// another cost.
    async fn measure_refusal(&self, limit: Duration) -> Option<Duration> {
        let wrong = Some(Change::Other);
        let changes = match AuthenticationKind::from(self.builder.authentication) {
            AuthenticationKind::None => Vec::new(),
            AuthenticationKind::ClientSecret => vec![Changes { secret: wrong, ..Changes::default() }],
            AuthenticationKind::Basic => vec![
                Changes { password: wrong, ..Changes::default() },
                Changes { username: wrong, ..Changes::default() },
            ],
        };
        let mut slowest = None;
        for change in changes {
            let form = RequestForm { change, ..RequestForm::default() };
            let request = self.builder.build(&form, self.next_probe_flow()).ok()?;
            let limit = limit.min(self.end.saturating_duration_since(Instant::now()));
            match self.client.send_within(&request, limit).await {
                Ok(answer) if !answer.is_unavailable() => slowest = slowest.max(Some(answer.took)),
                Ok(_) => {}
                Err(TransportError::TimedOut { after }) => slowest = slowest.max(Some(after)),
                Err(_) => {}
            }
        }
        slowest
    }
}

impl Concurrency {
    /// For an endpoint that accepts nothing.
    pub(super) fn unmeasured(timeout: Duration, max: usize) -> Self {
        Self::new(Duration::ZERO, None, timeout, max)
    }

    fn new(accepted: Duration, refused: Option<Duration>, timeout: Duration, max: usize) -> Self {
        let mut concurrency = Self {
            accepted,
            refused,
            timeout,
            max,
            width: 1,
            ceiling: max,
            widest: 1,
            good: 1,
            in_time: 0,
            changed: Instant::now(),
        };
        // Even an endpoint that serves one message at a time answers each of these within half of the timeout.
        let fitting = timeout.as_secs_f64() / 2.0 / concurrency.single().as_secs_f64().max(0.001);
        concurrency.width = (fitting as usize).clamp(1, max);
        concurrency.widest = concurrency.width;
        concurrency
    }

    /// How long one message takes alone.
    fn single(&self) -> Duration {
        self.accepted.max(self.refused.unwrap_or_default())
    }

    /// How many cases may run at the same time now.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The conditions of cases that run in parallel: each may have to wait for all the others.
    pub(super) fn parallel(&self) -> Conditions {
        match self.width {
            1 => self.sequential(1),
            width => Conditions { alone: false, limit: self.timeout + self.queue(2 * width) },
        }
    }

    /// The conditions of a case that runs alone and sends this many messages at once.
    pub(super) fn sequential(&self, at_once: usize) -> Conditions {
        let limit = match at_once {
            1 => self.timeout,
            many => self.timeout + self.queue(2 * many),
        };
        Conditions { alone: true, limit }
    }

    /// How long this many messages take one after the other.
    fn queue(&self, messages: usize) -> Duration {
        self.single().saturating_mul(u32::try_from(messages).unwrap_or(u32::MAX))
    }

    /// Records how long an answer took, and when its request was sent.
    pub(super) fn record(&mut self, took: Duration, sent: Instant) {
        let slow = (self.timeout / 5).max(self.single().mul_f64(1.6));
        if took > slow {
            // Requests in flight together are slow for the same reason.
            if sent >= self.changed && self.width > 1 {
                self.set_width(if self.good < self.width { self.good } else { self.width / 2 });
                (self.ceiling, self.good) = (self.width, (self.width / 2).max(1));
            }
            return;
        }
        self.in_time += 1;
        if self.in_time >= self.width {
            self.good = self.width;
        }
        if self.in_time >= self.width && self.width < self.ceiling {
            self.set_width((self.width * 2).min(self.ceiling));
        } else if self.in_time >= ANSWERS_TO_RECOVER && self.ceiling < self.max {
            self.ceiling += 1;
            self.set_width(self.ceiling);
        }
    }

    fn set_width(&mut self, width: usize) {
        self.width = width.max(1);
        self.widest = self.widest.max(self.width);
        self.in_time = 0;
        self.changed = Instant::now();
    }

    pub(super) fn reported(&self) -> report::PaceSummary {
        report::PaceSummary {
            accepted_ms: milliseconds(self.accepted),
            refused_ms: self.refused.map(milliseconds),
            parallel: self.widest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    fn concurrency(single_ms: u64) -> Concurrency {
        Concurrency::new(Duration::from_millis(1), Some(Duration::from_millis(single_ms)), TIMEOUT, 8)
    }

    #[test]
    fn the_first_width_fits_an_endpoint_that_serves_one_after_the_other() {
        for (single_ms, width) in [(0, 8), (5, 8), (300, 8), (500, 5), (1_000, 2), (1_500, 1), (60_000, 1)] {
            assert_eq!(concurrency(single_ms).width(), width, "{single_ms} ms");
        }
    }

    /// The width after this many cases on an endpoint that works on `capacity` messages at the same time.
    fn settled(single_ms: u64, capacity: usize, cases: usize) -> usize {
        let mut concurrency = concurrency(single_ms);
        for _ in 0..cases {
            let rounds = concurrency.width().div_ceil(capacity) as u32;
            concurrency.record(Duration::from_millis(single_ms) * rounds, Instant::now());
        }
        concurrency.width()
    }

    #[test]
    fn the_width_is_what_the_endpoint_takes() {
        for (single_ms, capacity, least, most) in
            [(5, 1, 8, 8), (1_500, 1, 1, 2), (1_500, 2, 2, 3), (1_500, 4, 4, 5), (1_500, 8, 8, 8)]
        {
            let width = settled(single_ms, capacity, 100);
            assert!((least..=most).contains(&width), "{single_ms} ms, {capacity} at a time: {width}");
        }
    }

    #[test]
    fn no_limit_is_shorter_than_the_others_take_together() {
        for (single_ms, width) in [(5, 8), (500, 5), (1_500, 1)] {
            let concurrency = concurrency(single_ms);
            let waiting = Duration::from_millis(single_ms) * width;
            assert!(concurrency.parallel().limit >= waiting.max(TIMEOUT), "{single_ms} ms");
        }
        assert_eq!(concurrency(1_500).sequential(1).limit, TIMEOUT);
        assert!(concurrency(1_500).sequential(10).limit >= Duration::from_millis(1_500) * 10);
    }
}
