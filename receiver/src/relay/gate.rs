//! A gate: what goes to one URL passes it, however many destinations have that URL. It keeps the rate, and is shut when
//! the other side asks for a pause.

use std::time::{Duration, Instant};

use sender::delivery::Rate;

/// Lets requests through one by one, evenly spread: a limit of 4 in a second would be broken by 4 at its end and 4 at the
/// beginning of the next.
#[derive(Debug, Default)]
pub(super) struct Gate {
    interval: Duration,
    free: Option<Instant>,
}

impl Gate {
    /// Sets the rate; with `None` there is none.
    pub(super) fn set_rate(&mut self, rate: Option<Rate>) {
        // A little slower than the rate allows: requests do not take equally long to get there, and whoever counts them
        // counts when they arrive.
        self.interval = rate.map_or(Duration::ZERO, |rate| rate.interval() + rate.interval() / 25);
    }

    /// Whether it lets only one through at a time.
    pub(super) fn is_paced(&self) -> bool {
        !self.interval.is_zero()
    }

    /// How long it is shut.
    pub(super) fn shut_for(&self, now: Instant) -> Option<Duration> {
        let wait = self.free?.saturating_duration_since(now);
        (!wait.is_zero()).then_some(wait)
    }

    /// Lets one through.
    pub(super) fn pass(&mut self, now: Instant) {
        self.shut_until(now + self.interval);
    }

    /// Lets nothing through until then.
    pub(super) fn shut_until(&mut self, then: Instant) {
        self.free = Some(self.free.map_or(then, |free| free.max(then)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_has_more_than_the_rate() {
        let start = Instant::now();
        for (rate, step) in [("4/s", 1), ("4/s", 70), ("100/s", 1), ("90/m", 7)] {
            let mut gate = Gate::default();
            gate.set_rate(Some(rate.parse().unwrap()));
            let passed: Vec<u64> = (0..10_000)
                .step_by(step)
                .filter(|now| {
                    let now = start + Duration::from_millis(*now);
                    let is_free = gate.shut_for(now).is_none();
                    if is_free {
                        gate.pass(now);
                    }
                    is_free
                })
                .collect();
            let (count, per) = rate.parse::<Rate>().unwrap().count_in();
            let per = u64::try_from(per.as_millis()).unwrap();
            let in_span = |start: u64| passed.iter().filter(|at| (start..start + per).contains(at)).count();
            let busiest = (0..10_000 - per.min(9_999)).map(in_span).max().unwrap_or_default();
            assert!(busiest <= count.get() as usize, "{rate}: {busiest}");
            assert!(passed.len() as u64 * per >= 9_000 * u64::from(count.get()) * 9 / 10, "{rate}: {}", passed.len());
        }
    }

    #[test]
    fn a_pause_holds_and_is_never_shortened() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut gate = Gate::default();
        assert_eq!((gate.shut_for(start), gate.is_paced()), (None, false));
        gate.shut_until(start + 3 * second);
        gate.shut_until(start + second);
        gate.pass(start);
        assert_eq!(gate.shut_for(start + second), Some(2 * second));
        assert_eq!(gate.shut_for(start + 3 * second), None);
    }
}
