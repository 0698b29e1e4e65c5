//! The log's first consumer: reads it in order and keeps the index up with it.

use std::{
    collections::HashMap,
    io,
    pin::pin,
    thread::{self, JoinHandle},
    time::Duration,
};

use schemas::{Document, Profile, Violation};
use tokio::{runtime::Handle, sync::watch};

use super::{
    Index, IndexError,
    text::{self, IndexedText},
    write,
};
use crate::log::{Entry, LogReader, Position, Record};

/// Maximum number of records in a transaction: enough that its sync is shared, few enough that readers soon see new records.
const MAX_BATCH_RECORDS: usize = 500;

/// Maximum number of bytes of bodies in a transaction, exceeded by at most one body: they are held in memory until it ends.
const MAX_BATCH_BYTES: usize = 8 << 20;

/// How long it lets news gather after a batch that was not full: what goes into one transaction shares most of the pages
/// that it writes and syncs.
const GATHER_INTERVAL: Duration = Duration::from_millis(20);

/// The least priority that there is; where nothing else wants the processor it costs nothing.
const NICENESS: i32 = 19;

/// How long to wait before a failed batch is tried again.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// How often to check, where there is nothing new, that the index's files are in their places.
const PLACE_CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// Keeps an index up with a log.
pub struct Indexer {
    index: Index,
    profile_of: ProfileLookup,
    /// Whether the texts of messages can be searched, not only their endpoints, flows and the like.
    texts: bool,
    damaged: usize,
    progress: watch::Sender<IndexProgress>,
}

/// How far an indexer is, and whether it goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexProgress {
    /// Where in the log it reads on.
    pub position: Position,
    /// Whether it cannot read the log or write the index.
    pub failing: bool,
}

/// The profile of each endpoint, by its name.
pub type Profiles = HashMap<String, Profile>;

/// Looks up the current profile of an endpoint by its name; `None` if there is no such endpoint.
type ProfileLookup = Box<dyn Fn(&str) -> Option<Profile> + Send>;

/// What one transaction took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Added {
    pub(super) records: usize,
    /// Whether there may be more: it took as much as it may, or another process was quicker.
    more: bool,
}

impl Indexer {
    /// Messages of an endpoint are judged through its profile, those of unknown endpoints through profile v1.
    pub fn new(index: Index, profiles: Profiles) -> Self {
        Self::with_lookup(index, Box::new(move |endpoint| profiles.get(endpoint).cloned()))
    }

    /// As [`Self::new`], with profiles that may change.
    pub(crate) fn with_lookup(index: Index, profile_of: ProfileLookup) -> Self {
        let position = index.position().unwrap_or_default();
        let progress = watch::Sender::new(IndexProgress { position, failing: false });
        Self { index, profile_of, texts: true, damaged: 0, progress }
    }

    /// Leaves out the texts of messages, so that only the rest of a query finds them.
    #[must_use]
    pub fn without_texts(self) -> Self {
        Self { texts: false, ..self }
    }

    /// Where in the log it reads on: at the beginning, if the index does not say.
    pub fn position(&self) -> Position {
        self.index.position().unwrap_or_default()
    }

    /// Reports its progress while it follows the log.
    pub fn progress(&self) -> watch::Receiver<IndexProgress> {
        self.progress.subscribe()
    }

    /// Reads to the log's end and gives the number of records that were new.
    ///
    /// # Errors
    /// When the log cannot be read or the index not be written; what was committed stays.
    pub fn catch_up(&mut self, reader: &mut LogReader) -> Result<usize, IndexError> {
        Ok(self.catch_up_while(reader, || true)?.0)
    }

    /// As [`Self::catch_up`], but ends after any batch if `goes_on` returns false. Returns the number of new records, and
    /// whether it reached the log's end.
    ///
    /// # Errors
    /// As [`Self::catch_up`].
    pub fn catch_up_while(
        &mut self,
        reader: &mut LogReader,
        goes_on: impl Fn() -> bool,
    ) -> Result<(usize, bool), IndexError> {
        let mut count = 0;
        while goes_on() {
            let added = self.add_batch(reader)?;
            count += added.records;
            if added.records == 0 && !added.more {
                return Ok((count, true));
            }
        }
        Ok((count, false))
    }

    /// Catches up now and at every news of the log, until `stop` or until the log is gone, on a thread of its own that
    /// gives way to the server's: what is acknowledged is in the log, and whether the index has it a little later matters
    /// less than the next message.
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn follow_behind(
        self,
        reader: LogReader,
        news: watch::Receiver<Position>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let runtime = Handle::current();
        thread::Builder::new().name("indexer".to_owned()).spawn(move || {
            // On Linux niceness is a thread's. Without it the index takes an equal share, and all works the same.
            let _ = rustix::process::nice(NICENESS);
            runtime.block_on(self.follow(reader, news, stop));
        })
    }

