//! Writing to a file: a line of JSON a message, as `messages export` has it. A line is settled once it is on the disk.
//! After a crash the lines that were written and not settled are found again by their ids, so none is lost or repeated,
//! and half a line is cut off.

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
use crate::{
    folder,
    metrics::{RelayMetrics, RelayOutcome},
};

/// Most lines that share a sync; a line may hold a body of some MiB.
const BATCH: usize = 16;

/// How long to wait before a file that failed is tried again.
const MENDING: Duration = Duration::from_secs(5);

/// How a line begins.
const BEGINNING: &[u8] = b"{\"id\":\"";

/// A file cannot be written, or what is written in it not be settled.
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
                tracing::error!(destination = name, file = %path.display(), "{error}; it is tried again until it works");
                metrics.attempted(name, RelayOutcome::Again);
                // Where not even that can be written the log has it.
                let _ = queue.store().note_failure(queue.destination(), Timestamp::now(), &error.to_string());
                tokio::select! {
                    () = tokio::time::sleep(MENDING) => {}
                    _ = stop.changed() => {}
                }
            }
        }
    }
}

/// Settles what stands in the file already, and cuts off half a line.
async fn begin(queue: &mut Queue, path: &Path) -> Result<(), FileError> {
    queue.reload()?;
    // Nothing is tried again later here: a line is due when its message is.
    queue.limit_wait(Duration::ZERO)?;
    let settled = queue.store().file_end(queue.destination())?;
    let path = path.to_owned();
    let Some(Found { ids, end }) = aside(move || mend(&path, settled)).await? else { return Ok(()) };
    let written = queue.store().waiting_messages(queue.destination())?;
    let written: Vec<u64> =
        written.into_iter().filter(|(_, message)| ids.contains(message)).map(|(id, _)| id).collect();
    queue.complete_lines(&written, end)?;
    Ok(())
}

/// What stands in a file behind the lines that are settled.
struct Found {
    ids: HashSet<String>,
    end: u64,
}

/// Reads on behind the settled lines, and cuts off half a line. `None` where there is no file.
fn mend(path: &Path, settled: u64) -> io::Result<Option<Found>> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    // One that is shorter was put in the place of the one before.
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
            // Somebody else's; what follows begins a line of its own.
            (&file).seek(SeekFrom::End(0))?;
            (&file).write_all(b"\n")?;
            at += line.len() as u64 + 1;
        }
        line.clear();
    }
    file.sync_all()?;
    Ok(Some(Found { ids, end: at }))
}

/// Does what may wait for a disk where no other destination waits for it.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn id(line: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Line {
        id: String,
    }
    serde_json::from_slice::<Line>(line).ok().map(|line| line.id)
}

/// Writes the next lines, and says whether there were any.
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

/// Appends to the file, which is opened anew each time, for it may have been moved away. Gives its length.
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
        folder::sync(path.parent().unwrap_or(Path::new("")))?;
    }
    Ok(before + lines.len() as u64)
}

fn cut(file: &File, to: u64) {
    // Where that fails too, the next start finds what was written.
    let _ = file.set_len(to);
}
