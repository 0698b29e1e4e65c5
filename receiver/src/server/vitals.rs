//! What the admin listener tells: whether each part works, and the figures of the moment. Reads files, so never to be
//! asked on a thread that serves requests.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

use super::{connections::Connections, current::Current};
use crate::{
    config::Limits,
    endpoint::Room,
    index::Headway,
    log::{MessageLog as _, Segments},
    metrics::{Metrics, NAMESPACE, Reading, free_bytes, process},
};

/// A disk that holds one batch longer than this does not take appends.
const STUCK: Duration = Duration::from_secs(5);
/// Written where a batch failed, to see whether the next one would fare better: about as much as a batch.
static PROBE: [u8; 64 << 10] = [0; 64 << 10];

/// The parts of a running server, to be looked at.
#[derive(Debug)]
pub(super) struct Vitals {
    pub(super) metrics: Arc<Metrics>,
    pub(super) current: Arc<Current<Segments>>,
    pub(super) log: Arc<Segments>,
    pub(super) data_dir: PathBuf,
    pub(super) index: watch::Receiver<Headway>,
    #[cfg(feature = "relay")]
    pub(super) relay: watch::Receiver<crate::relay::RelayHeadway>,
    pub(super) connections: Arc<Connections>,
    pub(super) room: Arc<Room>,
    pub(super) limits: Limits,
    pub(super) draining: AtomicBool,
}

/// Whether messages should be sent here, and which part says no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Readiness {
    pub(super) ready: bool,
    log: String,
    index: &'static str,
    /// Missing where nothing is relayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    relay: Option<String>,
    draining: bool,
}

impl Vitals {
    /// Looks at each part.
    pub(super) fn readiness(&self) -> Readiness {
        let log = self.log_takes_appends();
        let index = if self.index.borrow().failing {
            Err("it cannot be written; messages are still taken and stored, but `messages` does not show new ones")
        } else {
            Ok(())
        };
        let relay = self.relay_goes_on();
        let draining = self.draining.load(Ordering::Relaxed);
        Readiness {
            ready: log.is_ok() && index.is_ok() && relay.as_ref().is_none_or(Result::is_ok) && !draining,
            log: log.err().unwrap_or_else(|| self.log_files()),
            index: index.err().unwrap_or("ok"),
            relay: relay.map(|relay| relay.err().unwrap_or_else(|| "ok".to_owned())),
            draining,
        }
    }

    /// After a failure nobody may send here any more, so no batch would show that it works again; a probe does.
    fn log_takes_appends(&self) -> Result<(), String> {
        if !self.log.is_writing() {
            return Err("its writer has ended; restart the receiver".to_owned());
        }
        self.log.check_place().map_err(|error| {
            format!("{error}; messages are refused: bring it back, or restart the receiver to go on without it")
        })?;
        let in_flight = self.log.metrics().in_flight();
        if in_flight > STUCK {
            return Err(format!("the disk has not taken a write for {} s", in_flight.as_secs()));
        }
        if self.log.metrics().is_failing() {
            self.probe()
                .map_err(|error| format!("it could not be written, and neither can a file beside it: {error}"))?;
        }
        Ok(())
    }

    /// What to tell of a log that takes messages. Lost files do not keep new ones from being stored.
    fn log_files(&self) -> String {
        match self.log.missing().map(|missing| missing.len()) {
            Ok(0) | Err(_) => "ok".to_owned(),
            Ok(count) => {
                format!("it takes messages, but {count} of its files are gone, with the messages in them; see the log")
            }
        }
    }

    /// `None` where nothing is relayed.
    #[cfg(feature = "relay")]
    fn relay_goes_on(&self) -> Option<Result<(), String>> {
        let relay = self.relay.borrow();
        match (&relay.failing, relay.position) {
            (Some(reason), _) => Some(Err(reason.clone())),
            (None, position) => position.map(|_| Ok(())),
        }
    }

    #[cfg(not(feature = "relay"))]
    #[expect(clippy::unused_self, reason = "as with the relay")]
    fn relay_goes_on(&self) -> Option<Result<(), String>> {
        None
    }

    /// `None` where nothing is relayed.
    #[cfg(feature = "relay")]
    fn relay_lag(&self, end: u64) -> Option<u64> {
        self.relay.borrow().position.map(|position| end.saturating_sub(position.0))
    }

    fn probe(&self) -> io::Result<()> {
        let path = self.data_dir.join("probe");
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&path)?;
        let written = file.write_all(&PROBE).and_then(|()| file.sync_data());
        match fs::remove_file(&path) {
            // Another look at the same moment did.
            Err(error) if error.kind() == io::ErrorKind::NotFound => written,
            removed => removed.and(written),
        }
    }

    /// All metrics, as Prometheus reads them.
    pub(super) fn text(&self) -> String {
        let end = self.log.end().0;
        let (queued_records, queued_bytes) = self.log.queued();
        let (requests, bodies) = self.room.taken();
        let index = *self.index.borrow();
        let draining = self.draining.load(Ordering::Relaxed);
        // Where a folder cannot be read, its figure is missing rather than wrong.
        let (size, free) = (self.log.size().ok(), free_bytes(&self.data_dir));
        let missing = self.log.missing().ok().map(|missing| missing.len() as u64);
        let displaced = u64::from(self.log.check_place().is_err());
        let certificate_ends = self.current.rules().certificate_ends.map(Timestamp::as_second);
        let mut readings: Vec<Reading> = [
            ("connections", "Open connections", Some(self.connections.count() as u64)),
            ("connections_limit", "Most connections at a time", Some(self.limits.connections as u64)),
            ("requests_in_flight", "Requests that are being taken in", Some(requests as u64)),
            ("bodies_in_flight_bytes", "Bytes of bodies that are being taken in", Some(bodies as u64)),
            ("log_queue_records", "Records that wait to be durable", Some(queued_records as u64)),
            ("log_queue_bytes", "Bytes that wait to be durable", Some(queued_bytes as u64)),
            ("log_queue_limit_bytes", "Most bytes that may wait to be durable", Some(self.log.queue_limit() as u64)),
            ("log_end_position", "Position of the log's durable end", Some(end)),
            ("log_size_bytes", "Bytes of the log's files", size),
            ("log_missing_segments", "Files of the log that somebody has deleted or moved", missing),
            ("log_displaced", "1 while the log's open file or folder is not where it was", Some(displaced)),
            ("data_free_bytes", "Bytes that are free where the data folder is", free),
            (
                "index_lag_bytes",
                "Bytes of the log that the index has not read",
                Some(end.saturating_sub(index.position.0)),
            ),
            #[cfg(feature = "relay")]
            ("relay_lag_bytes", "Bytes of the log that the relay has not read", self.relay_lag(end)),
            ("index_failing", "1 while the index cannot be kept up", Some(u64::from(index.failing))),
            (
                "certificate_ends_timestamp_seconds",
                "When the certificate ends, in seconds since 1970",
                certificate_ends.and_then(|ends| u64::try_from(ends).ok()),
            ),
            ("draining", "1 once the receiver was told to stop", Some(u64::from(draining))),
        ]
        .into_iter()
        .filter_map(|(name, help, value)| Some(Reading { name: format!("{NAMESPACE}_{name}"), help, value: value? }))
        .collect();
        readings.extend(process());
        self.metrics.text(&readings)
    }
}
