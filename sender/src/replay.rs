//! A replay: messages that were kept, made ready to be sent again byte for byte.
//!
//! They come from a [`Source`]: JSON lines as `webhook-receiver messages export` writes them, or raw bodies. It is read
//! as a stream, so its size does not matter; what cannot be used is told with its place. What is read has no client
//! secret any more (see [`Emptied`](crate::outbox::Emptied)).

mod line;
mod lines;
mod selection;
mod source;

use schemas::Profile;

pub use self::{
    line::{Problem, Unusable},
    selection::Selection,
    source::{Source, SourceError},
};
use crate::{credentials::CredentialReference, outbox::NewDelivery};

/// How messages are made ready.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Where the messages keep what.
    pub profile: Profile,
    /// With which credentials they will be sent.
    pub credentials: CredentialReference,
    /// Which of them.
    pub selection: Selection,
}

/// What stands at a place of a source.
#[derive(Debug)]
pub enum Item {
    /// A message.
    Message(Box<NewDelivery>),
    /// A message that is not asked for.
    PassedOver,
    /// Something that cannot be sent.
    Problem(Problem),
}
