//! Delivery: one request to one endpoint over HTTP/1.1, and what came of it.
//!
//! It knows nothing of messages: a [`Request`] is bytes and headers. Redirects are not followed and nothing is sent
//! twice; the caller decides from the [`Outcome`] what to do next.

mod backlog;
mod client;
mod connection;
mod connector;
mod failure;
mod outcome;
mod request;
mod retry;
mod target;
mod tls;

pub use self::{
    backlog::{Attempted, Backlog, Due, Summary},
    client::{ANSWER_MAX_BYTES, Client, ClientOptions},
    connection::{Connection, Dialer},
    outcome::{Answer, AnswerEnd, NoAnswer, Outcome, ThisSideFailed},
    request::{HeaderError, Request, USER_AGENT},
    retry::{GaveUp, Next},
    target::{Target, TargetError},
    tls::{RootsError, roots_from_pem},
};
