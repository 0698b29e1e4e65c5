//! Messages without credentials, which were answered with the challenge (RFC 9110 section 11.6.1). Many clients send
//! credentials only after one, so such a message is not judged until it is known whether it is sent again with them.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use schemas::{Authentication, wire::AUTHORIZATION_HEADER};

use super::raw_request::RawRequest;

/// Default time limit for the repetition of a challenged message. A client answers at once.
pub(super) const CHALLENGE_TIMEOUT: Duration = Duration::from_secs(5);
/// The age up to which a challenge may still be answered when the run is stopped.
const UNDECIDED_AGE: Duration = Duration::from_secs(1);
/// Maximum size of waiting bodies, in bytes; beyond it the oldest messages are dropped.
const MAX_WAITING_BYTES: usize = 64 << 20;

#[derive(Default)]
pub(super) struct Challenges {
    waiting: VecDeque<Challenged>,
    issued: u64,
    /// How many messages were sent again with credentials.
    answered: u64,
    /// How many messages are not judged.
    unknown: u64,
}

struct Challenged {
    number: u64,
    /// When the challenge was written, if it was.
    written: Option<Instant>,
    message: RawRequest,
}

/// Whether a message is answered with the challenge before it is judged: a complete one without credentials, if Basic is
/// expected.
pub(super) fn is_due(authentication: &Authentication, message: &RawRequest) -> bool {
    matches!(authentication, Authentication::Basic(_))
        && message.faults.is_empty()
        && message.header(AUTHORIZATION_HEADER).next().is_none()
}

impl Challenges {
    /// Challenges a message; returns the number of the challenge.
    pub(super) fn issue(&mut self, message: RawRequest) -> u64 {
        self.issued += 1;
        self.waiting.push_back(Challenged { number: self.issued, written: None, message });
        let bytes = |challenged: &Challenged| challenged.message.body.len();
        while self.waiting.iter().map(bytes).sum::<usize>() > MAX_WAITING_BYTES && self.waiting.len() > 1 {
            self.waiting.pop_front();
            self.unknown += 1;
        }
        self.issued
    }

    /// Records that a challenge was written.
    pub(super) fn written(&mut self, number: u64) {
        if let Some(challenged) = self.waiting.iter_mut().find(|challenged| challenged.number == number) {
            challenged.written = Some(Instant::now());
        }
    }

    /// A message with credentials answers the challenge of the same message, or of one that was sent without its body to get
    /// the challenge first.
    pub(super) fn answered_by(&mut self, message: &RawRequest) {
        if message.header(AUTHORIZATION_HEADER).next().is_none() {
            return;
        }
        let same = |challenged: &Challenged| {
            challenged.message.target == message.target && challenged.message.body == message.body
        };
        let probe =
            |challenged: &Challenged| challenged.message.target == message.target && challenged.message.body.is_empty();
        let at = self.waiting.iter().position(same).or_else(|| self.waiting.iter().position(probe));
        if at.and_then(|at| self.waiting.remove(at)).is_some() {
            self.answered += 1;
        }
    }

    /// Removes the message of a challenge that was not answered in time.
    pub(super) fn expire(&mut self, number: u64) -> Option<RawRequest> {
        let at = self.waiting.iter().position(|challenged| challenged.number == number)?;
        Some(self.waiting.remove(at)?.message.unanswered())
    }

    /// Removes the messages whose challenge was not answered when the run is stopped. The most recent ones are not judged.
    pub(super) fn expire_all(&mut self) -> Vec<RawRequest> {
        let is_recent =
            |challenged: &Challenged| challenged.written.is_none_or(|written| written.elapsed() < UNDECIDED_AGE);
        let (recent, old): (Vec<_>, Vec<_>) = self.waiting.drain(..).partition(is_recent);
        self.unknown += recent.len() as u64;
        old.into_iter().map(|challenged| challenged.message.unanswered()).collect()
    }

    /// No more messages are judged.
    pub(super) fn forget_all(&mut self) {
        self.unknown += self.waiting.drain(..).count() as u64;
    }

    /// The notices for the report.
    pub(super) fn notices(&self) -> Vec<String> {
        let messages = |count: u64| if count == 1 { "1 message".to_owned() } else { format!("{count} messages") };
        let mut notices = Vec::new();
        if self.answered > 0 {
            notices.push(format!(
                "{} arrived without credentials first, and again with them after the challenge (401 with \
                 `www-authenticate`). Only the second request is counted and judged.",
                messages(self.answered)
            ));
        }
        if self.unknown > 0 {
            notices.push(format!(
                "{} without credentials got the challenge (401) shortly before the run ended, and are not judged: it is \
                 not known whether the sender answers it.",
                messages(self.unknown)
            ));
        }
        notices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(target: &str, body: &str) -> RawRequest {
        RawRequest { method: "POST".to_owned(), target: target.to_owned(), body: body.into(), ..RawRequest::default() }
    }

    #[test]
    fn a_challenge_is_answered_by_the_same_message_or_ends_a_probe() {
        for (case, challenged, with_credentials, answered) in [
            ("the same", &[("/a", "1")][..], ("/a", "1"), Some(1)),
            ("the first of two", &[("/a", "1"), ("/a", "1")], ("/a", "1"), Some(1)),
            ("the second of two", &[("/a", "1"), ("/a", "2")], ("/a", "2"), Some(2)),
            ("a probe without a body", &[("/a", "")], ("/a", "1"), Some(1)),
            ("the same before a probe", &[("/a", ""), ("/a", "1")], ("/a", "1"), Some(2)),
            ("another message", &[("/a", "1")], ("/a", "2"), None),
            ("another path", &[("/a", "1")], ("/b", "1"), None),
            ("none", &[], ("/a", "1"), None),
        ] {
            let mut challenges = Challenges::default();
            for (target, body) in challenged {
                challenges.issue(message(target, body));
            }
            let headers = vec![(AUTHORIZATION_HEADER.to_owned(), b"basic eDp5".to_vec())];
            challenges.answered_by(&message(with_credentials.0, with_credentials.1));
            challenges.answered_by(&RawRequest { headers, ..message(with_credentials.0, with_credentials.1) });
            assert_eq!(challenges.answered, u64::from(answered.is_some()), "{case}");
            for number in 1..=challenged.len() as u64 {
                assert_eq!(challenges.expire(number).is_some(), answered != Some(number), "{case}: {number}");
                assert!(challenges.expire(number).is_none(), "{case}: {number} again");
            }
        }
    }

    #[test]
    fn what_waits_is_bounded_and_what_is_recent_is_not_judged() {
        let mut challenges = Challenges::default();
        let body = "x".repeat(MAX_WAITING_BYTES / 2);
        for _ in 0..3 {
            challenges.issue(message("/a", &body));
        }
        assert_eq!((challenges.waiting.len(), challenges.unknown), (2, 1));
        challenges.waiting[0].written = Instant::now().checked_sub(UNDECIDED_AGE);
        let judged = challenges.expire_all();
        assert_eq!((judged.len(), challenges.unknown, challenges.waiting.len()), (1, 2, 0));
        assert!(judged[0].unanswered);
    }
}
