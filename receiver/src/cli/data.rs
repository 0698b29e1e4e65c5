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
    server::{DataFolder, DataFolderError},
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
        match DataFolder::open(&self.folder) {
            Ok(_alone) => {
                let index = Index::open_behind(&file, &self.log_identity()?).map_err(Failure::failed)?;
                let mut indexer = Indexer::new(index, self.config.profiles());
                indexer.catch_up(&mut self.log(indexer.position())).map_err(Failure::failed)?;
                Ok(indexer.into_index())
            }
            Err(DataFolderError::InUse { .. }) => {
                let (end, start) = (self.end()?, self.log(Position(0)).start().map_err(Failure::failed)?);
                let index = Index::open(&file).map_err(Failure::failed)?;
                let began = Instant::now();
                let behind = || Ok(index.position()? < end || index.start()? < start);
                while behind().map_err(|error: rusqlite::Error| Failure::failed(error))? {
                    if began.elapsed() > PATIENCE {
                        super::warn("the index is behind the log; the newest messages are missing here");
                        break;
                    }
                    thread::sleep(LOOK_EVERY);
                }
                Ok(index)
            }
            Err(error) => Err(Failure::failed(error)),
        }
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
