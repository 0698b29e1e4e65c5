//! Delivery: one request to one endpoint over HTTP/1.1, and what came of it.
//!
//! It knows nothing of messages: a [`Request`] is bytes and headers. Redirects are not followed and nothing is sent
//! twice; the caller decides from the [`Outcome`] what to do next.

mod backlog;
mod client;
mod connection;
mod connector;
mod failure;
mod guard;
mod lanes;
mod memory;
mod outcome;
mod proxy;
mod request;
mod resolver;
mod retry;
mod target;
mod tcp;
mod tls;

pub use self::{
    backlog::{Attempted, Backlog, Due, Summary},
    client::{ANSWER_MAX_BYTES, Client, ClientOptions, USER_AGENT},
    connection::{Connection, Dialer},
    guard::{AddressGuard, AddressKind},
    lanes::Lanes,
    memory::{Delivery, Finished, MemoryBacklog},
    outcome::{Answer, AnswerEnd, NoAnswer, Outcome, ThisSideFailed},
    proxy::Proxy,
    request::{HeaderError, Request},
    resolver::{Resolver, Resolving, SystemResolver},
    retry::{GaveUp, Next},
    target::{Target, TargetError},
    tls::{RootsError, roots_from_pem},
};
