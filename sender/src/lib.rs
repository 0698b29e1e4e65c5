//! Produces Flowingly's documented webhook messages and delivers them.
//!
//! A message is made from a [`Draft`], by a running `flow` of a `Model`, or from stored messages (`replay`).
//! [`WireMessage`] is a message with its authentication as the wire has it. [`delivery::Client`] posts it once;
//! [`delivery::Dispatcher`] retries and keeps the order, from memory or from an outbox on disk; a `load` measures
//! an endpoint. The program `webhook-sender` ([`cli`]) combines them. Hidden modules are public only for tests.
//!
//! ```no_run
//! use delivery::{Client, ClientOptions, Outcome};
//! use schemas::{Authentication, ClientSecret, Profile};
//! use sender::{Draft, WireMessage};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let message = Draft::default().message(jiff::Timestamp::now());
//! let authentication = Authentication::ClientSecret { client_secret: ClientSecret::new("correct horse")? };
//! let message = WireMessage::from_message(&message, &authentication, Profile::v1())?;
//!
//! let client = Client::new(&ClientOptions::default())?;
//! let url = "http://127.0.0.1:8080/hooks/flowingly".parse()?;
//! match client.deliver(&url, message.request()).await {
//!     Outcome::Accepted(answer) => println!("accepted: {}", answer.status),
//!     Outcome::Declined(answer) => println!("refused: {}", answer.status),
//!     other => println!("no answer: {other:?}"),
//! }
//! # Ok(())
//! # }
//! ```

pub mod cli;
#[doc(hidden)]
pub mod credentials;
mod draft;
mod flow;
mod load;
mod model;
#[doc(hidden)]
pub mod outbox;
#[doc(hidden)]
pub mod replay;
mod wire_message;

pub use draft::Draft;
pub use wire_message::WireMessage;
