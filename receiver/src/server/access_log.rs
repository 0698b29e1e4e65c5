//! The access log: one line for each request, and optionally the message itself. Neither ever holds a credential.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use schemas::{json::pretty, text::escape_json};
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use uuid::Uuid;

use super::peer::Peer;
use crate::{ingest::Handled, log::Record, redact};

/// Maximum number of messages that wait to be printed. A reader that has stopped must not stop the receiver, so further
/// messages are dropped.
const MAX_WAITING_MESSAGES: usize = 100;

/// Larger messages are not printed: it would delay all others, and nobody reads that much on a terminal.
const MAX_PRINTED_BYTES: usize = 64 << 10;

/// Writes the lines.
#[derive(Clone, Debug)]
pub(super) struct AccessLog {
    payloads: Option<NonBlocking>,
}

impl AccessLog {
    /// With `log_payloads`, accepted messages are printed too, by a thread that ends with the guard.
    pub(super) fn new(log_payloads: bool) -> (Self, Option<WorkerGuard>) {
        let printer = log_payloads.then(|| {
            NonBlockingBuilder::default().buffered_lines_limit(MAX_WAITING_MESSAGES).lossy(true).finish(io::stdout())
        });
        let (payloads, guard) = printer.unzip();
        (Self { payloads }, guard)
    }

    /// Writes the line of an answered request. Returns its id, which is the message's if there is one.
    pub(super) fn write(&self, peer: &Peer, handled: &Handled, duration: Duration) -> Uuid {
        let (header, status, reason) = match &handled.result {
            Ok(record) => (Some(&record.header), 200, None),
            Err(refusal) => {
                let rejection = &refusal.rejection;
                (refusal.header.as_deref(), rejection.status().as_u16(), Some(rejection.reason()))
            }
        };
        let id = header.map_or_else(Uuid::now_v7, |header| header.id);
        let details = &handled.details;
        tracing::info!(
            verdict = handled.verdict(),
            status,
            reason = reason.as_deref(),
            endpoint = handled.endpoint.as_ref().map(|endpoint| &*endpoint.name),
            path = details.path,
            method = details.method,
            content_type = details.content_type,
            content_encoding = details.content_encoding,
            content_length = details.content_length,
            line = details.line,
            column = details.column,
            pointer = details.pointer,
            clause = details.clause,
            violations = details.violations,
            request_id = %id,
            trigger = header.and_then(|header| header.trigger).map(|trigger| trigger.as_str()),
            flow = header.and_then(|header| header.flow.as_deref()).map(redact::shortened).as_deref(),
            step = header.and_then(|header| header.step.as_deref()).map(redact::shortened).as_deref(),
            bytes = handled.size,
            duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            peer = %peer,
            proxy = peer.proxy().map(tracing::field::display),
        );
        if let (Some(printer), Ok(record)) = (&self.payloads, &handled.result)
            // A quarantined capture may hold an unknown secret.
            && !record.header.captured.as_ref().is_some_and(|captured| captured.quarantined)
        {
            print(record, printer.clone());
        }
        id
    }
}

fn print(record: &Record, mut printer: NonBlocking) {
    let text = if record.body.len() > MAX_PRINTED_BYTES {
        let (id, length) = (record.header.id, record.body.len());
        format!("message of {length} bytes; to print it: webhook-receiver messages show {id}\n")
    } else {
        let Some(pretty) = pretty(&record.body) else { return };
        format!("{}\n", escape_json(&pretty))
    };
    // If too many wait already, it is dropped.
    let _ = printer.write_all(text.as_bytes());
}
