//! Points in time as people type them: everything that [`timestamp::parse`] reads, and times relative to now.

use std::str::FromStr;

use jiff::{Timestamp, tz::Offset};
use schemas::timestamp::{self, TIME_FORMS, TimestampError};

use crate::duration::{self, DurationError};

/// The words for the start of a day.
pub const DAYS: [&str; 2] = ["today", "yesterday"];

/// A text that is not a point in time. The error does not hold the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// A duration before now that is too long.
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// Neither a point in time nor a duration before now.
    #[error("write {TIME_FORMS}; or 2h or 7d for that long ago; or today or yesterday")]
    Form,
    /// Nearly a point in time.
    #[error(transparent)]
    Timestamp(#[from] TimestampError),
}

/// A point in time of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeArg {
    /// The time.
    pub time: Timestamp,
    /// Its text, if that means another time at another moment.
    pub relative: Option<String>,
}

impl FromStr for TimeArg {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let time = parse_now(text)?;
        Ok(Self { time, relative: timestamp::parse(text).is_err().then(|| text.to_owned()) })
    }
}

/// [`parse`] relative to the current time.
///
/// # Errors
/// As [`parse`].
pub fn parse_now(text: &str) -> Result<Timestamp, TimeError> {
    parse(text, Timestamp::now())
}

/// Reads a time with its offset; a date, `today` or `yesterday` for the start of that day in UTC; or a duration such as
/// `2h` or `7d` for that long before `now`, in whole seconds.
///
/// # Errors
/// When the text has another form, or the time does not exist.
pub fn parse(text: &str, now: Timestamp) -> Result<Timestamp, TimeError> {
    let today = || Offset::UTC.to_datetime(now).date();
    let day = match text {
        "today" => today(),
        "yesterday" => today().yesterday().map_err(|_| TimestampError::OutOfRange)?,
        _ => {
            return match timestamp::parse(text) {
                Err(TimestampError::Form) => ago(text, now),
                read => Ok(read?),
            };
        }
    };
    Ok(Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).map_err(|_| TimestampError::OutOfRange)?)
}

fn ago(text: &str, now: Timestamp) -> Result<Timestamp, TimeError> {
    let text = text.strip_suffix(" ago").unwrap_or(text);
    // A number alone is a duration elsewhere, but could as well be seconds since 1970 here.
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(TimeError::Form);
    }
    let duration = match duration::parse(text) {
        Err(DurationError::TooLong) => return Err(DurationError::TooLong.into()),
        parsed => parsed.map_err(|_| TimeError::Form)?,
    };
    let now = Timestamp::from_second(now.as_second()).unwrap_or_default();
    now.checked_sub(duration).map_err(|_| DurationError::TooLong.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_and_relative_times_are_read() {
        let now = "2026-11-24T08:30:15.25Z".parse::<Timestamp>().unwrap();
        for (text, meant) in [
            ("2026-11-24T08:00:00.5Z", "2026-11-24T08:00:00.5Z"),
            ("2026-11-24", "2026-11-24T00:00:00Z"),
            ("today", "2026-11-24T00:00:00Z"),
            ("yesterday", "2026-11-23T00:00:00Z"),
            ("0s", "2026-11-24T08:30:15Z"),
            ("90s", "2026-11-24T08:28:45Z"),
            ("24h", "2026-11-23T08:30:15Z"),
            ("1d12h", "2026-11-22T20:30:15Z"),
            ("2 hours ago", "2026-11-24T06:30:15Z"),
            ("1w", "2026-11-17T08:30:15Z"),
        ] {
            assert_eq!(parse(text, now).map(|time| time.to_string()), Ok(meant.to_owned()), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_what_is_wrong() {
        for (text, error) in [
            ("", TimeError::Form),
            ("30", TimeError::Form),
            (" ago", TimeError::Form),
            ("30 ago", TimeError::Form),
            ("1764543600", TimeError::Form),
            ("-2h", TimeError::Form),
            ("tomorrow", TimeError::Form),
            ("Today", TimeError::Form),
            ("1mo", TimeError::Form),
            ("20261124", TimeError::Form),
            ("2026-11-24T08:00", TimestampError::NoZone.into()),
            ("2026-02-30", TimestampError::OutOfRange.into()),
            ("36501d", DurationError::TooLong.into()),
        ] {
            assert_eq!(parse_now(text), Err(error), "{text:?}");
        }
    }
}
