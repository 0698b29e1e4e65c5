//! The other direction: a stand-in for an endpoint that holds a *sender* to the contract. Every message is accepted (or
//! answered as asked), judged by the clauses that bind its writer, and may be kept as a fixture.
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
mod arrived;
mod authorization;
mod breach;
mod challenge;
mod coverage;
mod head;
mod judge;
mod ledger;
mod listener;
mod listening;
mod message;
mod record;
mod rule;
mod wire;

pub use self::{
    answers::{Answers, AnswersError},
    listener::{ListenError, Listener},
    listening::{Listening, Seen},
    record::RecordError,
};
