//! `reindex`: make the index anew from the log.

use std::path::Path;

use super::{Failure, data::Data};
use crate::{
    index::{Index, Indexer},
    log::Position,
};

pub(super) fn run(file: Option<&Path>) -> Result<(), Failure> {
    let data = Data::of(file)?;
    let folder = data.alone("this makes the index anew that it keeps up")?;
    Index::remove(&folder.index());
    let index = Index::open_behind(&folder.index(), &data.log_identity()?).map_err(Failure::failed)?;
    let mut indexer = Indexer::new(index, data.config.profiles());
    let records = indexer.catch_up(&mut data.log(Position(0))).map_err(Failure::failed)?;
    let damaged = indexer.damaged();
    let (messages, _) = indexer.into_index().counts().map_err(Failure::failed)?;
    let damaged = match damaged {
        0 => String::new(),
        places => format!("Damaged places skipped: {places}; `log check` says where\n"),
    };
    super::say(&format!("Records read from the log: {records}; messages in the index: {messages}\n{damaged}"))
}
