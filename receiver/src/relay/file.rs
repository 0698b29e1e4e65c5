//! Writes messages to a file, one JSON line per message, in the format of `messages export`. A delivery is completed
//! once its line is on disk. After a crash, lines that were written but not completed are found by their ids, so none
//! is lost or repeated, and a partial line is truncated.

use std::{
    collections::HashSet,
    fs::OpenOptions,
    io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::{Notify, watch};

use super::{
    destination::Destination,
    queue::{DestinationQueue, TakenDelivery},
    store::{DeliveryOutcome, Disposition, EXPIRED_REASON, StoreError},
};
use crate::metrics::{RelayMetrics, RelayOutcome};

/// Maximum number of lines per sync; a line may contain a body of some MiB.
const MAX_LINES_PER_SYNC: usize = 16;

/// Back-off after an error of the file.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// Start of every line.
const LINE_PREFIX: &[u8] = b"{\"id\":\"";

/// Error writing the file or completing its deliveries.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("cannot write the file: {0}")]
    File(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes pending deliveries until `stop`.
pub(super) async fn run(
    mut queue: DestinationQueue,
    destination: Arc<Destination>,
    path: &Path,
    metrics: Arc<RelayMetrics>,
    wake: &Notify,
    mut stop: watch::Receiver<bool>,
) {
    let name = &*destination.name;
    let mut is_recovered = false;
    while !*stop.borrow_and_update() {
        let written = async {
            if !is_recovered {
                begin(&mut queue, path).await?;
                is_recovered = true;
            }
            write_due(&mut queue, path, name, &metrics).await
        };
        match written.await {
            Ok(true) => tokio::task::yield_now().await,
            Ok(false) => tokio::select! {
                () = wake.notified() => {}
                _ = stop.changed() => {}
            },
            Err(error) => {
                is_recovered = false;
                tracing::error!(destination = name, file = %path.display(), "{error}; retrying");
                metrics.attempted(name, RelayOutcome::Again);
                // If this fails too, the log line above still reports the error.
                let _ = queue.store().note_failure(queue.destination, Timestamp::now(), &error.to_string());
                tokio::select! {
                    () = tokio::time::sleep(RETRY_INTERVAL) => {}
                    _ = stop.changed() => {}
                }
            }
        }
    }
}

/// Completes the deliveries whose lines are in the file already, and truncates a partial line.
async fn begin(queue: &mut DestinationQueue, path: &Path) -> Result<(), FileError> {
    queue.reload()?;
    // Files have no back-off per message: every line is due at once.
    queue.limit_wait(Duration::ZERO)?;
    let completed = queue.store().file_end(queue.destination)?;
    let path = path.to_owned();
    let Some((ids, end)) = blocking(move || recover(&path, completed)).await? else { return Ok(()) };
    let written = queue.store().waiting_messages(queue.destination)?;
    let written = written.into_iter().filter(|(_, message)| ids.contains(message)).map(|(id, _)| id);
    Ok(queue.complete_lines(&written.collect::<Vec<u64>>(), end)?)
}

/// The ids of the lines after the completed ones, and the end of the last line; a partial line is truncated. `None` if
/// there is no file.
fn recover(path: &Path, completed: u64) -> io::Result<Option<(HashSet<String>, u64)>> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    // A shorter file is a new one.
    let mut at = if completed > length { 0 } else { completed };
    let mut lines = BufReader::new(&file);
    lines.seek(SeekFrom::Start(at))?;
    let (mut ids, mut line) = (HashSet::new(), Vec::new());
    while lines.read_until(b'\n', &mut line)? > 0 {
        if line.ends_with(b"\n") {
            at += line.len() as u64;
            ids.extend(id(&line));
        } else if LINE_PREFIX.starts_with(&line) || line.starts_with(LINE_PREFIX) {
            file.set_len(at)?;
        } else {
            // Written by another program: end the line, so that the next one starts on its own.
            (&file).seek(SeekFrom::End(0))?;
            (&file).write_all(b"\n")?;
            at += line.len() as u64 + 1;
        }
        line.clear();
    }
    file.sync_all()?;
    Ok(Some((ids, at)))
}

/// Runs disk I/O on another thread, so that it does not block other destinations.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn id(line: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct IdOnly {
        id: String,
    }
    serde_json::from_slice::<IdOnly>(line).ok().map(|line| line.id)
}

/// Writes the next lines. Returns whether there were any.
async fn write_due(
    queue: &mut DestinationQueue,
    path: &Path,
    name: &str,
    metrics: &RelayMetrics,
) -> Result<bool, FileError> {
    let now = Timestamp::now();
    let taken = queue.take(now, MAX_LINES_PER_SYNC)?;
    if taken.is_empty() {
        return Ok(false);
    }
    let (mut records, mut written, mut messages, mut expired) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for TakenDelivery { id, delivery, record } in taken {
        match record {
            Some(record) => {
                records.push(record);
                written.push(id);
                messages.push(delivery.message);
            }
            None => {
                let (reason, text) = EXPIRED_REASON;
                let disposition = Disposition::DeadLetter(reason);
                expired.push(DeliveryOutcome { id, at: now, disposition, error: Some(text.to_owned()) });
                metrics.attempted(name, RelayOutcome::Dead);
            }
        }
    }
    queue.complete(expired)?;
    let path = path.to_owned();
    let end = blocking(move || {
        let lines: String = records.iter().flat_map(|record| [record.json_line(), "\n".to_owned()]).collect();
        append(&path, lines.as_bytes())
    })
    .await?;
    queue.complete_lines(&written, end)?;
    for message in messages {
        tracing::info!(destination = name, id = message, "relayed: written");
        metrics.attempted(name, RelayOutcome::Accepted);
    }
    Ok(true)
}

/// Appends to the file and returns its length. Opens it each time, because it may have been rotated.
fn append(path: &Path, lines: &[u8]) -> io::Result<u64> {
    let is_new = !path.exists();
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let before = file.metadata()?.len();
    let written = file.write_all(lines).and_then(|()| file.sync_data());
    if written.is_err() {
        // If this fails too, the next start finds the written lines.
        let _ = file.set_len(before);
    }
    written?;
    if is_new {
        storage::durable_dir::sync(storage::durable_dir::of(path))?;
    }
    Ok(before + lines.len() as u64)
}
