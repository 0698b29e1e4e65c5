//! Reads stored messages, on threads that may wait for the disk.

use std::io;

use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use schemas::Profile;

use super::{Inspected, attachment::attachment, page::Problem};
use crate::{
    index::{IndexError, Message, Reader},
    log::{Entry, Position, Record},
};

/// A message with its body.
pub(super) struct Stored {
    pub(super) message: Message,
    pub(super) record: Record,
    pub(super) profile: Profile,
}

/// When an arrival came, and from where.
pub(super) type Arrival = (Timestamp, Option<String>);

impl Inspected {
    /// Reads the index, once there is one of this version. Readers are used again: opening one costs more than most searches.
    pub(super) fn with_index<T>(&self, read: impl FnOnce(&Reader) -> Result<T, Problem>) -> Result<T, Problem> {
        let idle = self.idle_readers.lock().pop();
        let reader = match idle {
            Some(mut reader) => reader.refresh()?.then_some(reader),
            None => Reader::open(&self.parts.index_file)?,
        };
        let Some(reader) = reader else {
            return Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The index is being built",
                "Try again in a moment. The receiver already stores messages.",
            ));
        };
        let result = read(&reader);
        if result.is_ok() {
            self.idle_readers.lock().push(reader);
        }
        result
    }

    /// The message one of whose arrivals has an id with this prefix.
    pub(super) fn find(&self, id: &str) -> Result<(Stored, Vec<Arrival>), Problem> {
        let (message, arrivals) = self.with_index(|index| {
            let message = match <[Message; 1]>::try_from(index.by_id(id)?) {
                Ok([message]) => message,
                Err(found) if found.is_empty() => {
                    return Err(Problem::new(
                        StatusCode::NOT_FOUND,
                        "There is no message with this id",
                        "Retention may have removed it. The list of messages shows what is stored.",
                    ));
                }
                Err(_) => {
                    return Err(Problem::new(
                        StatusCode::NOT_FOUND,
                        "Several messages have an id that begins with this",
                        "Give more characters of the id.",
                    ));
                }
            };
            let arrivals = index.arrivals(message.id)?;
            Ok((message, arrivals))
        })?;
        let record = self.record(message.position)?.filter(|record| record.header.id == message.id);
        let Some(record) = record else {
            return Err(Problem::new(
                StatusCode::GONE,
                "The log no longer has this message",
                "Retention removed it, or the log is damaged; `webhook-receiver log check` shows the damage.",
            ));
        };
        let profile = self.profile(&message.endpoint);
        Ok((Stored { message, record, profile }, arrivals))
    }

    /// The record at a position of the log.
    pub(super) fn record(&self, at: Position) -> io::Result<Option<Record>> {
        Ok(match self.parts.log.read(at)?.next_entry()? {
            Some(Entry::Record { at: found, record, .. }) if found == at => Some(record),
            _ => None,
        })
    }

    /// The profile of an endpoint; profile v1 for one that is no longer configured.
    pub(super) fn profile(&self, endpoint: &str) -> Profile {
        let config = self.config();
        config.endpoint(endpoint).map_or_else(|| Profile::v1().clone(), |known| known.profile.clone())
    }
}

impl Stored {
    /// The exact bytes of the body, as a file.
    pub(super) fn attachment(&self) -> Response {
        attachment(&format!("{}.json", self.message.id), self.record.body.to_vec())
    }
}

impl From<IndexError> for Problem {
    fn from(error: IndexError) -> Self {
        Self::internal("The index cannot be read", error)
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::internal("The log cannot be read", error)
    }
}
