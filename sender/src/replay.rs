//! A replay: stored messages, prepared to be sent again byte for byte.
//!
//! They come from a [`Source`]: JSON lines from `webhook-receiver messages export`, or raw bodies. It is read as a stream, so
//! its size does not matter; unusable parts are reported with their position. The client secret is removed from every
//! message.

mod line;
mod line_reader;
mod selection;
mod source;

use schemas::Profile;

pub(crate) use self::source::json_files;
pub use self::{
    line::{Problem, Unusable},
    selection::Selection,
    source::{Source, SourceError},
};
use crate::{credentials::CredentialReference, outbox::NewDelivery};

#[derive(Clone, Debug)]
pub struct Replay {
    pub profile: Profile,
    pub credentials: CredentialReference,
    pub selection: Selection,
}

#[derive(Debug)]
pub enum Item {
    Message(Box<NewDelivery>),
    Skipped,
    Problem(Problem),
}
