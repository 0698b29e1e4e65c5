//! The data of `schemas/` and the Rust types, held to each other.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod contract;
mod docs;
mod flow_model;
mod generate;
mod lens;
mod peers;
mod samples;
mod vectors;
