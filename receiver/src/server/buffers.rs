//! The room that hyper's read buffers share where they grow: each begins with 8 KiB, and keeps the size that a long head or
//! body once needed until its connection ends.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes for which no buffer grows.
pub(super) const SHORT_BYTES: usize = 8 << 10;
/// Room for all buffers that have grown, of each kind.
const ROOM_BYTES: usize = 64 << 20;

/// Room for buffers, in KiB. Those of heads have one of their own: a body without room goes on, a head does not.
#[derive(Clone, Debug)]
pub(super) struct BufferRoom {
    heads: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    /// What one buffer may take.
    each: u32,
}

impl BufferRoom {
    /// Room for buffers of heads of up to `header_bytes`, which bounds them for bodies too; for one at least.
    pub(super) fn new(header_bytes: usize) -> Self {
        // A buffer that grows is copied to one of twice its size.
        let each = u32::try_from(header_bytes.div_ceil(1 << 9)).unwrap_or(u32::MAX);
        let room = || Arc::new(Semaphore::new((ROOM_BYTES >> 10).max(each as usize).min(Semaphore::MAX_PERMITS)));
        Self { heads: room(), bodies: room(), each }
    }

    /// Room for a long head, until it is dropped; none when there is no more.
    pub(super) fn take_for_head(&self) -> Option<OwnedSemaphorePermit> {
        self.heads.clone().try_acquire_many_owned(self.each).ok()
    }

    /// Room for a long body, until it is dropped; none when there is no more.
    pub(super) fn take_for_body(&self) -> Option<OwnedSemaphorePermit> {
        self.bodies.clone().try_acquire_many_owned(self.each).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_heads_share_a_room_and_long_bodies_another() {
        let room = BufferRoom::new(32 << 20);
        let first = room.take_for_head();
        assert!(first.is_some() && room.take_for_head().is_none());
        assert!(room.take_for_body().is_some());
        drop(first);
        assert!(room.take_for_head().is_some());
        assert!(BufferRoom::new(usize::MAX).take_for_head().is_some(), "one has room whatever its limit");
    }
}
