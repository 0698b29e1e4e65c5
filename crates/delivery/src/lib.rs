//! Delivery: requests to endpoints over HTTP/1.1. The sender and the relay deliver with it; the contract runner uses
//! only the URL of an endpoint and TLS, without the feature `client`.
//!
//! It knows nothing of messages: a [`Request`] is a body and headers. A [`Client`] posts one, once, to an address that
//! its [`AddressGuard`] allows, and returns the [`Outcome`]. A [`Dispatcher`] works off a [`DeliveryQueue`]: it retries
//! as its [`RetryPolicy`] says, limits the [`Rate`] of each destination, and keeps the order of each flow. Redirects are
//! not followed.
//!
//! ```no_run
//! use delivery::{Client, ClientOptions, DeliveryQueue, Dispatcher};
//!
//! # async fn example<Q: DeliveryQueue>(mut queue: Q) -> Result<(), Box<dyn std::error::Error>>
//! # where
//! #     Q::Error: std::error::Error + 'static,
//! # {
//! let dispatcher = Dispatcher::new(Client::new(&ClientOptions::default())?).with_rate("4/s".parse()?);
//! let counts = dispatcher.drain(&mut queue).await?;
//! println!("{} delivered in {} attempts", counts.delivered, counts.attempts);
//! # Ok(())
//! # }
//! ```

pub mod certificate;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod dispatcher;
pub mod tls;
pub mod url;

pub use self::{
    certificate::CertificateProblem,
    tls::{RootsError, client_config, roots_from_pem},
    url::{EndpointUrl, UrlError},
};
#[cfg(feature = "client")]
pub use self::{
    client::{
        Client,
        answer::{ANSWER_MAX_BYTES, Answer, AnswerEnd},
        answer_body::AnswerBody,
        connection::{Connection, Dialer},
        guard::{AddressGuard, AddressKind, AllowedAddresses, AllowedAddressesError},
        options::{ClientOptions, USER_AGENT},
        outcome::{LocalError, Outcome, TransportError},
        proxy::{Proxy, ProxyError},
        request::{HeaderError, Request},
        resolver::{Resolver, Resolving, SystemResolver},
    },
    dispatcher::{
        DispatchCounts, Dispatcher,
        destination_groups::DestinationGroups,
        fifo_groups::FifoGroups,
        queue::{AttemptResult, DeliveryQueue, ReadyDelivery},
        rate::{Rate, RateError},
        rate_limiter::RateLimiter,
        retry::{GiveUpReason, RetryDecision, RetryPolicy, RetryPolicyError, RetrySettings},
        summary::{OutcomeSummary, with_causes},
    },
};
