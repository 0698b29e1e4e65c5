//! How many cases run at the same time, and how long their answers are waited for: as much as the endpoint takes without
//! becoming slow, measured before the cases and adjusted while they run. A hash of a password may take a second or two of
//! a whole core.

use std::time::{Duration, Instant};

use super::{attempt::Setting, milliseconds, performance::Performance};
use crate::{
    case::{Change, Changes, Kind, RequestForm},
    credential,
    exchange::NoAnswer,
    report,
};

/// An acceptance that took no longer is not measured a second time: it had no start-up in it.
const QUICK: Duration = Duration::from_millis(200);
/// Answers in time, one after the other, after which one more case than before may run at the same time.
const RECOVERY: usize = 20;

/// The pace of a run.
#[derive(Debug)]
pub(super) struct Pace {
    accepted: Duration,
    refused: Option<Duration>,
    timeout: Duration,
    /// Maximum number of cases at the same time that the run was asked for.
    max: usize,
    /// The number of them now, and what it does not exceed until the endpoint has shown that it can.
    width: usize,
    ceiling: usize,
    widest: usize,
    /// The greatest number at which as many answers came in time.
    good: usize,
    /// Answers in time since the width was changed.
    in_time: usize,
    /// When it was changed.
    changed: Instant,
}

impl Performance<'_> {
    /// Measures an acceptance and a refusal with nothing else under way. `first` is how long the first acceptance took,
    /// where it is known.
    pub(super) async fn measure(&self, first: Option<Duration>, max: usize, safe: bool) -> Pace {
        let patient = self.dialer.timeout * 2;
        let accepted = match first.filter(|took| *took <= QUICK) {
            Some(first) => first,
            None => match self.probe(patient).await {
                Ok(answer) if answer.is_unavailable() => Duration::ZERO,
                Ok(answer) => answer.took,
                Err(_) => self.dialer.timeout,
            },
        };
        let refused = if safe { None } else { self.measure_refusal(patient).await };
        Pace::new(accepted, refused, self.dialer.timeout, max)
    }

    /// The slower one of the refusals of a wrong password and a wrong username: some programs hash for the one only, and
    /// some with another cost.
    async fn measure_refusal(&self, limit: Duration) -> Option<Duration> {
        let wrong = Some(Change::Other);
        let changes = match credential::kind(self.maker.authentication) {
            Kind::None => Vec::new(),
            Kind::ClientSecret => vec![Changes { secret: wrong, ..Changes::default() }],
            Kind::Basic => vec![
                Changes { password: wrong, ..Changes::default() },
                Changes { username: wrong, ..Changes::default() },
            ],
        };
        let mut slowest = None;
        for change in changes {
            let form = RequestForm { change, ..RequestForm::default() };
            let request = self.maker.make(&form, self.next_probe_flow()).ok()?;
            let limit = limit.min(self.end.saturating_duration_since(Instant::now()));
            match self.dialer.send_within(&request, limit).await {
                Ok(answer) if !answer.is_unavailable() => slowest = slowest.max(Some(answer.took)),
                Ok(_) => {}
                Err(NoAnswer::TimedOut { after }) => slowest = slowest.max(Some(after)),
                Err(_) => {}
            }
        }
        slowest
    }
}

impl Pace {
    /// Where nothing is accepted.
    pub(super) fn unmeasured(timeout: Duration, max: usize) -> Self {
        Self::new(Duration::ZERO, None, timeout, max)
    }

    fn new(accepted: Duration, refused: Option<Duration>, timeout: Duration, max: usize) -> Self {
        let mut pace = Self {
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
        // Even an endpoint that serves one message after the other answers each of so many in half of its time.
        let fitting = timeout.as_secs_f64() / 2.0 / pace.single().as_secs_f64().max(0.001);
        pace.width = (fitting as usize).clamp(1, max);
        pace.widest = pace.width;
        pace
    }

    /// How long one message takes alone.
    fn single(&self) -> Duration {
        self.accepted.max(self.refused.unwrap_or_default())
    }

    /// How many cases run at the same time now.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// For cases that run beside each other: each may have to wait for all the others.
    pub(super) fn together(&self) -> Setting {
        match self.width {
            1 => self.alone(1),
            width => Setting { alone: false, limit: self.timeout + self.queue(2 * width) },
        }
    }

    /// For a case that runs alone and sends so many messages at once.
    pub(super) fn alone(&self, at_once: usize) -> Setting {
        let limit = match at_once {
            1 => self.timeout,
            many => self.timeout + self.queue(2 * many),
        };
        Setting { alone: true, limit }
    }

    /// How long so many messages take one after the other.
    fn queue(&self, messages: usize) -> Duration {
        self.single().saturating_mul(u32::try_from(messages).unwrap_or(u32::MAX))
    }

    /// Takes an answer into account that was sent for at this time.
    pub(super) fn note(&mut self, took: Duration, sent: Instant) {
        let slow = (self.timeout / 5).max(self.single().mul_f64(1.6));
        if took > slow {
            // Those that were under way together are slow for the same reason.
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
        } else if self.in_time >= RECOVERY && self.ceiling < self.max {
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

    /// The same for the report.
    pub(super) fn reported(&self) -> report::Pace {
        report::Pace {
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

    fn pace(single_ms: u64) -> Pace {
        Pace::new(Duration::from_millis(1), Some(Duration::from_millis(single_ms)), TIMEOUT, 8)
    }

    #[test]
    fn the_first_width_fits_an_endpoint_that_serves_one_after_the_other() {
        for (single_ms, width) in [(0, 8), (5, 8), (300, 8), (500, 5), (1_000, 2), (1_500, 1), (60_000, 1)] {
            assert_eq!(pace(single_ms).width(), width, "{single_ms} ms");
        }
    }

    /// Runs so many cases on an endpoint that works on this many messages at the same time; the width at the end.
    fn settled(single_ms: u64, capacity: usize, cases: usize) -> usize {
        let mut pace = pace(single_ms);
        for _ in 0..cases {
            let rounds = pace.width().div_ceil(capacity) as u32;
            pace.note(Duration::from_millis(single_ms) * rounds, Instant::now());
        }
        pace.width()
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
            let pace = pace(single_ms);
            let waiting = Duration::from_millis(single_ms) * width;
            assert!(pace.together().limit >= waiting.max(TIMEOUT), "{single_ms} ms");
        }
        assert_eq!(pace(1_500).alone(1).limit, TIMEOUT);
        assert!(pace(1_500).alone(10).limit >= Duration::from_millis(1_500) * 10);
    }
}
