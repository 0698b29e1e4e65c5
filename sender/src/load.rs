//! Load: many requests to one endpoint, at a fixed rate or as fast as the connections allow, and their latencies.
//!
//! A rate is an open schedule: request *n* is due at *n*/rate whether or not the endpoint has answered the ones before,
//! and its latency counts from then. A stall therefore shows in every request that was due meanwhile (no coordinated
//! omission), also in those that were never sent because no connection was free.
//!
//! [`Load`] describes a load, [`Summary`] its result.

mod due_queue;
mod messages;
mod options;
mod run;
mod schedule;
mod summary;
mod tally;
mod worker;
mod worker_pool;

pub(crate) use self::{
    messages::{MessageError, Messages},
    options::{Load, LoadError},
    run::run,
    schedule::LoadPace,
    summary::{Latency, Progress, Summary},
};
