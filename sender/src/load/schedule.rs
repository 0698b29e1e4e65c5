//! The schedule: when each request of a load is due. Pure arithmetic, exact for every rate.

use std::{fmt, str::FromStr, time::Duration};

/// How fast requests follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Each at its time, whatever became of those before it.
    Rate(Rate),
    /// Each as soon as a connection is free.
    Max,
}

/// A number of requests in a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    requests: u32,
    per: Per,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Per {
    Second,
    Minute,
}

/// A text is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RateError {
    /// It is not spelled as one.
    #[error("write a whole number, with /s or /m after it, as in 500/s")]
    Form,
    /// It is 0, or above [`Rate::MOST`] a second.
    #[error("it must be more than 0 and at most {}/s", Rate::MOST)]
    Range,
}

impl Rate {
    /// Most requests a second.
    pub const MOST: u32 = 1_000_000;

    /// When request `number` is due, counted from the start; the first is number 0.
    pub fn due(self, number: u64) -> Duration {
        let nanoseconds = u128::from(number) * self.span().as_nanos() / u128::from(self.requests);
        duration(nanoseconds)
    }

    /// How many requests are due before `elapsed` has passed: those with [`Self::due`] less than it.
    pub fn due_before(self, elapsed: Duration) -> u64 {
        let span = self.span().as_nanos();
        let whole = (elapsed.as_nanos() * u128::from(self.requests)).div_ceil(span);
        whole.try_into().unwrap_or(u64::MAX)
    }

    /// Requests a second.
    pub fn per_second(self) -> f64 {
        f64::from(self.requests) / self.span().as_secs_f64()
    }

    fn span(self) -> Duration {
        match self.per {
            Per::Second => Duration::from_secs(1),
            Per::Minute => Duration::from_secs(60),
        }
    }
}

fn duration(nanoseconds: u128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    // The remainder is below a second; the seconds are too many only after more years than there will be.
    Duration::new((nanoseconds / SECOND).try_into().unwrap_or(u64::MAX), (nanoseconds % SECOND) as u32)
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (number, per) = match text.split_once('/') {
            None => (text, Per::Second),
            Some((number, "s")) => (number, Per::Second),
            Some((number, "m")) => (number, Per::Minute),
            Some(_) => return Err(RateError::Form),
        };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(RateError::Form);
        }
        // Digits alone fail to parse only where they are too many.
        let requests = number.parse().map_err(|_| RateError::Range)?;
        let rate = Self { requests, per };
        if requests == 0 || rate.per_second() > f64::from(Self::MOST) { Err(RateError::Range) } else { Ok(rate) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.per {
            Per::Second => "s",
            Per::Minute => "m",
        };
        write!(f, "{}/{per}", self.requests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_whole_number_in_a_span() {
        for (text, expected) in [
            ("500/s", Ok("500/s")),
            ("500", Ok("500/s")),
            ("1/m", Ok("1/m")),
            ("1000000/s", Ok("1000000/s")),
            ("1000001/s", Err(RateError::Range)),
            ("60000000/m", Ok("60000000/m")),
            ("0/s", Err(RateError::Range)),
            ("99999999999/s", Err(RateError::Range)),
            ("", Err(RateError::Form)),
            ("/s", Err(RateError::Form)),
            ("1.5/s", Err(RateError::Form)),
            ("-1/s", Err(RateError::Form)),
            ("+1/s", Err(RateError::Form)),
            ("5/h", Err(RateError::Form)),
            ("5/s/s", Err(RateError::Form)),
        ] {
            let rate = text.parse::<Rate>().map(|rate| rate.to_string());
            assert_eq!(rate.as_deref().map_err(|error| *error), expected, "{text:?}");
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
            let rate: Rate = rate.parse().unwrap();
            assert_eq!(rate.due(number).as_nanos(), expected_ns, "{number} at {rate}");
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
            let rate: Rate = rate.parse().unwrap();
            assert_eq!(rate.due_before(Duration::from_nanos(elapsed_ns)), expected, "{elapsed_ns} ns at {rate}");
        }
        for rate in ["1/s", "3/s", "7/m", "999/s", "1000000/s"] {
            let rate: Rate = rate.parse().unwrap();
            for number in [0, 1, 2, 3, 10, 999, 123_456] {
                let due = rate.due(number);
                assert!(rate.due_before(due) <= number, "{number} at {rate}");
                assert_eq!(rate.due_before(due + Duration::from_nanos(1)), number + 1, "{number} at {rate}");
            }
        }
    }
}
