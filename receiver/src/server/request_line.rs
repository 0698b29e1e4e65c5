//! One log line and one count a request, and on request the message itself. Neither line nor message ever holds a credential.

use std::{
    io::{self, Write as _},
    sync::Arc,
    time::Instant,
};

use schemas::json::pretty;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use uuid::Uuid;

use super::peer::Peer;
use crate::{endpoint::Progress, log::Record, metrics::Metrics, redact, rejection::Rejection};

/// Most messages that wait to be printed; a reader that has stopped must not stop the receiver, so the rest is left out.
const WAITING: usize = 100;

/// Larger messages are not printed: that would hold up all others, and nobody reads so much at a terminal.
const MAX_PRINTED_BYTES: usize = 64 << 10;

/// Writes the lines.
#[derive(Clone, Debug)]
pub(super) struct RequestLine {
    payloads: Option<NonBlocking>,
    metrics: Arc<Metrics>,
}

/// A request that has begun.
#[derive(Debug)]
pub(super) struct OpenRequest<'l> {
    pub(super) progress: Progress,
    began: Instant,
    peer: Peer,
    line: &'l RequestLine,
}

impl RequestLine {
    /// With `payloads`, accepted messages are printed too, by a thread that ends with the guard.
    pub(super) fn new(payloads: bool, metrics: Arc<Metrics>) -> (Self, Option<WorkerGuard>) {
        let printer = payloads
            .then(|| NonBlockingBuilder::default().buffered_lines_limit(WAITING).lossy(true).finish(io::stdout()));
        let (payloads, guard) = printer.unzip();
        (Self { payloads, metrics }, guard)
    }

    /// Where the requests are counted.
    pub(super) fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// A request arrives.
    pub(super) fn begin(&self, peer: Peer) -> OpenRequest<'_> {
        OpenRequest { progress: Progress::default(), began: Instant::now(), peer, line: self }
    }
}

impl OpenRequest<'_> {
    /// The request is answered. Gives the id that stands in its line: the message's, as far as there is one.
    pub(super) fn end(self, outcome: &Result<Record, Rejection>) -> Uuid {
        let took = self.began.elapsed();
        let header = outcome.as_ref().map_or(self.progress.header.as_ref(), |record| Some(&record.header));
        let id = header.map_or_else(Uuid::now_v7, |header| header.id);
        let (verdict, status, reason) = match outcome {
            Ok(record) if record.header.captured.is_some() => ("captured", 200, None),
            Ok(_) => ("accepted", 200, None),
            Err(rejection) => (rejection.code(), rejection.status().as_u16(), rejection.reason()),
        };
        let details = &self.progress.details;
        tracing::info!(
            verdict,
            status,
            reason = reason.as_deref(),
            endpoint = self.progress.endpoint,
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
            %id,
            trigger = header.and_then(|header| header.trigger).map(|trigger| trigger.as_str()),
            flow = header.and_then(|header| header.flow.as_deref()).map(redact::shortened).as_deref(),
            step = header.and_then(|header| header.step.as_deref()).map(redact::shortened).as_deref(),
            size = self.progress.size,
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            peer = %self.peer,
            proxy = self.peer.proxy().map(tracing::field::display),
        );
        self.line.metrics.answered(self.progress.endpoint, verdict, outcome.is_ok(), self.progress.size, took);
        if let (Some(printer), Ok(record)) = (&self.line.payloads, outcome)
            // It may hold a secret that nobody here knows.
            && !record.header.captured.as_ref().is_some_and(|captured| captured.apart)
        {
            print(record, printer.clone());
        }
        id
    }
}

fn print(record: &Record, mut printer: NonBlocking) {
    if record.body.len() > MAX_PRINTED_BYTES {
        let (id, length) = (record.header.id, record.body.len());
        // What there is no room for is left out.
        let _ = writeln!(printer, "message of {length} bytes; to print it: webhook-receiver messages show {id}");
        return;
    }
    let Some(pretty) = pretty(&record.body) else { return };
    // What there is no room for is left out.
    let _ = printer.write_all(format!("{}\n", redact::printable(&pretty)).as_bytes());
}
