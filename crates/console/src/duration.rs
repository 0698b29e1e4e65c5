//! Durations as people type them: `30` is seconds, all else is what jiff reads, such as `500ms`, `90s`, `1h30m`, `1d` or
//! `PT5M`. A day has 24 hours.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// Maximum duration: a hundred years, which no arithmetic on timestamps overflows with.
pub const MAX_DURATION: Duration = Duration::from_secs(36_500 * 24 * 60 * 60);
/// Maximum duration of a time limit.
const MAX_TIME_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It has another form.
    #[error("write seconds, such as 30, or a number with a unit, such as 500ms, 90s, 5m, 2h or 1d")]
    Form,
    /// It is longer than [`MAX_DURATION`].
    #[error("it must be at most 36500d")]
    TooLong,
    /// It is not a time limit.
    #[error("it must be more than 0 and at most 1d")]
    Limit,
}

/// Reads a duration of 0 or more.
///
/// # Errors
/// When the text is not a duration, is negative, or is longer than [`MAX_DURATION`].
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let duration = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Digits alone fail to parse only where they are too many.
        text.parse().map(Duration::from_secs).map_err(|_| DurationError::TooLong)?
    } else {
        let span: Span = text.parse().map_err(|_| DurationError::Form)?;
        let signed = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| DurationError::Form)?;
        signed.try_into().map_err(|_| DurationError::Form)?
    };
    if duration > MAX_DURATION { Err(DurationError::TooLong) } else { Ok(duration) }
}

/// Reads a time limit: more than 0, and at most a day.
///
/// # Errors
/// When the text is not a duration, or outside the range.
pub fn parse_limit(text: &str) -> Result<Duration, DurationError> {
    match parse(text) {
        Ok(Duration::ZERO) | Err(DurationError::TooLong) => Err(DurationError::Limit),
        Ok(duration) if duration > MAX_TIME_LIMIT => Err(DurationError::Limit),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_grammar() {
        let seconds = |seconds| Ok(Duration::from_secs(seconds));
        for (text, expected, limit) in [
            ("30", seconds(30), seconds(30)),
            ("1s", seconds(1), seconds(1)),
            ("500ms", Ok(Duration::from_millis(500)), Ok(Duration::from_millis(500))),
            ("1.5s", Ok(Duration::from_millis(1500)), Ok(Duration::from_millis(1500))),
            ("2m", seconds(120), seconds(120)),
            ("1h", seconds(3600), seconds(3600)),
            ("1h30m", seconds(5400), seconds(5400)),
            ("1d", seconds(86_400), seconds(86_400)),
            ("PT5M", seconds(300), seconds(300)),
            ("1d12h", seconds(129_600), Err(DurationError::Limit)),
            ("90000", seconds(90_000), Err(DurationError::Limit)),
            ("1w", seconds(604_800), Err(DurationError::Limit)),
            ("36500d", Ok(MAX_DURATION), Err(DurationError::Limit)),
            ("0", seconds(0), Err(DurationError::Limit)),
            ("0ms", seconds(0), Err(DurationError::Limit)),
            ("36501d", Err(DurationError::TooLong), Err(DurationError::Limit)),
            ("99999999999999999999", Err(DurationError::TooLong), Err(DurationError::Limit)),
            ("", Err(DurationError::Form), Err(DurationError::Form)),
            ("s", Err(DurationError::Form), Err(DurationError::Form)),
            ("-1h", Err(DurationError::Form), Err(DurationError::Form)),
            ("-1", Err(DurationError::Form), Err(DurationError::Form)),
            ("7D", Err(DurationError::Form), Err(DurationError::Form)),
            ("1mo", Err(DurationError::Form), Err(DurationError::Form)),
            ("soon", Err(DurationError::Form), Err(DurationError::Form)),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
            assert_eq!(parse_limit(text), limit, "{text:?}");
        }
    }
}
