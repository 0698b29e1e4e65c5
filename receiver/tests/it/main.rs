//! What the receiver does as the world sees it: the real program, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod access_log;
mod admin;
mod attacks;
mod capture;
#[cfg(feature = "relay")]
mod cards;
mod certificate;
#[cfg(feature = "relay")]
mod chromium;
mod commands;
mod corked;
mod deadlines;
mod disk;
mod displaced;
mod durability;
mod ending;
mod endurance;
#[cfg(feature = "relay")]
mod examples;
mod expect;
mod faults;
mod flips;
mod framing;
mod hints;
mod http;
mod http2;
mod http2_room;
mod learn;
mod library;
mod long_text;
mod malformed;
mod peers;
mod power;
mod program;
mod proxy;
mod raw;
#[cfg(feature = "relay")]
mod relay;
mod reload;
mod retention;
mod room;
mod rotate;
mod secrets;
#[path = "../../benches/slow-clients/shapes.rs"]
mod shapes;
mod shells;
mod soak;
mod spellings;
mod supervisor;
#[cfg(feature = "relay")]
mod teams;
mod tls;
mod vectors;
