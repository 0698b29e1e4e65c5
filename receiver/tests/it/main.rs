//! What the receiver does as the world sees it: the real program, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod commands;
mod deadlines;
mod durability;
mod endurance;
mod faults;
mod http;
mod library;
mod peers;
mod program;
mod raw;
mod secrets;
mod vectors;
