//! How long a client is waited for.

use std::time::Duration;

/// A limit of time as one client gets it: up to a tenth longer, another for each. Clients that came together would else
/// be let go at one moment, and to close thousands takes long enough for all others to notice.
pub(crate) fn drawn(limit: Duration) -> Duration {
    limit + limit.mul_f64(fastrand::f64() / 10.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::drawn;

    #[test]
    fn clients_that_came_together_are_let_go_one_after_the_other_and_none_too_early() {
        let limit = Duration::from_secs(10);
        let mut tenths_of_a_second = [0; 11];
        for _ in 0..5000 {
            let over = drawn(limit).checked_sub(limit).unwrap();
            tenths_of_a_second[usize::try_from(over.as_millis() / 100).unwrap()] += 1;
        }
        assert!(tenths_of_a_second[..10].iter().all(|count| (300..=700).contains(count)), "{tenths_of_a_second:?}");
    }
}
