//! A rate of deliveries: a number per second or per minute.

use std::{fmt, num::NonZeroU32, str::FromStr, time::Duration};

/// A number per second or per minute, written as `4/s` or `100/m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    count: NonZeroU32,
    per: Per,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Per {
    Second,
    Minute,
}

/// A text is not a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a whole number from 1, and a second or a minute, as in 4/s or 100/m")]
pub struct RateError;

impl Rate {
    /// A number per second.
    pub fn per_second(count: NonZeroU32) -> Self {
        Self { count, per: Per::Second }
    }

    /// A number per minute.
    pub fn per_minute(count: NonZeroU32) -> Self {
        Self { count, per: Per::Minute }
    }

    /// The number and its span of time.
    pub fn count_in(&self) -> (NonZeroU32, Duration) {
        let span = match self.per {
            Per::Second => Duration::from_secs(1),
            Per::Minute => Duration::from_secs(60),
        };
        (self.count, span)
    }

    /// The time from one delivery to the next.
    pub fn interval(&self) -> Duration {
        let (count, span) = self.count_in();
        span / count.get()
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (count, per) = text.split_once('/').ok_or(RateError)?;
        if !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(RateError);
        }
        let count = count.parse().map_err(|_| RateError)?;
        match per {
            "s" => Ok(Self::per_second(count)),
            "m" => Ok(Self::per_minute(count)),
            _ => Err(RateError),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.per {
            Per::Second => "s",
            Per::Minute => "m",
        };
        write!(f, "{}/{per}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_in_a_second_or_a_minute() {
        for (text, expected) in [
            ("4/s", Ok(250_000)),
            ("100/m", Ok(600_000)),
            ("1/m", Ok(60_000_000)),
            ("1000/s", Ok(1000)),
            ("0/s", Err(RateError)),
            ("/s", Err(RateError)),
            ("4", Err(RateError)),
            ("4/", Err(RateError)),
            ("4/h", Err(RateError)),
            ("+4/s", Err(RateError)),
            ("4.5/s", Err(RateError)),
            ("4294967296/s", Err(RateError)),
        ] {
            let rate = text.parse::<Rate>();
            assert_eq!(rate.map(|rate| rate.interval().as_micros()), expected, "{text}");
            if let Ok(rate) = rate {
                assert_eq!(rate.to_string(), text);
            }
        }
    }
}
