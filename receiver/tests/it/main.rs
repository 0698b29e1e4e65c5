//! What the receiver does as the world sees it: the real program, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod admin;
mod attacks;
mod certificate;
mod commands;
mod deadlines;
mod durability;
mod ending;
mod endurance;
mod faults;
mod framing;
mod http;
mod http2;
mod library;
mod peers;
mod program;
mod proxy;
mod raw;
mod reload;
mod room;
mod rotate;
mod secrets;
mod supervisor;
mod tls;
mod vectors;
