//! A receiver's data folder as the other commands use it, with or without a running receiver.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use console::output::warn;

use super::{configuration, failure::Failure};
use crate::{
    config::Config,
    index::{Deliveries, Index, IndexError, Indexer, Message, Page, Reader, Search, Sources},
    log::{Entry, LogIdentity, LogReader, Position, Record, SegmentedLog},
    query::Pattern,
    server::{DataFolder, DataFolderError, IndexLock},
};

/// How long to wait for a running receiver's index to reach the end of the log; under load, messages come first.
const INDEX_TIMEOUT: Duration = Duration::from_secs(20);
/// Another process gives no signal.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A data folder, and the configuration that names it.
pub(super) struct DataDir {
    pub(super) config: Config,
    pub(super) folder: PathBuf,
}

impl DataDir {
    /// The data folder of a configuration, or of the first run. It must exist.
    pub(super) fn open(file: Option<&Path>) -> Result<Self, Failure> {
        let config = configuration::for_reading(file)?;
        let folder = config.data_dir.clone();
        match fs::metadata(DataFolder::log_in(&folder)) {
            Ok(log) if log.is_dir() => Ok(Self { config, folder }),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                Err(Failure::failed(format_args!("this user has no access to the data in {}", folder.display()))
                    .tip("run this as the receiver's user, such as with `sudo -u webhook-receiver`"))
            }
            _ => Err(Failure::failed(format_args!("there is no data in {}", folder.display()))
                .tip("start the receiver here first, or name its configuration with --config")),
        }
    }

    /// Warns if no endpoint has a name that is meant.
    pub(super) fn warn_of_unknown_endpoint(&self, meant: &Pattern) {
        let names: Vec<&str> = self.config.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
        if !names.iter().any(|name| meant.matches(name)) {
            warn(format_args!("there is no endpoint {meant}; the endpoints are {}", names.join(", ")));
        }
    }

    /// Locks the folder against a receiver. `why` is the reason why a running one has to be stopped.
    pub(super) fn lock(&self, why: &str) -> Result<DataFolder, Failure> {
        DataFolder::open(&self.folder).map_err(|error| match error {
            DataFolderError::InUse { folder } => {
                Failure::failed(format_args!("a receiver is running on {}", folder.display()))
                    .tip(format_args!("stop it first: {why}"))
            }
            other => Failure::failed(other),
        })
    }

    pub(super) fn log(&self, from: Position) -> LogReader {
        SegmentedLog::read_folder(&DataFolder::log_in(&self.folder), from)
    }

    /// The position after the last byte of the log.
    pub(super) fn end(&self) -> Result<Position, Failure> {
        SegmentedLog::end_of(&DataFolder::log_in(&self.folder)).map_err(Failure::failed)
    }

    pub(super) fn log_identity(&self) -> Result<LogIdentity, Failure> {
        SegmentedLog::identity_of(&DataFolder::log_in(&self.folder)).map_err(Failure::failed)
    }

    /// The message one of whose arrivals has an id with this prefix.
    pub(super) fn find(&self, index: &Reader, id: &str) -> Result<Option<(Message, Record)>, Failure> {
        let message = match <[Message; 1]>::try_from(index.by_id(id).map_err(Failure::failed)?) {
            Ok([message]) => message,
            Err(found) if found.is_empty() => return Ok(None),
            Err(_) => {
                return Err(Failure::failed(format_args!("more than one message has an id that begins with {id}")));
            }
        };
        match self.log(message.position).next_entry().map_err(Failure::failed)? {
            Some(Entry::Record { at, record, .. }) if at == message.position && record.header.id == message.id => {
                Ok(Some((message, record)))
            }
            _ => Err(Failure::failed("the log no longer has this record: retention removed it, or the log is damaged")
                .tip("`webhook-receiver log check` shows the damage")),
        }
    }

    /// The newest messages that match, newest first.
    pub(super) fn newest(&self, index: &Reader, search: Search<'_>) -> Result<Page, Failure> {
        let profiles = self.config.profiles();
        let profile_of = |endpoint: &str| profiles.get(endpoint).cloned();
        let deliveries = if search.query.asks_for_deliveries() { self.deliveries()? } else { None };
        let mut sources =
            Sources { log: self.log(Position(0)), profile_of: &profile_of, deliveries: deliveries.as_deref() };
        index.newest(search, &mut sources).map_err(Failure::failed)
    }

    /// The relay's deliveries; `None` if nothing was relayed yet.
    #[cfg(feature = "relay")]
    fn deliveries(&self) -> Result<Option<Box<dyn Deliveries>>, Failure> {
        let store = crate::relay::Store::open_for_reading(&DataFolder::relay_in(&self.folder));
        Ok(store.map_err(Failure::failed)?.map(|store| Box::new(store) as Box<dyn Deliveries>))
    }

    #[cfg(not(feature = "relay"))]
    fn deliveries(&self) -> Result<Option<Box<dyn Deliveries>>, Failure> {
        Err(Failure::usage("this program was built without the relay, and cannot search for `relay:`"))
    }

    /// The relay's store; `None` if nothing was relayed yet.
    #[cfg(feature = "relay")]
    pub(super) fn relay_store(&self) -> Result<Option<crate::relay::Store>, Failure> {
        crate::relay::Store::open_existing(&DataFolder::relay_in(&self.folder)).map_err(Failure::failed)
    }

    /// The index, caught up with the log. A running receiver updates it itself; without one, this does.
    pub(super) fn index(&self) -> Result<Reader, Failure> {
        let file = DataFolder::index_in(&self.folder);
        let (end, start) = (self.end()?, self.log(Position(0)).start().map_err(Failure::failed)?);
        let began = Instant::now();
        loop {
            if !DataFolder::is_in_use(&self.folder)
                && let Some(index) = self.index_alone()?
            {
                return Ok(index);
            }
            let index = Reader::open(&file).map_err(Failure::failed)?;
            let is_behind = |index: &Reader| Ok::<_, IndexError>(index.position()? < end || index.start()? < start);
            let waited = began.elapsed() > INDEX_TIMEOUT;
            match index {
                Some(index) if !is_behind(&index).map_err(Failure::failed)? => {
                    return Ok(index);
                }
                Some(index) if waited => {
                    warn("the index lags behind the log; the newest messages are missing here");
                    return Ok(index);
                }
                None if waited => {
                    return Err(Failure::failed("there is no index that this version of the program can read")
                        .tip("use the version of the running receiver, or restart the receiver with this one"));
                }
                Some(_) | None => thread::sleep(POLL_INTERVAL),
            }
        }
    }

    /// Updates the index while no receiver runs. `None` if one has started, or another command does it.
    fn index_alone(&self) -> Result<Option<Reader>, Failure> {
        let Some(_lock) = IndexLock::take(&self.folder).map_err(Failure::failed)? else { return Ok(None) };
        let index =
            Index::open_behind(&DataFolder::index_in(&self.folder), &self.log_identity()?).map_err(Failure::failed)?;
        let mut indexer = Indexer::new(index, self.config.profiles());
        let mut log = self.log(indexer.position());
        let goes_on = || !DataFolder::is_in_use(&self.folder);
        let (_, is_up) = indexer.catch_up_while(&mut log, goes_on).map_err(Failure::failed)?;
        drop(indexer);
        if is_up { Reader::open(&DataFolder::index_in(&self.folder)).map_err(Failure::failed) } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::log::{RecordHeader, SegmentOptions};

    #[tokio::test]
    async fn a_command_gives_the_index_up_as_soon_as_a_receiver_has_the_folder() {
        let root = TempDir::new().unwrap();
        let receiver = DataFolder::open(&root.path().join("data")).unwrap();
        let (log, _) = SegmentedLog::open(&receiver.log(), SegmentOptions::default()).unwrap();
        let header = RecordHeader::of_unreadable("hooks", None);
        log.append(&Record { header, body: "{}".into() }).await.unwrap();
        drop(log);
        let config = root.path().join("receiver.toml");
        fs::write(&config, "data_dir = \"data\"\n[[endpoint]]\npath = \"/hooks\"\n").unwrap();
        let data = DataDir::open(Some(&config)).unwrap();
        assert!(data.index_alone().unwrap().is_none(), "a receiver starts");
        drop(receiver);
        assert!(data.index_alone().unwrap().is_some());
    }
}
