//! A receiver's data as the other subcommands read it: beside a running receiver, or alone.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::{Failure, configuration, exit};
use crate::{
    config::{Config, FIRST_RUN_FOLDER},
    index::{Index, Indexer, Message},
    log::{Entry, LogIdentity, LogReader, Position, Record, Segments},
    server::{DataFolder, DataFolderError, IndexLock},
};

/// How long to wait for a running receiver's index to reach the log's end; under load it gives way to the messages.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often to look; another process gives no signal.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A data folder that is read.
pub(super) struct Data {
    pub(super) config: Config,
    pub(super) folder: PathBuf,
}

impl Data {
    /// The data folder of a configuration, or of the first run. It must be there.
    pub(super) fn of(file: Option<&Path>) -> Result<Self, Failure> {
        let config = configuration_of_reader(file)?;
        let folder = config.data_dir.clone();
        match fs::metadata(DataFolder::log_in(&folder)) {
            Ok(log) if log.is_dir() => Ok(Self { config, folder }),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(Failure::failed(format_args!(
                "the data in {} is closed to this user; run this as the receiver's user, such as `sudo -u webhook-receiver`",
                folder.display()
            ))),
            _ => Err(Failure::failed(format_args!(
                "there is no data in {}; start the receiver here first, or name its configuration with --config",
                folder.display()
            ))),
        }
    }

    /// The folder, held against a receiver; a running one has to be stopped for this reason.
    pub(super) fn alone(&self, why: &str) -> Result<DataFolder, Failure> {
        DataFolder::open(&self.folder).map_err(|error| match error {
            DataFolderError::InUse { folder } => Failure::failed(format_args!(
                "a receiver is running on {}; stop it first, since {why}",
                folder.display()
            )),
            other => Failure::failed(other),
        })
    }

    /// Reads the log from a position.
    pub(super) fn log(&self, from: Position) -> LogReader {
        Segments::read_beside(&DataFolder::log_in(&self.folder), from)
    }

    /// Position behind the log's last byte.
    pub(super) fn end(&self) -> Result<Position, Failure> {
        Segments::end_of(&DataFolder::log_in(&self.folder)).map_err(Failure::failed)
    }

    /// Which log it is.
    pub(super) fn log_identity(&self) -> Result<LogIdentity, Failure> {
        Segments::identity_of(&DataFolder::log_in(&self.folder)).map_err(Failure::failed)
    }

    /// The message of which an arrival's id begins so.
    pub(super) fn find(&self, index: &Index, id: &str) -> Result<Option<(Message, Record)>, Failure> {
        let message = match <[Message; 1]>::try_from(index.by_id(id).map_err(Failure::failed)?) {
            Ok([message]) => message,
            Err(none) if none.is_empty() => return Ok(None),
            Err(_) => return Err(Failure::failed(format_args!("more than one message has an id that begins {id}"))),
        };
        match self.log(message.position).next_entry().map_err(Failure::failed)? {
            Some(Entry::Record { at, record, .. }) if at == message.position && record.header.id == message.id => {
                Ok(Some((message, record)))
            }
            _ => Err(Failure::failed(
                "the log has no such record any more: retention has just removed it, or the log is damaged there (see \
                 `log check`)",
            )),
        }
    }

    /// The index, up with the log. A running receiver keeps it up itself; when none runs, this does.
    pub(super) fn index(&self) -> Result<Index, Failure> {
        let file = DataFolder::index_in(&self.folder);
        let (end, start) = (self.end()?, self.log(Position(0)).start().map_err(Failure::failed)?);
        let began = Instant::now();
        loop {
            if !DataFolder::is_in_use(&self.folder)
                && let Some(index) = self.index_alone()?
            {
                return Ok(index);
            }
            let index = Index::open_beside(&file).map_err(Failure::failed)?;
            let is_behind = |index: &Index| Ok(index.position()? < end || index.start()? < start);
            let waited = began.elapsed() > PATIENCE;
            match index {
                Some(index) if !is_behind(&index).map_err(|error: rusqlite::Error| Failure::failed(error))? => {
                    return Ok(index);
                }
                Some(index) if waited => {
                    super::warn("the index is behind the log; the newest messages are missing here");
                    return Ok(index);
                }
                None if waited => {
                    return Err(Failure::failed(
                        "there is no index that this version of the program can read; use the version of the receiver \
                         that is running, or restart the receiver with this one",
                    ));
                }
                Some(_) | None => thread::sleep(LOOK_EVERY),
            }
        }
    }

    /// Keeps the index up where no receiver runs. `None` when one was started meanwhile, or another command does it.
    fn index_alone(&self) -> Result<Option<Index>, Failure> {
        let Some(_lock) = IndexLock::take(&self.folder).map_err(Failure::failed)? else { return Ok(None) };
        let index =
            Index::open_behind(&DataFolder::index_in(&self.folder), &self.log_identity()?).map_err(Failure::failed)?;
        let mut indexer = Indexer::new(index, self.config.profiles());
        let mut log = self.log(indexer.position());
        let goes_on = || !DataFolder::is_in_use(&self.folder);
        let (_, is_up) = indexer.catch_up_while(&mut log, goes_on).map_err(Failure::failed)?;
        Ok(is_up.then(|| indexer.into_index()))
    }
}

/// A reader makes nothing and needs no secret: without a configuration the first run's folder must be there.
fn configuration_of_reader(file: Option<&Path>) -> Result<Config, Failure> {
    match file {
        Some(file) => Config::load_for_reading(file).map_err(|error| Failure::new(exit::USAGE, error)),
        None if Path::new(FIRST_RUN_FOLDER).is_dir() => configuration(None),
        None => Err(super::no_first_run()),
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
        let (log, _) = Segments::open(&receiver.log(), SegmentOptions::default()).unwrap();
        let header = RecordHeader::of_unreadable("hooks", None);
        log.append(&Record { header, body: "{}".into() }).await.unwrap();
        drop(log);
        let config = root.path().join("receiver.toml");
        fs::write(&config, "data_dir = \"data\"\n[[endpoint]]\npath = \"/hooks\"\n").unwrap();
        let data = Data::of(Some(&config)).unwrap();
        assert!(data.index_alone().unwrap().is_none(), "beside a receiver that starts");
        drop(receiver);
        assert!(data.index_alone().unwrap().is_some());
    }
}
