//! Receives Flowingly's webhooks: verifies them in constant time, stores them durably, shows them.
//!
//! With `default-features = false` this crate is the verification library for a service of your own: the
//! [`Verifier`], the axum extractor [`Verified`] and the tower layer [`VerifyLayer`]. The feature `server` adds the
//! program around them, `relay` passes messages on, and `inspect` shows them in a browser. Hidden modules are public only for tests and benchmarks.

#[cfg(feature = "server")]
pub mod cli;
#[doc(hidden)]
#[cfg(feature = "server")]
pub mod config;
#[doc(hidden)]
#[cfg(feature = "server")]
pub mod index;
mod ingest;
#[cfg(feature = "inspect")]
mod inspector;
#[doc(hidden)]
#[cfg(feature = "server")]
pub mod learn;
#[cfg(feature = "server")]
mod line_writer;
#[doc(hidden)]
#[cfg(feature = "server")]
pub mod log;
#[cfg(feature = "server")]
mod metrics;
#[doc(hidden)]
#[cfg(feature = "server")]
pub mod query;
#[cfg(feature = "server")]
mod redact;
#[cfg(feature = "server")]
mod refusals;
#[doc(hidden)]
#[cfg(feature = "relay")]
pub mod relay;
#[doc(hidden)]
#[cfg(feature = "server")]
pub mod server;
pub mod verify;

#[cfg(feature = "server")]
pub use ingest::Nonconforming;
pub use ingest::{BasicRefusal, Problem, Rejection, SecretRefusal};
pub use verify::{Verified, Verifier, VerifyLayer};
