//! The other direction: a stand-in for an endpoint that tests a *sender*. It accepts every message (or answers as
//! configured), judges it by the clauses for senders, and can save it as a fixture.
//!
//! ```no_run
//! use contract_tests::Listener;
//! use schemas::Authentication;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let listening = Listener::new(Authentication::None).messages(2).bind().await?;
//! println!("send two messages to {}", listening.url());
//! let report = listening.run(std::future::pending()).await;
//! assert!(report.holds(false));
//! # Ok(())
//! # }
//! ```

mod answers;
mod authorization;
mod bound_listener;
mod challenge;
mod coverage;
mod head;
mod http1_reader;
mod judge;
mod listener;
mod message;
mod raw_request;
mod record;
pub(crate) mod rule;
mod sender_results;
mod violation;

pub use self::{
    answers::{AnswerSequence, AnswerSequenceError},
    bound_listener::{BoundListener, ReceivedMessage},
    listener::{ListenError, Listener},
    record::RecordError,
};
