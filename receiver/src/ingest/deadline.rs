//! Deadlines of clients.

use std::time::Duration;

/// A time limit for one client, up to a tenth longer and different each time. Otherwise clients that connected together would
/// be closed at the same moment, and closing thousands takes long enough for all others to notice.
pub(crate) fn with_jitter(limit: Duration) -> Duration {
    limit + limit.mul_f64(fastrand::f64() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_spread_over_a_tenth_of_the_limit_and_none_is_early() {
        let limit = Duration::from_secs(10);
        let mut tenths_of_a_second = [0; 11];
        for _ in 0..5000 {
            let over = with_jitter(limit).checked_sub(limit).unwrap();
            tenths_of_a_second[usize::try_from(over.as_millis() / 100).unwrap()] += 1;
        }
        assert!(tenths_of_a_second[..10].iter().all(|count| (300..=700).contains(count)), "{tenths_of_a_second:?}");
    }
}
