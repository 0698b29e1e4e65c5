//! Whether and when a delivery is tried again: a pure function of the outcome, the number of attempts, the time, and a
//! number drawn by the caller.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;

use super::outcome::{Outcome, ThisSideFailed};

/// What happens to a delivery after an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it was accepted.
    Delivered,
    /// It is tried again, at this time at the earliest.
    RetryAt(Timestamp),
    /// It is given up: a dead letter.
    GiveUp(GaveUp),
}

/// Why a delivery was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GaveUp {
    /// The endpoint said no for good: a 3xx, or a 4xx other than 408, 425 and 429.
    Refused,
    /// The endpoint answered 410: it takes nothing more, and all that waits for its destination is given up too.
    Gone,
    /// The policy's attempts are used up.
    Attempts,
    /// The policy's total time is used up.
    Time,
    /// The address may not be called.
    Guarded,
    /// This side failed in a way that a later attempt does not mend.
    ThisSide,
}

/// How often and how fast deliveries are tried again. By default an endpoint that is gone for a deployment or a night's
/// repair is met again: 16 attempts, about two hours apart from first to last on average and four at most, or a whole
/// day where the endpoint itself asks for longer waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetrySettings {
    /// Most time before the second attempt; it doubles with each further one. By default 1 s: most failures are over
    /// in a moment.
    pub base: Duration,
    /// Most that it grows to. By default 1 h, so that an endpoint that is back is not left waiting for longer.
    pub cap: Duration,
    /// Most attempts, the first one included. By default 16.
    pub attempts: u32,
    /// Time from when the first attempt was due, after which none begins. By default 24 h. An endpoint that asks for a
    /// longer wait than is left is tried at the end of this time.
    pub total: Duration,
    /// Most of a `Retry-After` that is believed. By default 1 h: a mistaken date must not stop a delivery for ever.
    pub retry_after_cap: Duration,
}

/// Settings that make sense together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryPolicy {
    settings: RetrySettings,
}

/// Why settings make no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RetryPolicyError {
    /// Without a base, attempts would follow each other at once.
    #[error("the base of the waiting time must be more than 0")]
    NoBase,
    /// The waiting time cannot be capped below where it begins.
    #[error("the cap of the waiting time ({cap:?}) is below its base ({base:?})")]
    CapBelowBase {
        /// The base.
        base: Duration,
        /// The cap.
        cap: Duration,
    },
    /// The first attempt counts.
    #[error("there must be at least one attempt")]
    NoAttempt,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            base: Duration::from_secs(1),
            cap: Duration::from_secs(60 * 60),
            attempts: 16,
            total: Duration::from_secs(24 * 60 * 60),
            retry_after_cap: Duration::from_secs(60 * 60),
        }
    }
}

impl RetryPolicy {
    /// A policy with these settings.
    ///
    /// # Errors
    /// When the base is 0, the cap is below it, or there is no attempt.
    pub fn new(settings: RetrySettings) -> Result<Self, RetryPolicyError> {
        let RetrySettings { base, cap, attempts, .. } = settings;
        if base.is_zero() {
            return Err(RetryPolicyError::NoBase);
        }
        if cap < base {
            return Err(RetryPolicyError::CapBelowBase { base, cap });
        }
        if attempts == 0 {
            return Err(RetryPolicyError::NoAttempt);
        }
        Ok(Self { settings })
    }

    /// The longest wait between two attempts: the cap of the back-off, or of a `Retry-After` where that is longer.
    pub fn longest_wait(&self) -> Duration {
        self.settings.cap.max(self.settings.retry_after_cap)
    }

    /// What happens after attempt number `attempt` (from 1) of a delivery that was first due at `since`. `jitter` is
    /// drawn evenly from 0 to 1 and scales the waiting time (full jitter), so that deliveries which failed together do
    /// not come back together.
    ///
    /// A certificate that is not accepted is tried again as any silence is: it takes an operator, and one may be at it.
    pub fn next(&self, attempt: u32, since: Timestamp, now: Timestamp, outcome: &Outcome, jitter: f64) -> Next {
        let retry_after = match outcome {
            Outcome::Accepted(_) => return Next::Delivered,
            Outcome::Declined(answer) => match answer.status {
                StatusCode::GONE => return Next::GiveUp(GaveUp::Gone),
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                    retry_after(&answer.headers, now)
                }
                status if status.is_server_error() => retry_after(&answer.headers, now),
                _ => return Next::GiveUp(GaveUp::Refused),
            },
            Outcome::Failed(ThisSideFailed::Guarded { .. }) => return Next::GiveUp(GaveUp::Guarded),
            Outcome::Failed(ThisSideFailed::Request(_)) => return Next::GiveUp(GaveUp::ThisSide),
            Outcome::Unanswered(_) | Outcome::Failed(ThisSideFailed::Socket(_) | ThisSideFailed::Proxy { .. }) => None,
        };
        if attempt >= self.settings.attempts {
            return Next::GiveUp(GaveUp::Attempts);
        }
        let asked = retry_after.unwrap_or_default().min(self.settings.retry_after_cap);
        let due = later(now, self.wait(attempt, jitter));
        let end = later(since, self.settings.total);
        if due > end || (now == end && !asked.is_zero()) {
            return Next::GiveUp(GaveUp::Time);
        }
        // Who asks for more time than is left is asked once more at the end: to come back too early costs one request,
        // not to come back costs the message.
        Next::RetryAt(due.max(later(now, asked).min(end)))
    }

    fn wait(&self, attempt: u32, jitter: f64) -> Duration {
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        self.settings.base.saturating_mul(doubled).min(self.settings.cap).mul_f64(jitter.clamp(0.0, 1.0))
    }
}

