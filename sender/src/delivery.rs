//! Delivery: one request to one endpoint over HTTP/1.1, and what came of it.
//!
//! It knows nothing of messages: a [`Request`] is bytes and headers. Redirects are not followed and nothing is sent
//! twice; the caller decides from the [`Outcome`] what to do next.

mod answer_body;
mod backlog;
mod client;
mod connection;
mod connector;
mod failure;
mod guard;
mod lanes;
mod mask;
mod memory;
mod outcome;
mod proxy;
mod rate;
mod request;
mod resolver;
mod retry;
mod summary;
mod target;
mod tcp;
mod tls;

pub(crate) use self::{
    answer_body::AnswerBody,
    mask::{MASK, Mask},
    summary::with_causes,
};
pub use self::{
    backlog::{Attempted, Backlog, Due},
    client::{ANSWER_MAX_BYTES, Client, ClientOptions, USER_AGENT},
    connection::{Connection, Dialer},
    guard::{AddressGuard, AddressKind},
    lanes::Lanes,
    memory::{Delivery, Finished, MemoryBacklog},
    outcome::{Answer, AnswerEnd, NoAnswer, Outcome, ThisSideFailed},
    proxy::Proxy,
    rate::{Rate, RateError},
    request::{HeaderError, Request},
    resolver::{Resolver, Resolving, SystemResolver},
    retry::{GaveUp, Next, RetryPolicy, RetryPolicyError, RetrySettings},
    summary::Summary,
    target::{Target, TargetError},
    tls::{RootsError, roots_from_pem},
};
