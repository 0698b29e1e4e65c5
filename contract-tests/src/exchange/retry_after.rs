//! The time to wait before the next request, as an answer asks (RFC 9110 section 10.2.3).

use std::time::{Duration, SystemTime};

use super::answer::Answer;

impl Answer {
    /// The longest time that its `Retry-After` headers ask for: seconds, or a date in one of its three forms. A date
    /// counts from the answer's own `Date`, so that the endpoint's clock does not matter. `None` without a valid header; 0 for
    /// a date in the past.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let own = self.header("date").find_map(|text| httpdate::parse_http_date(text.trim()).ok());
        let now = own.unwrap_or_else(SystemTime::now);
        self.header("retry-after").filter_map(|text| wait(text.trim(), now)).max()
    }
}

fn wait(text: &str, now: SystemTime) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Digits fail to parse only if there are too many.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_waited_for() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        for (name, headers, expected) in [
            ("seconds", vec![("retry-after", "2")], Some(2)),
            ("nothing", vec![date], None),
            ("no time at all", vec![("retry-after", "0")], Some(0)),
            ("a date", vec![date, ("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT")], Some(3)),
            ("a date of RFC 850", vec![date, ("retry-after", "Sunday, 06-Nov-94 08:50:37 GMT")], Some(60)),
            ("a date of asctime", vec![date, ("retry-after", "Sun Nov  6 08:49:38 1994")], Some(1)),
            ("a date that is over", vec![date, ("retry-after", "Sun, 06 Nov 1994 08:49:30 GMT")], Some(0)),
            ("a date, without the answer's own", vec![("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT")], Some(0)),
            ("the longest of two", vec![("retry-after", "1"), ("retry-after", "7")], Some(7)),
            ("more than a number holds", vec![("retry-after", "99999999999999999999")], Some(u64::MAX)),
            ("a negative number", vec![("retry-after", "-1")], None),
            ("a fraction", vec![("retry-after", "1.5")], None),
            ("words", vec![("retry-after", "soon")], None),
            ("empty", vec![("retry-after", "")], None),
        ] {
            let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
            let answer = Answer { status: 503, headers, ..Answer::default() };
            assert_eq!(answer.retry_after(), expected.map(Duration::from_secs), "{name}");
        }
    }
}
