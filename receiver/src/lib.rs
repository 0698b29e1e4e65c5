//! Receives Flowingly's webhooks: verifies them in constant time, stores them durably, shows them.
//!
//! With `default-features = false` this crate is the verification library for a service of your own: the
//! [`Verifier`], the axum extractor [`Verified`] and the tower layer [`VerifyLayer`]. The feature `server` adds the
//! program around them, and `relay` passes messages on.

#[cfg(feature = "server")]
pub mod capture;
#[cfg(feature = "server")]
pub mod cli;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "server")]
pub mod endpoint;
#[cfg(feature = "server")]
mod expectation;
#[cfg(feature = "server")]
mod folder;
#[cfg(feature = "server")]
pub mod index;
pub mod intake;
#[cfg(feature = "server")]
pub mod learn;
#[cfg(feature = "server")]
pub mod log;
#[cfg(feature = "server")]
mod metrics;
#[cfg(feature = "server")]
mod nearest;
#[cfg(feature = "server")]
mod patience;
#[cfg(feature = "server")]
mod place;
pub mod problem;
#[cfg(feature = "server")]
mod redact;
pub mod rejection;
#[cfg(feature = "relay")]
pub mod relay;
#[cfg(feature = "server")]
mod replace;
#[cfg(feature = "server")]
pub mod server;
pub mod verify;

pub use problem::Problem;
pub use rejection::Rejection;
pub use verify::{Verified, Verifier, VerifyLayer};
