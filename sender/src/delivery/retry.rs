//! Whether and when a delivery is tried again: a pure function of the outcome, the number of attempts and the time.

use jiff::Timestamp;

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
