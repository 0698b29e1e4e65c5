//! What the tests share: endpoints that misbehave, count and remember.

pub(crate) mod counting;
pub(crate) mod endpoint;
pub(crate) mod memory_queue;
pub(crate) mod server;
pub(crate) mod soak;