    /// Catches up now and at every news of the log, until `stop` or until the log is gone. It ends between two
    /// batches, with nothing of the index left open. It blocks the thread that it is polled on.
    async fn follow(
        mut self,
        mut reader: LogReader,
        mut news: watch::Receiver<Position>,
        stop: impl Future<Output = ()>,
    ) {
        let mut stop = pin!(stop);
        let mut reported = None;
        loop {
            let result = self.stay_in_place(&mut reader).and_then(|()| self.add_batch(&mut reader));
            if result.is_err() {
                reader.go_to(self.position());
            }
            self.progress.send_replace(IndexProgress { position: reader.position(), failing: result.is_err() });
            let added = match result {
                Ok(added) => added,
                Err(error) => {
                    let error = error.to_string();
                    if reported.as_ref() != Some(&error) {
                        // A full disk, most likely; the log holds what is missing.
                        tracing::error!(error, "the index is behind; it is tried again until it works");
                        reported = Some(error);
                    }
                    tokio::select! {
                        () = &mut stop => return,
                        () = tokio::time::sleep(RETRY_INTERVAL) => continue,
                    }
                }
            };
            reported = None;
            let go_on = async {
                match added {
                    Added { more: true, .. } => true,
                    // Without news its files may still be gone.
                    Added { records: 0, .. } => {
                        match tokio::time::timeout(PLACE_CHECK_INTERVAL, news.changed()).await {
                            Ok(news) => news.is_ok(),
                            Err(_) => true,
                        }
                    }
                    Added { .. } => {
                        tokio::time::sleep(GATHER_INTERVAL).await;
                        true
                    }
                }
            };
            tokio::select! {
                biased;
                () = &mut stop => return,
                go_on = go_on => if !go_on { return },
            }
        }
    }

    /// Where the index's files were deleted, moved or replaced, begins another: everything in it is in the log.
    fn stay_in_place(&mut self, reader: &mut LogReader) -> Result<(), IndexError> {
        let Err(error) = self.index.check_place() else { return Ok(()) };
        self.index.make_again()?;
        reader.go_to(self.index.position()?);
        tracing::warn!(%error, "the index is made again from the log; until it is there `messages` shows a part");
        Ok(())
    }

    /// Adds the next records in one transaction: none at the log's end. What retention has removed goes from the index in
    /// the same transaction.
    pub(super) fn add_batch(&mut self, reader: &mut LogReader) -> Result<Added, IndexError> {
        let (start, from) = (reader.start()?, reader.position());
        let mut batch: Vec<write::Entry> = Vec::with_capacity(MAX_BATCH_RECORDS);
        let mut bytes = 0;
        let is_full = |records: usize, bytes: usize| records >= MAX_BATCH_RECORDS || bytes >= MAX_BATCH_BYTES;
        while !is_full(batch.len(), bytes) {
            give_way();
            match reader.next_entry()? {
                // A reader has what was removed under its hands a little longer than the log.
                Some(Entry::Record { at, .. }) if at < start => {}
                Some(Entry::Record { at, record, .. }) => {
                    let (violations, text) = self.judge(&record);
                    bytes += record.body.len();
                    batch.push(write::Entry { at, record, violations, text });
                }
                Some(Entry::Damaged { at, next }) => {
                    self.damaged += 1;
                    tracing::warn!(%at, %next, "the log is damaged here; the damaged bytes are skipped");
                }
                None => break,
            }
        }
        if !batch.is_empty() || reader.position() > from || start > self.index.start()? {
            let entries = batch.iter().inspect(|_| give_way());
            if !self.index.add(entries, (from, reader.position()), start)? {
                reader.go_to(self.index.position()?);
                return Ok(Added { records: 0, more: true });
            }
        }
        Ok(Added { records: batch.len(), more: is_full(batch.len(), bytes) })
    }

    /// Damaged places of the log that it has come across.
    pub fn damaged(&self) -> usize {
        self.damaged
    }

    /// Gives the index back.
    pub fn into_index(self) -> Index {
        self.index
    }

    /// The rules that a record breaks, and its text.
    fn judge(&self, record: &Record) -> (Vec<Violation>, IndexedText) {
        let profile = (self.profile_of)(&record.header.endpoint).unwrap_or_else(|| Profile::v1().clone());
        let document = text::document(record, &profile);
        let violations = match &document {
            Some(document) if record.header.captured.is_none() => violations(record, document),
            _ => Vec::new(),
        };
        let text = IndexedText::of(record, document.as_ref(), &violations, self.texts);
        (violations, text)
    }
}

/// The rules of the contract that a record breaks, if it is not a capture.
pub(crate) fn violations(record: &Record, document: &Document<'_>) -> Vec<Violation> {
    let mut violations = document.violations();
    if record.header.secret_at.is_some() {
        // Its value was emptied before it was stored, so it is unknown.
        let secret = document.profile().pointer(schemas::Role::ClientSecret).map(ToString::to_string);
        violations.retain(|violation| Some(&violation.pointer) != secret.as_ref());
    }
    violations
}

/// Lets other threads use this core first. Niceness alone does not: the least share comes as a whole time slice of
/// some 3 ms, for which a message that has arrived would have to wait.
fn give_way() {
    thread::yield_now();
}
