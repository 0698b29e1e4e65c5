//! The access log: one line for each request, and optionally the message itself. Neither ever holds a credential.

use std::{io, time::Duration};

use schemas::{json::pretty, text::escape_json};
use uuid::Uuid;

use super::peer::Peer;
use crate::{
    ingest::Handled,
    line_writer::{FlushGuard, LineWriter},
    log::Record,
    redact,
};

/// Larger messages are not printed: it would delay all others, and nobody reads that much on a terminal.
const MAX_PRINTED_BYTES: usize = 64 << 10;

/// Writes the lines.
#[derive(Clone, Debug)]
pub(super) struct AccessLog {
    payloads: Option<LineWriter>,
}

impl AccessLog {
    /// With `log_payloads`, accepted messages are printed too, by a thread that ends with the guard.
    pub(super) fn new(log_payloads: bool) -> io::Result<(Self, Option<FlushGuard>)> {
        let (payloads, guard) = log_payloads.then(|| LineWriter::new(io::stdout())).transpose()?.unzip();
        Ok((Self { payloads }, guard))
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
        if let (Some(payloads), Ok(record)) = (&self.payloads, &handled.result)
            // A quarantined capture may hold an unknown secret.
            && !record.header.captured.as_ref().is_some_and(|captured| captured.quarantined)
        {
            print(record, payloads);
        }
        id
    }
}

fn print(record: &Record, payloads: &LineWriter) {
    let text = if record.body.len() > MAX_PRINTED_BYTES {
        let (id, length) = (record.header.id, record.body.len());
        format!("message of {length} bytes; to print it: webhook-receiver messages show {id}\n")
    } else {
        let Some(pretty) = pretty(&record.body) else { return };
        format!("{}\n", escape_json(&pretty))
    };
    payloads.add(text.as_bytes());
}
