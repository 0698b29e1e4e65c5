//! Produces Flowingly's documented webhook messages and delivers them.
//!
//! A message comes from a few values ([`Draft`]), from a run of a flow model, or from stored messages ([`replay`]).
//! [`Composed`] is a message with its authentication, ready to send. [`delivery::Client`] posts it once; a
//! [`delivery::Courier`] retries and keeps the order, from memory or from an [`Outbox`] on disk. The program
//! `webhook-sender` ([`cli`]) puts them together and can also measure how an endpoint handles load.
//!
//! ```no_run
//! use schemas::{Authentication, ClientSecret, Profile};
//! use sender::{Composed, Draft, delivery::{Client, ClientOptions, Outcome}};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let message = Draft::default().message(jiff::Timestamp::now());
//! let authentication = Authentication::ClientSecret { client_secret: ClientSecret::new("correct horse")? };
//! let composed = Composed::from_message(&message, &authentication, Profile::v1())?;
//!
//! let client = Client::new(&ClientOptions::default())?;
//! let target = "http://127.0.0.1:8080/hooks/flowingly".parse()?;
//! match client.deliver(&target, composed.request()?).await {
//!     Outcome::Accepted(answer) => println!("accepted: {}", answer.status),
//!     Outcome::Declined(answer) => println!("rejected: {}", answer.status),
//!     other => println!("no answer: {other:?}"),
//! }
//! # Ok(())
//! # }
//! ```

pub mod cli;
pub mod compose;
pub mod credentials;
pub mod delivery;
pub mod draft;
mod flow;
mod load;
mod model;
pub mod outbox;
pub mod replay;

pub use compose::{ComposeError, Composed};
pub use credentials::CredentialReference;
pub use draft::Draft;
pub use outbox::Outbox;
