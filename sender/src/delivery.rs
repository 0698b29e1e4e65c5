//! Delivery: requests to endpoints over HTTP/1.1, and what came of them.
//!
//! It knows nothing of messages: a [`Request`] is bytes and headers. A [`Client`] posts one, once, to an address that its
//! [`AddressGuard`] allows, and gives the [`Outcome`]. A [`Courier`] works a [`Backlog`] off: it tries again as its
//! [`RetryPolicy`] says, at the [`Rate`] of each destination, and in the order of each flow. Redirects are not followed.
//!
//! ```no_run
//! # use std::sync::Arc;
//! use sender::delivery::{Client, ClientOptions, Courier, Delivery, MemoryBacklog, Request};
//!
//! # async fn example(request: Request) -> Result<(), Box<dyn std::error::Error>> {
//! let courier = Courier::new(Client::new(&ClientOptions::default())?).with_rate("4/s".parse()?);
//! let mut backlog = MemoryBacklog::new();
//! backlog.push(Delivery {
//!     destination: "crm".into(),
//!     flow: Some("FLOW-604".into()),
//!     target: "https://crm.example/hooks/flowingly".parse()?,
//!     request,
//!     due: jiff::Timestamp::now(),
//! });
//! let tally = courier.drain(&mut backlog).await?;
//! println!("{} delivered in {} attempts", tally.delivered, tally.attempts);
//! # Ok(())
//! # }
//! ```

mod allowed;
mod answer_body;
mod backlog;
mod client;
mod connection;
mod connector;
mod courier;
mod failure;
mod guard;
mod interim;
mod lanes;
mod memory;
mod outcome;
mod pace;
mod proxy;
mod rate;
mod request;
mod resolver;
mod retry;
mod summary;
mod target;
mod tcp;

pub use self::{
    allowed::{Allowed, NotAllowed},
    backlog::{Attempted, Backlog, Due},
    client::{ANSWER_MAX_BYTES, Client, ClientOptions, USER_AGENT},
    connection::{Connection, Dialer},
    courier::{Courier, Tally},
    guard::{AddressGuard, AddressKind},
    lanes::Lanes,
    memory::{Delivery, Finished, MemoryBacklog},
    outcome::{Answer, AnswerEnd, NoAnswer, Outcome, ThisSideFailed},
    proxy::{Proxy, ProxyError},
    rate::{Rate, RateError},
    request::{HeaderError, Request},
    resolver::{Resolver, Resolving, SystemResolver},
    retry::{GaveUp, Next, RetryPolicy, RetryPolicyError, RetrySettings},
    summary::Summary,
    target::Target,
};
pub(crate) use self::{answer_body::AnswerBody, summary::with_causes};
pub use ::delivery::{CertificateProblem, EndpointUrl, RootsError, UrlError as TargetError, roots_from_pem};
