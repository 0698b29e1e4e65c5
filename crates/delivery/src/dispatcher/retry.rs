//! Whether and when a delivery is retried: a pure function of the outcome, the number of attempts, the time, and a random
//! number.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;

use crate::client::outcome::{LocalError, Outcome};

/// What follows an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RetryDecision {
    /// The delivery was accepted.
    Delivered,
    /// The delivery is retried at this time at the earliest.
    RetryAt(Timestamp),
    /// The delivery is given up: a dead letter.
    GiveUp(GiveUpReason),
}

/// Why a delivery was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveUpReason {
    /// The endpoint refused it permanently: a 3xx, or a 4xx other than 408, 425 and 429.
    Refused,
    /// The endpoint answered 410. All waiting deliveries to the same destination are given up too.
    Gone,
    /// The policy's attempts are used up.
    Attempts,
    /// The policy's total time is used up.
    Time,
    /// The address is not allowed.
    Guarded,
    /// This side failed in a way that a retry does not fix.
    LocalError,
}

impl GiveUpReason {
    const ALL: [Self; 6] = [Self::Refused, Self::Gone, Self::Attempts, Self::Time, Self::Guarded, Self::LocalError];

    /// A stable name in kebab-case.
    pub fn code(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Gone => "gone",
            Self::Attempts => "attempts",
            Self::Time => "time",
            Self::Guarded => "guarded",
            Self::LocalError => "this-side",
        }
    }

    /// The reason with this code, or [`Self::LocalError`] if there is none.
    pub fn from_code(code: &str) -> Self {
        Self::ALL.into_iter().find(|reason| reason.code() == code).unwrap_or(Self::LocalError)
    }
}

/// How often and how fast deliveries are retried. The defaults outlast a deployment and a night's outage: 16 attempts
/// over about two hours on average and four at most, or a whole day if the endpoint asks for longer waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetrySettings {
    /// Maximum wait before the second attempt; it doubles with each further one. By default 1 s, because most failures
    /// are short.
    pub base: Duration,
    /// Maximum wait between two attempts. By default 1 h, so that an endpoint that has recovered is found soon.
    pub cap: Duration,
    /// Maximum number of attempts, including the first. By default 16.
    pub attempts: u32,
    /// Time after the first due time when no further attempt begins. By default 24 h. An endpoint that asks for a longer
    /// wait gets its last attempt at the end of this time.
    pub total: Duration,
    /// Maximum `Retry-After` that is honoured. By default 1 h: a wrong date must not stop a delivery forever.
    pub retry_after_cap: Duration,
}

/// Checked settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryPolicy {
    settings: RetrySettings,
}

/// Why settings are invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages describe the fields")]
pub enum RetryPolicyError {
    /// Without a base, attempts would follow each other immediately.
    #[error("the base of the waiting time must be more than 0")]
    NoBase,
    /// The cap is below the base.
    #[error("the cap of the waiting time ({cap:?}) is below its base ({base:?})")]
    CapBelowBase { base: Duration, cap: Duration },
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

    /// What follows attempt number `attempt` (from 1) of a delivery that was first due at `since`. `jitter` is a random
    /// number from 0 to 1 that scales the wait (full jitter), so that deliveries that failed together are not retried
    /// together.
    ///
    /// A certificate that is not accepted is retried like a missing answer: an operator may be fixing it.
    pub fn decide(
        &self,
        attempt: u32,
        since: Timestamp,
        now: Timestamp,
        outcome: &Outcome,
        jitter: f64,
    ) -> RetryDecision {
        match outcome {
            Outcome::Accepted(_) => return RetryDecision::Delivered,
            Outcome::Declined(answer) => match answer.status {
                StatusCode::GONE => return RetryDecision::GiveUp(GiveUpReason::Gone),
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {}
                status if status.is_server_error() => {}
                _ => return RetryDecision::GiveUp(GiveUpReason::Refused),
            },
            Outcome::Failed(LocalError::Guarded { .. }) => return RetryDecision::GiveUp(GiveUpReason::Guarded),
            Outcome::Failed(LocalError::Request(_)) => return RetryDecision::GiveUp(GiveUpReason::LocalError),
            Outcome::Unanswered(_) | Outcome::Failed(LocalError::Socket(_) | LocalError::Proxy { .. }) => {}
        }
        if attempt >= self.settings.attempts {
            return RetryDecision::GiveUp(GiveUpReason::Attempts);
        }
        let asked = self.retry_after(outcome, now).unwrap_or_default();
        let due = later(now, self.wait(attempt, jitter));
        let end = later(since, self.settings.total);
        if due > end || (now == end && !asked.is_zero()) {
            return RetryDecision::GiveUp(GiveUpReason::Time);
        }
        // An endpoint that asks for more time than is left gets one more attempt at the end: retrying too early costs one
        // request, not retrying costs the message.
        RetryDecision::RetryAt(due.max(later(now, asked).min(end)))
    }

    /// How long the endpoint asks to wait, up to the policy's limit.
    pub fn retry_after(&self, outcome: &Outcome, now: Timestamp) -> Option<Duration> {
        let asked = outcome.answer().and_then(|answer| retry_after(&answer.headers, now))?;
        Some(asked.min(self.settings.retry_after_cap))
    }

    fn wait(&self, attempt: u32, jitter: f64) -> Duration {
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        self.settings.base.saturating_mul(doubled).min(self.settings.cap).mul_f64(jitter.clamp(0.0, 1.0))
    }
}

/// A `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date in one of three forms.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Digits fail to parse only where there are too many of them.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()?;
    // Negative if the date has passed.
    Some(Duration::try_from(now.duration_until(date)).unwrap_or_default())
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
