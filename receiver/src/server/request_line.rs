//! One log line a request, and on request the message itself. Neither ever holds a credential.

use std::{io::Write as _, net::SocketAddr, time::Instant};

use serde_json::Value;

use crate::{endpoint::Progress, log::Record, redact, rejection::Rejection};

/// Writes the lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestLine {
    payloads: bool,
}

/// A request that has begun.
#[derive(Debug)]
pub(super) struct OpenRequest {
    pub(super) progress: Progress,
    began: Instant,
    peer: SocketAddr,
    payloads: bool,
}

impl RequestLine {
    /// With `payloads`, accepted messages are printed too.
    pub(super) fn new(payloads: bool) -> Self {
        Self { payloads }
    }

    /// A request arrives.
    pub(super) fn begin(self, peer: SocketAddr) -> OpenRequest {
        OpenRequest { progress: Progress::default(), began: Instant::now(), peer, payloads: self.payloads }
    }
}

impl OpenRequest {
    /// The request is answered.
    pub(super) fn end(self, outcome: &Result<Record, Rejection>) {
        let header = self.progress.header.as_ref();
        let (verdict, status, reason) = match outcome {
            Ok(_) => ("accepted", 200, None),
            Err(rejection) => (rejection.code(), rejection.status().as_u16(), rejection.reason()),
        };
        tracing::info!(
            verdict,
            status,
            reason,
            endpoint = self.progress.endpoint,
            id = header.map(|header| tracing::field::display(header.id)),
            trigger = header.and_then(|header| header.trigger).map(|trigger| trigger.as_str()),
            flow = header.and_then(|header| header.flow.as_deref()),
            step = header.and_then(|header| header.step.as_deref()),
            size = self.progress.size,
            micros = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX),
            peer = %self.peer,
        );
        if let (true, Ok(record)) = (self.payloads, outcome) {
            print(record);
        }
    }
}

fn print(record: &Record) {
    let Ok(message) = serde_json::from_slice::<Value>(&record.body) else { return };
    let Ok(pretty) = serde_json::to_string_pretty(&message) else { return };
    // A terminal that is gone must not stop the receiver.
    let _ = writeln!(anstream::stdout().lock(), "{}", redact::printable(&pretty));
}
