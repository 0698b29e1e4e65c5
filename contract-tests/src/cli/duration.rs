//! A time limit from text: `30`, `30s`, `500ms`, `2m`.

use std::time::Duration;

/// Most that a limit may be: a day.
const MOST: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DurationError {
    #[error("write seconds, as in 30, or a whole number with ms, s or m, as in 500ms")]
    Form,
    #[error("it must be more than 0 and at most a day")]
    Range,
}

pub(super) fn parse(text: &str) -> Result<Duration, DurationError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        _ => return Err(DurationError::Form),
    };
    if number.is_empty() {
        return Err(DurationError::Form);
    }
    // Digits alone fail to parse only where they are too many.
    let number: u64 = number.parse().map_err(|_| DurationError::Range)?;
    let duration = Duration::from_millis(number.checked_mul(milliseconds).ok_or(DurationError::Range)?);
    if duration.is_zero() || duration > MOST { Err(DurationError::Range) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_a_unit_or_are_seconds() {
        for (text, expected) in [
            ("30", Ok(Duration::from_secs(30))),
            ("1s", Ok(Duration::from_secs(1))),
            ("500ms", Ok(Duration::from_millis(500))),
            ("2m", Ok(Duration::from_secs(120))),
            ("0", Err(DurationError::Range)),
            ("0ms", Err(DurationError::Range)),
            ("2d", Err(DurationError::Form)),
            ("90000", Err(DurationError::Range)),
            ("99999999999999999999", Err(DurationError::Range)),
            ("", Err(DurationError::Form)),
            ("s", Err(DurationError::Form)),
            ("-1", Err(DurationError::Form)),
            ("1.5s", Err(DurationError::Form)),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }
}
