//! Produces Flowingly's documented webhook messages and delivers them.
//!
//! A message is made up from a few words ([`Draft`]), fired by a running [`flow`] of a [`Model`], or read from what was
//! kept ([`replay`]). [`Composed`] is a message with its authentication as the wire has it. [`delivery::Client`] posts
//! it once and tells what came of it; a [`delivery::Courier`] tries again and keeps the order, from memory or from an
//! [`Outbox`] on disk; a [`load`] measures how an endpoint takes many. Each is usable alone: the program
//! `webhook-sender` ([`cli`]) only puts them together.
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
//!     Outcome::Accepted(answer) => println!("taken: {}", answer.status),
//!     Outcome::Declined(answer) => println!("the endpoint said no: {}", answer.status),
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
pub mod flow;
mod json_files;
pub mod load;
pub mod model;
pub mod outbox;
pub mod replay;

pub use compose::{ComposeError, Composed};
pub use credentials::CredentialReference;
pub use draft::Draft;
pub use model::Model;
pub use outbox::Outbox;
