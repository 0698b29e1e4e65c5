//! Reads stored messages, on threads that may wait for the disk.

use std::io;

use http::StatusCode;
use jiff::Timestamp;
use schemas::Profile;

use super::{Inspected, page::Problem};
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
    /// The index, once there is one of this version.
    pub(super) fn index(&self) -> Result<Reader, Problem> {
        match Reader::open(&self.parts.index_file) {
            Ok(Some(index)) => Ok(index),
            Ok(None) => Err(Problem {
                status: StatusCode::SERVICE_UNAVAILABLE,
                title: "The index is being built".to_owned(),
                advice: "Try again in a moment. The receiver already stores messages.".to_owned(),
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// The message one of whose arrivals has an id with this prefix.
    pub(super) fn find(&self, id: &str) -> Result<(Stored, Vec<Arrival>), Problem> {
        let index = self.index()?;
        let message = match <[Message; 1]>::try_from(index.by_id(id)?) {
            Ok([message]) => message,
            Err(found) if found.is_empty() => {
                return Err(Problem {
                    status: StatusCode::NOT_FOUND,
                    title: "There is no message with this id".to_owned(),
                    advice: "Retention may have removed it. The list of messages shows what is stored.".to_owned(),
                });
            }
            Err(_) => {
                return Err(Problem {
                    status: StatusCode::NOT_FOUND,
                    title: "Several messages have an id that begins with this".to_owned(),
                    advice: "Give more characters of the id.".to_owned(),
                });
            }
        };
        let record = self.record(message.position)?.filter(|record| record.header.id == message.id);
        let Some(record) = record else {
            return Err(Problem {
                status: StatusCode::GONE,
                title: "The log no longer has this message".to_owned(),
                advice: "Retention removed it, or the log is damaged; `webhook-receiver log check` shows the damage."
                    .to_owned(),
            });
        };
        let arrivals = index.arrivals(message.id)?;
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
        let known = config.endpoints.iter().find(|known| known.name == endpoint);
        known.map_or_else(|| Profile::v1().clone(), |known| known.profile.clone())
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
