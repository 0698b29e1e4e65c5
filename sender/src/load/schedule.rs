//! When each request of a load is due: pure arithmetic, exact for every rate.

use std::time::Duration;

use delivery::Rate;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoadPace {
    /// Each at its time, whatever the results of the ones before.
    Rate(Rate),
    /// Each as soon as a connection is free.
    Max,
}

/// When requests at a rate are due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    requests: u32,
    span: Duration,
}

impl Schedule {
    /// Maximum number of requests per second.
    pub(crate) const MAX_PER_SECOND: u32 = 1_000_000;

    /// `None` for a rate above [`Self::MAX_PER_SECOND`].
    pub(crate) fn new(rate: Rate) -> Option<Self> {
        let (requests, span) = rate.count_in();
        let schedule = Self { requests: requests.get(), span };
        (schedule.per_second() <= f64::from(Self::MAX_PER_SECOND)).then_some(schedule)
    }

    /// When request `number` is due, counted from the start; the first is number 0.
    pub(crate) fn due(&self, number: u64) -> Duration {
        const SECOND: u128 = 1_000_000_000;
        let nanoseconds = u128::from(number) * self.span.as_nanos() / u128::from(self.requests);
        // The remainder is below a second, and the seconds overflow only after 10^11 years.
        Duration::new((nanoseconds / SECOND).try_into().unwrap_or(u64::MAX), (nanoseconds % SECOND) as u32)
    }

    /// How many requests are due before `elapsed` has passed: those with [`Self::due`] less than it.
    pub(crate) fn due_before(&self, elapsed: Duration) -> u64 {
        let requests = (elapsed.as_nanos() * u128::from(self.requests)).div_ceil(self.span.as_nanos());
        requests.try_into().unwrap_or(u64::MAX)
    }

    pub(crate) fn per_second(&self) -> f64 {
        f64::from(self.requests) / self.span.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rate: &str) -> Schedule {
        Schedule::new(rate.parse().unwrap()).unwrap()
    }

    #[test]
    fn there_is_a_limit() {
        for (rate, expected) in
            [("1000000/s", true), ("1000001/s", false), ("60000000/m", true), ("60000001/m", false), ("1/m", true)]
        {
            assert_eq!(Schedule::new(rate.parse().unwrap()).is_some(), expected, "{rate}");
        }
    }

    #[test]
    fn each_request_has_its_time() {
        for (rate, number, expected_ns) in [
            ("1/s", 0, 0),
            ("1/s", 1, 1_000_000_000),
            ("4/s", 3, 750_000_000),
            ("1/m", 2, 120_000_000_000),
            // A third of a second has no end; it is cut, and does not add up over many.
            ("3/s", 1, 333_333_333),
            ("3/s", 2, 666_666_666),
            ("3/s", 3, 1_000_000_000),
            ("3/s", 3_000_000_001, 1_000_000_000_333_333_333),
            ("1000000/s", 86_400_000_000, 86_400_000_000_000),
        ] {
            assert_eq!(at(rate).due(number).as_nanos(), expected_ns, "{number} at {rate}");
        }
    }

    #[test]
    fn what_is_due_is_counted_as_it_is_scheduled() {
        for (rate, elapsed_ns, expected) in [
            ("4/s", 0, 0),
            ("4/s", 1, 1),
            ("4/s", 250_000_000, 1),
            ("4/s", 250_000_001, 2),
            ("4/s", 1_000_000_000, 4),
            ("3/s", 1_000_000_000, 3),
            ("7/m", 60_000_000_000, 7),
        ] {
            assert_eq!(at(rate).due_before(Duration::from_nanos(elapsed_ns)), expected, "{elapsed_ns} ns at {rate}");
        }
        for rate in ["1/s", "3/s", "7/m", "999/s", "1000000/s"] {
            let schedule = at(rate);
            for number in [0, 1, 2, 3, 10, 999, 123_456] {
                let due = schedule.due(number);
                assert!(schedule.due_before(due) <= number, "{number} at {rate}");
                assert_eq!(schedule.due_before(due + Duration::from_nanos(1)), number + 1, "{number} at {rate}");
            }
        }
    }
}
