//! Tests from outside whether an endpoint, or a sender, keeps the contract of Flowingly's webhooks.
//!
//! Cases are data (`schemas/cases/`) and results are data ([`report::Report`]); the program `webhook-contract` connects
//! them. The kit's own sender and receiver are dev-dependencies and are tested like any other.
//!
//! In a test of your own endpoint:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use contract_tests::{Target, check};
//! use schemas::{Authentication, ClientSecret};
//!
//! let client_secret = ClientSecret::new("correct horse battery staple".to_owned())?;
//! let target = Target::new("http://127.0.0.1:8080/hooks", Authentication::ClientSecret { client_secret })?;
//! let report = check(&target).await?;
//! assert!(report.holds(false), "{report:#?}");
//! # Ok(())
//! # }
//! ```

mod body;
#[doc(hidden)]
pub mod case;
mod catalogue;
mod change;
pub mod cli;
mod credential;
mod curl;
mod example;
mod exchange;
mod failure;
mod hint;
mod internals;
mod invariants;
mod judge;
pub mod listen;
mod path;
pub mod report;
mod request;
mod runner;
mod secret_encodings;
#[doc(hidden)]
pub mod strong_credentials;
pub mod target;
mod text;
mod variation;

pub use case::Case;
pub use listen::Listener;
pub use report::Report;
pub use runner::{CheckError, check};
pub use target::{Target, TargetError};
