//! Health: whether each part works, and the metrics. Both read files, so they must not run on a thread that serves requests.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

use super::{DataFolder, state::ServerState};
use crate::{
    index::IndexProgress,
    ingest::AdmissionLimits,
    log::SegmentedLog,
    metrics::{GaugeValue, METRICS_NAMESPACE, free_bytes, process},
};

/// If one batch takes longer, the disk does not accept writes.
const MAX_BATCH_DURATION: Duration = Duration::from_secs(5);
/// Written after a batch failed, to see whether the next one would succeed: about as much as a batch.
static PROBE_BYTES: [u8; 64 << 10] = [0; 64 << 10];

/// The parts of a running server whose state is reported.
pub(super) struct HealthState {
    pub(super) server: Arc<ServerState>,
    pub(super) log: Arc<SegmentedLog>,
    pub(super) data_dir: PathBuf,
    pub(super) index: watch::Receiver<IndexProgress>,
    #[cfg(feature = "relay")]
    pub(super) relay: watch::Receiver<crate::relay::RelayProgress>,
    pub(super) admission: Arc<AdmissionLimits>,
    pub(super) draining: AtomicBool,
}

/// Whether messages should be sent here, and which part is not ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Readiness {
    pub(super) ready: bool,
    log: String,
    index: &'static str,
    /// Missing if nothing is relayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    relay: Option<String>,
    draining: bool,
}

impl HealthState {
    pub(super) fn readiness(&self) -> Readiness {
        let log = self.check_log();
        let index = if self.index.borrow().failing {
            Err("it cannot be written; messages are still accepted and stored, but `messages` does not show new ones")
        } else {
            Ok(())
        };
        let relay = self.check_relay();
        let draining = self.draining.load(Ordering::Relaxed);
        Readiness {
            ready: log.is_ok() && index.is_ok() && relay.as_ref().is_none_or(Result::is_ok) && !draining,
            log: log.err().unwrap_or_else(|| self.log_files_status()),
            index: index.err().unwrap_or("ok"),
            relay: relay.map(|relay| relay.err().unwrap_or_else(|| "ok".to_owned())),
            draining,
        }
    }

    /// After a failure no messages may arrive any more, so no batch would show that the log works again; a probe does.
    fn check_log(&self) -> Result<(), String> {
        if !self.log.is_writing() {
            return Err("its writer has ended; restart the receiver".to_owned());
        }
        self.log.check_place().map_err(|error| {
            format!("{error}; messages are refused: restore it, or restart the receiver to continue without it")
        })?;
        let in_flight = self.log.metrics().in_flight();
        if in_flight > MAX_BATCH_DURATION {
            return Err(format!("the disk has not completed a write for {} s", in_flight.as_secs()));
        }
        if self.log.metrics().is_failing() {
            self.probe().map_err(|error| {
                format!("it could not be written, and neither can another file in the folder: {error}")
            })?;
        }
        Ok(())
    }

    /// The status of a log that accepts messages. New ones are stored even if files are missing.
    fn log_files_status(&self) -> String {
        match self.log.missing().map(|missing| missing.len()) {
            Ok(0) | Err(_) => "ok".to_owned(),
            Ok(count) => {
                format!(
                    "it accepts messages, but {count} of its files are missing, with the messages in them; see the log"
                )
            }
        }
    }

    /// `None` if nothing is relayed.
    #[cfg(feature = "relay")]
    fn check_relay(&self) -> Option<Result<(), String>> {
        let relay = self.relay.borrow();
        match (&relay.failing, relay.position) {
            (Some(reason), _) => Some(Err(reason.clone())),
            (None, position) => position.map(|_| Ok(())),
        }
    }

    #[cfg(not(feature = "relay"))]
    #[expect(clippy::unused_self, reason = "the same signature as with the relay")]
    fn check_relay(&self) -> Option<Result<(), String>> {
        None
    }

    fn probe(&self) -> io::Result<()> {
        let path = self.data_dir.join("probe");
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&path)?;
        let written = file.write_all(&PROBE_BYTES).and_then(|()| file.sync_data());
        match fs::remove_file(&path) {
            // Another probe at the same moment did.
            Err(error) if error.kind() == io::ErrorKind::NotFound => written,
            removed => removed.and(written),
        }
    }

    pub(super) fn render_metrics(&self) -> String {
        let end = self.log.end().0;
        let (queued_records, queued_bytes) = self.log.queued();
        let (requests, bodies) = self.admission.in_use();
        let index = *self.index.borrow();
        let draining = self.draining.load(Ordering::Relaxed);
        // If a folder cannot be read, its figure is missing rather than wrong.
        let (size, free) = (self.log.size().ok(), free_bytes(&self.data_dir));
        let missing = self.log.missing().ok().map(|missing| missing.len() as u64);
        let displaced = u64::from(self.log.check_place().is_err());
        let certificate_ends = self.server.config.load().certificate_ends.map(Timestamp::as_second);
        let mut readings: Vec<GaugeValue> = [
            ("connections", "Open connections", Some(self.server.connections.count() as u64)),
            (
                "connections_limit",
                "Maximum number of connections at a time",
                Some(self.server.limits.connections as u64),
            ),
            ("requests_in_flight", "Requests in progress", Some(requests as u64)),
            ("bodies_in_flight_bytes", "Bytes of bodies of requests in progress", Some(bodies as u64)),
            ("log_queue_records", "Records that are not durable yet", Some(queued_records as u64)),
            ("log_queue_bytes", "Bytes that are not durable yet", Some(queued_bytes as u64)),
            (
                "log_queue_limit_bytes",
                "Maximum number of bytes that are not durable yet",
                Some(self.log.queue_limit() as u64),
            ),
            ("log_end_position", "Position of the durable end of the log", Some(end)),
            ("log_size_bytes", "Bytes of the files of the log", size),
            ("log_missing_segments", "Files of the log that were deleted or moved", missing),
            ("log_displaced", "1 while the open file or the folder of the log is not in its place", Some(displaced)),
            ("index_size_bytes", "Bytes of the files of the index", index_bytes(&self.data_dir)),
            ("data_free_bytes", "Bytes that are free on the disk of the data folder", free),
            (
                "index_lag_bytes",
                "Bytes of the log that the index has not read",
                Some(end.saturating_sub(index.position.0)),
            ),
            #[cfg(feature = "relay")]
            (
                "relay_lag_bytes",
                "Bytes of the log that the relay has not read",
                self.relay.borrow().position.map(|position| end.saturating_sub(position.0)),
            ),
            ("index_failing", "1 while the index cannot be updated", Some(u64::from(index.failing))),
            (
                "certificate_ends_timestamp_seconds",
                "When the certificate expires, in seconds since 1970",
                certificate_ends.and_then(|ends| u64::try_from(ends).ok()),
            ),
            ("draining", "1 once the receiver is shutting down", Some(u64::from(draining))),
        ]
        .into_iter()
        .filter_map(|(name, help, value)| {
            Some(GaugeValue { name: format!("{METRICS_NAMESPACE}_{name}"), help, value: value? })
        })
        .collect();
        readings.extend(process());
        self.server.metrics.render(&readings)
    }
}

/// Size of the index's file and of its write-ahead log.
fn index_bytes(data_dir: &Path) -> Option<u64> {
    let file = DataFolder::index_in(data_dir);
    let mut log = file.clone().into_os_string();
    log.push("-wal");
    let log = fs::metadata(log).map_or(0, |metadata| metadata.len());
    Some(fs::metadata(file).ok()?.len() + log)
}
