//! `reindex`: make the index again from the log.

use std::path::Path;

use super::{Failure, data::Data};
use crate::{
    index::{Index, Indexer},
    log::Position,
    server::{DataFolder, IndexLock},
};

pub(super) fn run(file: Option<&Path>) -> Result<(), Failure> {
    let data = Data::of(file)?;
    // The folder is not kept from a receiver that is started meanwhile.
    drop(data.alone("this makes the index anew that it keeps up")?);
    let Some(_lock) = IndexLock::take(&data.folder).map_err(Failure::failed)? else {
        return Err(Failure::failed("another command is writing the index; wait until it has ended"));
    };
    let file = DataFolder::index_in(&data.folder);
    Index::remove(&file);
    let index = Index::open_behind(&file, &data.log_identity()?).map_err(Failure::failed)?;
    let mut indexer = Indexer::new(index, data.config.profiles());
    let goes_on = || !DataFolder::is_in_use(&data.folder);
    let (records, is_up) = indexer.catch_up_while(&mut data.log(Position(0)), goes_on).map_err(Failure::failed)?;
    if !is_up {
        super::warn("a receiver was started meanwhile; it makes the rest of the index");
    }
    let damaged = indexer.damaged();
    let (messages, _) = indexer.into_index().counts().map_err(Failure::failed)?;
    let damaged = match damaged {
        0 => String::new(),
        places => format!("Damaged places skipped: {places}; `log check` says where\n"),
    };
    super::say(&format!("Records read from the log: {records}; messages in the index: {messages}\n{damaged}"))
}
