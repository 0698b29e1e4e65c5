//! What the receiver does as the world sees it: the real program, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod attacks;
mod commands;
mod deadlines;
mod disk;
mod durability;
mod endurance;
mod faults;
mod flips;
mod framing;
mod http;
mod library;
mod peers;
mod power;
mod program;
mod proxy;
mod raw;
mod retention;
mod secrets;
mod vectors;
