//! The status of a delivery, as text for people and as JSON for programs. Text from endpoints and messages is made safe
//! to print here.

use console::format::{milliseconds, plural};
use delivery::{GiveUpReason, OutcomeSummary};
use jiff::Timestamp;
use schemas::text::one_line;
use serde::Serialize;

use crate::outbox::{Attempt, Status, StoredDelivery};

/// Maximum number of characters of a text from a message or an answer.
const MAX_CHARACTERS: usize = 200;

/// The result of an attempt.
pub(super) fn answer(answer: &OutcomeSummary) -> String {
    match answer {
        OutcomeSummary::Answered { status, detail } => {
            let status = http::StatusCode::from_u16(*status).map_or(status.to_string(), |status| status.to_string());
            match detail {
                Some(detail) => format!("{status}: {}", one_line(detail, MAX_CHARACTERS)),
                None => status,
            }
        }
        OutcomeSummary::Unanswered { message, .. } => format!("no answer: {}", one_line(message, MAX_CHARACTERS)),
        OutcomeSummary::Failed { message } => format!("not sent: {}", one_line(message, MAX_CHARACTERS)),
    }
}

/// When the next attempt is due, or why there is none.
pub(super) fn next(delivery: &StoredDelivery, now: Timestamp) -> String {
    match delivery.status {
        Status::Pending if delivery.due <= now => "due".to_owned(),
        Status::Pending => format!("due at {:.0}", delivery.due),
        Status::Delivered => "-".to_owned(),
        Status::Failed => delivery.reason.map_or("-", reason).to_owned(),
        Status::Discarded => text(delivery.note.as_deref()),
    }
}

/// The status of a delivery in one phrase: the status of a webhook as a completed step shows it.
pub(super) fn summary(delivery: &StoredDelivery) -> String {
    let word = delivery.status.as_str();
    let attempts = match delivery.attempts {
        0 => {
            let why = delivery.reason.map(|why| format!(" (never tried: {})", reason(why)));
            return format!("{word}{}", why.unwrap_or_default());
        }
        attempts => plural(attempts.into(), "attempt"),
    };
    let last = delivery.last.as_ref().map(|last| format!(", last: {}", answer(&last.outcome))).unwrap_or_default();
    format!("{word} ({attempts}{last})")
}

/// Why a delivery was given up.
pub(super) fn reason(why: GiveUpReason) -> &'static str {
    match why {
        GiveUpReason::Refused => "refused for good",
        GiveUpReason::Gone => "the endpoint is gone (410)",
        GiveUpReason::Attempts => "no attempt is left",
        GiveUpReason::Time => "the time limit is over",
        GiveUpReason::Guarded => "its address is not allowed",
        GiveUpReason::LocalError => "this side failed",
    }
}

/// Untrusted text on one line, or a dash.
pub(super) fn text(text: Option<&str>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| one_line(text, MAX_CHARACTERS))
}

/// A delivery for programs; the names are stable.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeliveryObject<'d> {
    id: u64,
    status: &'static str,
    reason: Option<&'static str>,
    note: Option<&'d str>,
    attempts: u32,
    last_attempt: Option<AttemptObject<'d>>,
    due: Option<Timestamp>,
    destination: &'d str,
    flow: Option<&'d str>,
    webhook: Option<&'d str>,
    trigger: Option<&'d str>,
    step: Option<&'d str>,
    bytes: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AttemptObject<'a> {
    number: u32,
    at: Timestamp,
    duration_ms: u64,
    outcome: &'static str,
    status: Option<u16>,
    code: Option<&'a str>,
    detail: Option<&'a str>,
}

impl<'d> DeliveryObject<'d> {
    pub(super) fn of(delivery: &'d StoredDelivery) -> Self {
        let StoredDelivery { id, destination, flow, label, status, reason, note, attempts, last, due, size } = delivery;
        Self {
            id: *id,
            status: status.as_str(),
            reason: reason.map(GiveUpReason::code),
            note: note.as_deref(),
            attempts: *attempts,
            last_attempt: last.as_ref().map(AttemptObject::of),
            due: (*status == Status::Pending).then_some(*due),
            destination,
            flow: flow.as_deref(),
            webhook: label.webhook.as_deref(),
            trigger: label.trigger.as_deref(),
            step: label.step.as_deref(),
            bytes: *size,
        }
    }
}

impl<'a> AttemptObject<'a> {
    pub(super) fn of(attempt: &'a Attempt) -> Self {
        let (outcome, status, code, detail) = match &attempt.outcome {
            OutcomeSummary::Answered { status, detail } => ("answered", Some(*status), None, detail.as_deref()),
            OutcomeSummary::Unanswered { code, message } => ("unanswered", None, Some(&**code), Some(message.as_str())),
            OutcomeSummary::Failed { message } => ("not-sent", None, None, Some(message.as_str())),
        };
        let duration_ms = milliseconds(attempt.took);
        Self { number: attempt.number, at: attempt.at, duration_ms, outcome, status, code, detail }
    }
}