/// The time that an answer asks to wait (RFC 9110 section 10.2.3): seconds, or a date in one of its three forms.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Digits alone fail to parse only where they are too many.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()?;
    // Below 0 where the date is over.
    Some(Duration::try_from(now.duration_until(date)).unwrap_or_default())
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::io;

    use bytes::Bytes;
    use http::HeaderValue;

    use super::*;
    use crate::delivery::{Answer, AnswerEnd, NoAnswer};

    /// Sunday, 6 November 1994, 08:49:37 GMT: the date of RFC 9110 section 5.6.7.
    const NOW: i64 = 784_111_777;

    fn at(after: i64) -> Timestamp {
        Timestamp::from_second(NOW + after).unwrap()
    }

    fn answer(status: u16, retry_after: Option<&str>) -> Outcome {
        let mut headers = HeaderMap::new();
        if let Some(text) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_bytes(text.as_bytes()).unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        Outcome::answered(Answer { status, headers, body: Bytes::new(), end: AnswerEnd::Whole })
    }

    fn silence() -> Outcome {
        Outcome::Unanswered(NoAnswer::Closed)
    }

    /// Waits of 2, 4, 8, 10, 10 ... s at most; 6 attempts; a minute for a Retry-After; an hour in all.
    fn policy() -> RetryPolicy {
        RetryPolicy::new(RetrySettings {
            base: Duration::from_secs(2),
            cap: Duration::from_secs(10),
            attempts: 6,
            total: Duration::from_secs(3600),
            retry_after_cap: Duration::from_secs(60),
        })
        .unwrap()
    }

    #[test]
    fn the_outcome_decides_whether_it_is_tried_again() {
        let untrusted = NoAnswer::Untrusted(rustls::Error::NoCertificatesPresented);
        let guarded = ThisSideFailed::Guarded { host: "a.example".to_owned(), address: [127, 0, 0, 1].into() };
        let proxy = ThisSideFailed::Proxy { proxy: "proxy.example:3128".to_owned(), why: "refused".to_owned() };
        let again = Next::RetryAt(at(2));
        for (name, outcome, expected) in [
            ("200", answer(200, None), Next::Delivered),
            ("204", answer(204, None), Next::Delivered),
            ("299", answer(299, None), Next::Delivered),
            ("301", answer(301, None), Next::GiveUp(GaveUp::Refused)),
            ("304", answer(304, None), Next::GiveUp(GaveUp::Refused)),
            ("400", answer(400, None), Next::GiveUp(GaveUp::Refused)),
            ("401", answer(401, None), Next::GiveUp(GaveUp::Refused)),
            ("403", answer(403, None), Next::GiveUp(GaveUp::Refused)),
            ("404, whatever it asks for", answer(404, Some("5")), Next::GiveUp(GaveUp::Refused)),
            ("408", answer(408, None), again.clone()),
            ("410", answer(410, None), Next::GiveUp(GaveUp::Gone)),
            ("422", answer(422, None), Next::GiveUp(GaveUp::Refused)),
            ("425", answer(425, None), again.clone()),
            ("429", answer(429, None), again.clone()),
            ("499", answer(499, None), Next::GiveUp(GaveUp::Refused)),
            ("500", answer(500, None), again.clone()),
            ("503", answer(503, None), again.clone()),
            ("599", answer(599, None), again.clone()),
            ("600, which is no class", answer(600, None), Next::GiveUp(GaveUp::Refused)),
            ("silence", silence(), again.clone()),
            ("a certificate", Outcome::Unanswered(untrusted), again.clone()),
            ("no file left", Outcome::Failed(ThisSideFailed::Socket(io::Error::other("24"))), again.clone()),
            ("the proxy", Outcome::Failed(proxy), again),
            ("the guard", Outcome::Failed(guarded), Next::GiveUp(GaveUp::Guarded)),
            ("no request", Outcome::Failed(ThisSideFailed::Request("x".into())), Next::GiveUp(GaveUp::ThisSide)),
        ] {
            assert_eq!(policy().next(1, at(0), at(0), &outcome, 1.0), expected, "{name}");
        }
    }

    #[test]
    fn the_wait_doubles_up_to_the_cap_and_the_jitter_scales_it() {
        for (name, attempt, jitter, milliseconds) in [
            ("first", 1, 1.0, 2000),
            ("second", 2, 1.0, 4000),
            ("third", 3, 1.0, 8000),
            ("capped", 4, 1.0, 10_000),
            ("last but one", 5, 1.0, 10_000),
            ("half", 2, 0.5, 2000),
            ("at once", 3, 0.0, 0),
            ("a broken draw", 1, 7.0, 2000),
        ] {
            let due = Timestamp::from_millisecond(NOW * 1000 + milliseconds).unwrap();
            assert_eq!(policy().next(attempt, at(0), at(0), &silence(), jitter), Next::RetryAt(due), "{name}");
        }
        let endless = RetrySettings { attempts: u32::MAX, ..RetrySettings::default() };
        let endless = RetryPolicy::new(endless).unwrap();
        assert_eq!(endless.next(1_000_000, at(0), at(0), &silence(), 1.0), Next::RetryAt(at(3600)));
    }

    #[test]
    fn an_end_comes_by_attempts_and_by_time() {
        for (name, attempt, since, expected) in [
            ("one left", 5, 0, Next::RetryAt(at(10))),
            ("none left", 6, 0, Next::GiveUp(GaveUp::Attempts)),
            ("more than there are", 7, 0, Next::GiveUp(GaveUp::Attempts)),
            ("just in time", 1, 2 - 3600, Next::RetryAt(at(2))),
            ("too late", 1, 1 - 3600, Next::GiveUp(GaveUp::Time)),
            ("a refusal is told first", 6, -9999, Next::GiveUp(GaveUp::Attempts)),
        ] {
            assert_eq!(policy().next(attempt, at(since), at(0), &silence(), 1.0), expected, "{name}");
        }
    }

    #[test]
    fn the_endpoint_says_when() {
        for (name, status, text, seconds) in [
            ("seconds", 503, "30", 30),
            ("seconds, of a 429", 429, "30", 30),
            ("seconds, of a 500", 500, "30", 30),
            ("less than the policy", 503, "1", 2),
            ("nothing", 503, "0", 2),
            ("more than is believed", 503, "86400", 60),
            ("more than a number", 503, "99999999999999999999999", 60),
            ("a date", 503, "Sun, 06 Nov 1994 08:50:07 GMT", 30),
            ("a date as in RFC 850", 503, "Sunday, 06-Nov-94 08:50:07 GMT", 30),
            ("a date as asctime has it", 503, "Sun Nov  6 08:50:07 1994", 30),
            ("a date that is over", 503, "Sun, 06 Nov 1994 08:49:07 GMT", 2),
            ("a date far away", 503, "Sat, 06 Nov 2094 08:49:37 GMT", 60),
            ("no time at all", 503, "soon", 2),
            ("a fraction", 503, "1.5", 2),
            ("below nothing", 503, "-5", 2),
            ("empty", 503, "", 2),
        ] {
            let next = policy().next(1, at(0), at(0), &answer(status, Some(text)), 1.0);
            assert_eq!(next, Next::RetryAt(at(seconds)), "{name}");
        }
    }

    #[test]
    fn an_endpoint_that_asks_for_more_time_than_is_left_is_tried_at_the_end() {
        let hour = Duration::from_secs(3600);
        let whole =
            RetryPolicy::new(RetrySettings { total: hour, retry_after_cap: hour, ..RetrySettings::default() }).unwrap();
        for (name, policy, since, text, jitter, expected) in [
            ("the whole time, at once", whole, 0, "3600", 0.0, Next::RetryAt(at(3600))),
            ("the whole time, after a first attempt of 1 s", whole, -1, "3600", 0.0, Next::RetryAt(at(3599))),
            ("more than is believed", whole, -1, "86400", 0.0, Next::RetryAt(at(3599))),
            ("a little more than is left", policy(), -3590, "30", 0.0, Next::RetryAt(at(10))),
            ("just what is left", policy(), -3570, "30", 0.0, Next::RetryAt(at(30))),
            ("the policy's own wait is longer still", policy(), -3599, "30", 1.0, Next::GiveUp(GaveUp::Time)),
            ("nothing is left", policy(), -3600, "30", 0.0, Next::GiveUp(GaveUp::Time)),
            ("less than nothing", policy(), -3601, "30", 0.0, Next::GiveUp(GaveUp::Time)),
        ] {
            assert_eq!(policy.next(1, at(since), at(0), &answer(503, Some(text)), jitter), expected, "{name}");
        }
    }

    #[test]
    fn settings_are_checked() {
        let (second, default) = (Duration::from_secs(1), RetrySettings::default());
        assert_eq!(RetryPolicy::new(default), Ok(RetryPolicy::default()));
        let cases = [
            ("no base", RetrySettings { base: Duration::ZERO, ..default }, RetryPolicyError::NoBase),
            (
                "a low cap",
                RetrySettings { base: second * 2, cap: second, ..default },
                RetryPolicyError::CapBelowBase { base: second * 2, cap: second },
            ),
            ("no attempt", RetrySettings { attempts: 0, ..default }, RetryPolicyError::NoAttempt),
        ];
        for (name, settings, expected) in cases {
            assert_eq!(RetryPolicy::new(settings), Err(expected), "{name}");
        }
    }
}
