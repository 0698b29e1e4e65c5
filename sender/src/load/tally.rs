//! The results of the requests of one thread, counted while it runs.

use std::{collections::BTreeMap, time::Duration};

use delivery::{Outcome, TransportError};
use hdrhistogram::Histogram;

/// Maximum time in the histograms: an hour.
const MAX_LATENCY_US: u64 = 3_600_000_000;

/// Counts and times. Times are in microseconds, to three significant digits.
#[derive(Clone, Debug)]
pub(super) struct RequestTally {
    pub(super) statuses: BTreeMap<u16, u64>,
    /// Requests without an answer, by the code of the error.
    pub(super) failures: BTreeMap<&'static str, u64>,
    /// Answers that came before the end of the run.
    pub(super) in_time: u64,
    /// Requests without an answer at the end of the grace period.
    pub(super) unfinished: u64,
    /// Requests that were due and never sent.
    pub(super) unsent: u64,
    /// Bytes of the bodies that were posted and answered.
    pub(super) sent_bytes: u64,
    pub(super) received_bytes: u64,
    /// From the due time.
    pub(super) latency: Histogram<u64>,
    /// From the sending.
    pub(super) service: Histogram<u64>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct RequestTimes {
    /// From the due time to the end.
    pub(super) since_due: Duration,
    /// From the sending to the end.
    pub(super) since_sent: Duration,
    /// Whether it ended before the end of the run.
    pub(super) in_time: bool,
}

impl RequestTally {
    pub(super) fn new() -> Self {
        let histogram = || Histogram::new_with_bounds(1, MAX_LATENCY_US, 3).expect("the bounds are in order");
        Self {
            statuses: BTreeMap::new(),
            failures: BTreeMap::new(),
            in_time: 0,
            unfinished: 0,
            unsent: 0,
            sent_bytes: 0,
            received_bytes: 0,
            latency: histogram(),
            service: histogram(),
        }
    }

    /// Counts a request with a body of this size.
    pub(super) fn count(&mut self, outcome: &Outcome, bytes: usize, took: RequestTimes) {
        match outcome {
            Outcome::Accepted(answer) | Outcome::Declined(answer) => {
                *self.statuses.entry(answer.status.as_u16()).or_default() += 1;
                self.in_time += u64::from(took.in_time);
                self.sent_bytes += bytes as u64;
                self.received_bytes += answer.body.len() as u64;
                self.time(took);
            }
            Outcome::Unanswered(why) => {
                *self.failures.entry(why.code()).or_default() += 1;
                // Other failures can be so fast that they would flatter the endpoint. An answer would have taken at
                // least the time of the timeout.
                if matches!(why, TransportError::Timeout(_)) {
                    self.time(took);
                }
            }
            Outcome::Failed(why) => *self.failures.entry(why.code()).or_default() += 1,
        }
    }

    /// Counts a request whose answer is no longer awaited.
    pub(super) fn count_unfinished(&mut self, took: RequestTimes) {
        self.unfinished += 1;
        self.time(took);
    }

    /// Counts a request that was due and never sent, with the time that it waited.
    pub(super) fn count_unsent(&mut self, waited: Duration) {
        self.unsent += 1;
        self.latency.saturating_record(microseconds(waited));
    }

    /// Adds the counts of another.
    pub(super) fn add(&mut self, other: &Self) {
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (why, count) in &other.failures {
            *self.failures.entry(why).or_default() += count;
        }
        self.in_time += other.in_time;
        self.unfinished += other.unfinished;
        self.unsent += other.unsent;
        self.sent_bytes += other.sent_bytes;
        self.received_bytes += other.received_bytes;
        for (mine, others) in [(&mut self.latency, &other.latency), (&mut self.service, &other.service)] {
            mine.add(others).expect("all have the same bounds");
        }
    }

    fn time(&mut self, took: RequestTimes) {
        self.latency.saturating_record(microseconds(took.since_due));
        self.service.saturating_record(microseconds(took.since_sent));
    }
}

/// At least 1, the resolution of the histograms.
fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(MAX_LATENCY_US).max(1)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;
    use delivery::{Answer, AnswerEnd};

    fn took(milliseconds: u64) -> RequestTimes {
        let since_sent = Duration::from_millis(milliseconds);
        RequestTimes { since_due: since_sent * 2, since_sent, in_time: milliseconds < 100 }
    }

    fn answer(status: u16) -> Outcome {
        let body = Bytes::from_static(b"{}");
        let status = StatusCode::from_u16(status).unwrap();
        Outcome::Accepted(Answer { status, headers: HeaderMap::new(), body, end: AnswerEnd::Whole })
    }

    #[test]
    fn only_results_that_show_the_endpoints_speed_are_timed() {
        let refused = || Outcome::Unanswered(TransportError::ConnectionRefused);
        let timeout = || Outcome::Unanswered(TransportError::Timeout(Duration::from_secs(1)));
        let mut tally = RequestTally::new();
        for (outcome, timed) in [(answer(200), 1), (answer(503), 2), (refused(), 2), (timeout(), 3)] {
            tally.count(&outcome, 10, took(5));
            assert_eq!((tally.latency.len(), tally.service.len()), (timed, timed), "{outcome:?}");
        }
        tally.count_unfinished(took(5));
        tally.count_unsent(Duration::from_millis(5));
        assert_eq!((tally.latency.len(), tally.service.len()), (5, 4), "what was not sent has no service");
        assert_eq!((tally.unfinished, tally.unsent), (1, 1));
        assert_eq!((tally.sent_bytes, tally.received_bytes), (20, 4), "of what was answered");
        assert_eq!(tally.latency.max() / 1000, 10);
        assert_eq!(tally.service.max() / 1000, 5);
    }

    #[test]
    fn tallies_add_up() {
        let mut total = RequestTally::new();
        for (status, milliseconds) in [(200, 1), (200, 200), (503, 3)] {
            let mut tally = RequestTally::new();
            tally.count(&answer(status), 10, took(milliseconds));
            tally.count(&Outcome::Unanswered(TransportError::Closed), 10, took(milliseconds));
            total.add(&tally);
        }
        assert_eq!(total.statuses, BTreeMap::from([(200, 2), (503, 1)]));
        assert_eq!(total.failures, BTreeMap::from([("connection-closed", 3)]));
        assert_eq!((total.in_time, total.latency.len(), total.sent_bytes), (2, 3, 30));
    }
}
