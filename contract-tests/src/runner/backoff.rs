//! The pause before the next request to an endpoint that limits its load or is starting.

use std::time::Duration;

/// The first pause; each following one is twice as long.
const BASE_PAUSE: Duration = Duration::from_millis(500);
/// Maximum pause, unless `Retry-After` asks for more.
const MAX_PAUSE: Duration = Duration::from_secs(8);

/// The pause before retry `number`, from 0: what the answer asked for, but at least a time that doubles with each retry.
pub(super) fn pause(retry_after: Option<Duration>, number: u32) -> Duration {
    let doubled = BASE_PAUSE.saturating_mul(2_u32.saturating_pow(number)).min(MAX_PAUSE);
    // No run lasts a year, and an `Instant` cannot hold much more.
    retry_after.unwrap_or_default().min(Duration::from_secs(365 * 24 * 60 * 60)).max(doubled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_unless_more_is_asked_for() {
        for (retry_after, number, expected_ms) in [
            (None, 0, 500),
            (None, 1, 1000),
            (None, 3, 4000),
            (None, 4, 8000),
            (None, u32::MAX, 8000),
            (Some(0), 0, 500),
            (Some(2), 0, 2000),
            (Some(2), 4, 8000),
            (Some(20), 4, 20_000),
            (Some(u64::MAX), 0, 365 * 24 * 60 * 60 * 1000),
        ] {
            let pause = pause(retry_after.map(Duration::from_secs), number);
            assert_eq!(pause, Duration::from_millis(expected_ms), "{retry_after:?} {number}");
        }
    }
}
