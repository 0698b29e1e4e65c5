//! A point in time in options and configuration files: an RFC 3339 time with its offset, or a date for its beginning in
//! UTC. A time without a zone is refused as ambiguous, and the whole text is read.

use jiff::{Timestamp, civil::Date, tz::Offset};

/// The accepted forms, for help texts and errors.
pub const TIME_FORMS: &str = "a time with its offset, such as 2026-11-24T08:00:00Z or 2026-11-24T21:00+13:00, or a date, such as \
                         2026-11-24, for its beginning in UTC";

/// A text that is not a point in time. The error does not hold the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// A time without an offset.
    #[error("the zone is missing: add Z for UTC, or the offset, such as +13:00")]
    NoZone,
    /// A date where a time is required.
    #[error("the time is missing: write it with its offset, such as 2026-11-24T08:00:00Z")]
    NoTime,
    /// The form is right, but the calendar or the clock has no such time.
    #[error("the date or time does not exist")]
    OutOfRange,
    /// Another form.
    #[error("write {TIME_FORMS}")]
    Form,
}

/// An empty range: it ends before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no time is at or after {since} and before {until}; --since must be before --until")]
pub struct EmptyRange {
    /// Its beginning, inclusive.
    pub since: Timestamp,
    /// Its end, exclusive.
    pub until: Timestamp,
}

/// Checks that `--since` is before `--until`, if both are given: otherwise a list would be empty for no visible reason.
///
/// # Errors
/// When it is not.
pub fn check_range(since: Option<Timestamp>, until: Option<Timestamp>) -> Result<(), EmptyRange> {
    match since.zip(until) {
        Some((since, until)) if since >= until => Err(EmptyRange { since, until }),
        _ => Ok(()),
    }
}

/// Reads a time with its offset, or a date for its beginning in UTC.
///
/// # Errors
/// When the text has another form or no zone, or the time does not exist.
pub fn parse(text: &str) -> Result<Timestamp, TimestampError> {
    match TimeForm::of(text) {
        Some(TimeForm::Date) => {
            let midnight = |date: Date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0));
            text.parse().and_then(midnight).map_err(|_| TimestampError::OutOfRange)
        }
        _ => parse_instant(text),
    }
}

/// Reads a time with its offset and refuses a date: for ends such as `not_after`, where a date could mean its beginning or
/// its end.
///
/// # Errors
/// When the text has another form or no zone, or the time does not exist.
pub fn parse_instant(text: &str) -> Result<Timestamp, TimestampError> {
    match TimeForm::of(text) {
        // Offsets in RFC 3339 are shorter than a day.
        Some(TimeForm::Instant) if offset_hours(text).is_some_and(|hours| hours > 23) => {
            Err(TimestampError::OutOfRange)
        }
        Some(TimeForm::Instant) => text.parse().map_err(|_| TimestampError::OutOfRange),
        Some(TimeForm::LocalTime) => Err(TimestampError::NoZone),
        Some(TimeForm::Date) => Err(TimestampError::NoTime),
        None => Err(TimestampError::Form),
    }
}

/// The form of a text, without its numbers. A date parser would accept a longer text that begins with a date.
#[derive(Clone, Copy)]
enum TimeForm {
    Date,
    LocalTime,
    Instant,
}

impl TimeForm {
    fn of(text: &str) -> Option<Self> {
        let rest = strip(text, "0000-00-00")?;
        if rest.is_empty() {
            return Some(Self::Date);
        }
        let rest = strip(rest.strip_prefix(['T', 't', ' '])?, "00:00")?;
        let rest = strip(rest, ":00").map_or(rest, |rest| strip_fraction(rest).unwrap_or(rest));
        let has_offset = matches!(rest, "Z" | "z")
            || rest.strip_prefix(['+', '-']).and_then(|offset| strip(offset, "00:00")).is_some_and(str::is_empty);
        match rest {
            "" => Some(Self::LocalTime),
            _ if has_offset => Some(Self::Instant),
            _ => None,
        }
    }
}

/// The hours of the offset at the end of a text; `None` for `Z`.
fn offset_hours(text: &str) -> Option<u8> {
    let offset = text.get(text.len() - "+00:00".len()..)?.strip_prefix(['+', '-'])?;
    offset.get(..2)?.parse().ok()
}

/// The rest of the text after a prefix of this pattern, in which 0 is any digit.
fn strip<'t>(text: &'t str, pattern: &str) -> Option<&'t str> {
    let beginning = text.get(..pattern.len())?;
    let fits = |(byte, wanted): (u8, u8)| if wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted };
    beginning.bytes().zip(pattern.bytes()).all(fits).then(|| &text[pattern.len()..])
}

fn strip_fraction(text: &str) -> Option<&str> {
    let fraction = text.strip_prefix('.')?;
    let rest = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
    (rest.len() < fraction.len()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_with_its_offset_and_a_date_are_taken() {
        for (text, meant) in [
            ("2026-11-24T08:00:00Z", "2026-11-24T08:00:00Z"),
            ("2026-11-24t08:00:00z", "2026-11-24T08:00:00Z"),
            ("2026-11-24 08:00:00.25Z", "2026-11-24T08:00:00.25Z"),
            ("2026-11-24T21:00+13:00", "2026-11-24T08:00:00Z"),
            ("2026-11-23T23:30:00-08:30", "2026-11-24T08:00:00Z"),
            ("2026-11-24", "2026-11-24T00:00:00Z"),
            ("2024-02-29", "2024-02-29T00:00:00Z"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), meant, "{text}");
        }
    }

    #[test]
    fn what_is_half_understood_is_refused_with_what_is_missing() {
        use TimestampError::{Form, NoTime, NoZone, OutOfRange};
        for (text, error) in [
            ("2026-11-30T23:00", NoZone),
            ("2026-11-30T23:00:00", NoZone),
            ("2026-11-30 23:00:00.5", NoZone),
            ("2026-11-30T23:00:00.", Form),
            ("2026-11-30T23", Form),
            ("2026-11-30T", Form),
            ("2026-11-30Z", Form),
            ("2026-11-30+13:00", Form),
            ("2026-11-30[Pacific/Auckland]", Form),
            ("2026-11-30T23:00:00[Pacific/Auckland]", Form),
            ("2026-11-30T23:00:00+13:00[Pacific/Auckland]", Form),
            ("2026-11-30T23:00:00 Z", Form),
            ("2026-11-30T23:00:00+13", Form),
            ("2026-11-30T23:00:00+1300", Form),
            ("20261130", Form),
            ("20261130T230000Z", Form),
            ("2026-11", Form),
            ("30/11/2026", Form),
            ("2026-W48-1", Form),
            ("+002026-11-30", Form),
            (" 2026-11-30", Form),
            ("2026-11-30\n", Form),
            ("２０２６-11-30", Form),
            ("yesterday", Form),
            ("24h", Form),
            ("23:00", Form),
            ("1764543600", Form),
            ("", Form),
            ("2026-02-30", OutOfRange),
            ("2026-11-30T25:00:00Z", OutOfRange),
            ("2026-11-30T23:00:00+24:00", OutOfRange),
            ("2026-11-30T23:61Z", OutOfRange),
        ] {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
        assert_eq!(parse_instant("2026-11-30"), Err(NoTime));
        assert_eq!(parse_instant("2026-11-30T00:00:00Z"), parse("2026-11-30"));
    }
}
