//! Load: many requests to one endpoint, at a fixed rate or as fast as the connections allow, and how long the answers
//! took.
//!
//! At a rate the schedule is open: request *n* is due at *n*/rate whether or not the endpoint has answered those
//! before it, and its latency counts from then. So an endpoint that stalls is seen to stall by every request that was
//! due meanwhile (no coordinated omission), also by those that were never sent because no connection came free.
//!
//! [`Load`] is what to do, [`Summary`] what came of it.

mod crew;
mod line;
mod messages;
mod run;
mod schedule;
mod summary;
mod tally;
mod worker;

pub use self::{
    messages::{MessageError, Messages},
    run::{GRACE, Load, LoadError, Progress},
    schedule::{Pace, Schedule},
    summary::{Latency, Summary},
};
