//! Writes messages to a file, one JSON line per message, in the format of `messages export`. A delivery is completed
//! once its line is on disk. After a crash, lines that were written but not completed are found by their ids, so none
//! is lost or repeated, and a partial line is truncated.

use std::{
    collections::HashSet,
    fs::{File, OpenOptions},
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
    queue::{Queue, Taken},
    store::{AttemptOutcome, Disposition, EXPIRED_REASON, StoreError},
};
use crate::metrics::{RelayMetrics, RelayOutcome};

/// Maximum number of lines per sync; a line may contain a body of some MiB.
const BATCH: usize = 16;

/// Back-off after an error of the file.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// Start of every line.
const BEGINNING: &[u8] = b"{\"id\":\"";

/// Error writing the file or completing its deliveries.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("cannot write the file: {0}")]
    File(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes what waits until `stop`.
pub(super) async fn run(
    mut queue: Queue,
    destination: Arc<Destination>,
    path: &Path,
    metrics: Arc<RelayMetrics>,
    wake: &Notify,
    mut stop: watch::Receiver<bool>,
) {
    let name = &*destination.name;
    let mut begun = false;
    while !*stop.borrow_and_update() {
        let written = async {
            if !begun {
                begin(&mut queue, path).await?;
                begun = true;
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
                begun = false;
                tracing::error!(destination = name, file = %path.display(), "{error}; retrying");
                metrics.attempted(name, RelayOutcome::Again);
                // If this fails too, the log line above still reports the error.
                let _ = queue.store().note_failure(queue.destination(), Timestamp::now(), &error.to_string());
                tokio::select! {
                    () = tokio::time::sleep(RETRY_INTERVAL) => {}
                    _ = stop.changed() => {}
                }
            }
        }
    }
}

/// Completes the deliveries whose lines are in the file already, and truncates a partial line.
async fn begin(queue: &mut Queue, path: &Path) -> Result<(), FileError> {
    queue.reload()?;
    // Files have no back-off per message: every line is due at once.
    queue.limit_wait(Duration::ZERO)?;
    let settled = queue.store().file_end(queue.destination())?;
    let path = path.to_owned();
    let Some(WrittenLines { ids, end }) = aside(move || recover(&path, settled)).await? else { return Ok(()) };
    let written = queue.store().waiting_messages(queue.destination())?;
    let written: Vec<u64> =
        written.into_iter().filter(|(_, message)| ids.contains(message)).map(|(id, _)| id).collect();
    queue.complete_lines(&written, end)?;
    Ok(())
}

/// The lines after the completed ones.
struct WrittenLines {
    ids: HashSet<String>,
    end: u64,
}

/// Reads the lines after the completed ones, and truncates a partial line. `None` if there is no file.
fn recover(path: &Path, settled: u64) -> io::Result<Option<WrittenLines>> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    // A shorter file is a new one.
    let mut at = if settled > length { 0 } else { settled };
    let mut lines = BufReader::new(&file);
    lines.seek(SeekFrom::Start(at))?;
    let (mut ids, mut line) = (HashSet::new(), Vec::new());
    while lines.read_until(b'\n', &mut line)? > 0 {
        if line.ends_with(b"\n") {
            at += line.len() as u64;
            ids.extend(id(&line));
        } else if BEGINNING.starts_with(&line) || line.starts_with(BEGINNING) {
            file.set_len(at)?;
        } else {
            // Not ours: end the line, so that the next one starts on its own.
            (&file).seek(SeekFrom::End(0))?;
            (&file).write_all(b"\n")?;
            at += line.len() as u64 + 1;
        }
        line.clear();
    }
    file.sync_all()?;
    Ok(Some(WrittenLines { ids, end: at }))
}

/// Runs disk I/O on a thread where it does not block other destinations.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
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
async fn write_due(queue: &mut Queue, path: &Path, name: &str, metrics: &RelayMetrics) -> Result<bool, FileError> {
    let now = Timestamp::now();
    let taken = queue.take(now, BATCH)?;
    if taken.is_empty() {
        return Ok(false);
    }
    let (mut records, mut written, mut messages, mut expired) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for Taken { id, delivery, record } in taken {
        match record {
            Some(record) => {
                records.push(record);
                written.push(id);
                messages.push(delivery.message);
            }
            None => {
                let (reason, words) = EXPIRED_REASON;
                expired.push(AttemptOutcome {
                    id,
                    at: now,
                    disposition: Disposition::DeadLetter(reason),
                    error: Some(words.to_owned()),
                });
                metrics.attempted(name, RelayOutcome::Dead);
            }
        }
    }
    queue.complete(expired)?;
    let path = path.to_owned();
    let end = aside(move || {
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
        cut(&file, before);
    }
    written?;
    if is_new {
        storage::durable_dir::sync(storage::durable_dir::of(path))?;
    }
    Ok(before + lines.len() as u64)
}

fn cut(file: &File, to: u64) {
    // If this fails too, the next start finds the written lines.
    let _ = file.set_len(to);
}
