//! No false alarm: the endpoints of `examples/endpoints/`, correct and in other stacks, are blamed for no MUST, and for
//! no SHOULD but those that their README names. The examples of CI are run on one of them.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

#[path = "peers/catalogue.rs"]
mod catalogue;
#[path = "peers/ci.rs"]
mod ci;
#[path = "peers/peer.rs"]
mod peer;
