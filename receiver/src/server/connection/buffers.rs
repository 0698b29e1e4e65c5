//! Limits the memory of hyper's read buffers: each begins with 8 KiB, and keeps the size that a long head or body once needed
//! until its connection ends. Long header blocks of HTTP/2 count as long heads.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// No buffer grows for a head or body of up to this many bytes.
pub(super) const SHORT_BYTES: usize = 8 << 10;
/// Maximum number of bytes of all grown buffers, for heads and again for bodies.
const MAX_GROWN_BYTES: usize = 64 << 20;

/// Permits for grown buffers, in KiB. Heads have their own: a body without a permit is still read, a head is not.
#[derive(Clone, Debug)]
pub(in crate::server) struct BufferLimits {
    heads: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    /// The size that one buffer may grow to.
    kib_per_buffer: u32,
}

impl BufferLimits {
    /// Limits for heads of up to `header_bytes`, which bounds the buffers of bodies too. At least one buffer may grow.
    pub(in crate::server) fn new(header_bytes: usize) -> Self {
        // A buffer that grows is copied to one of twice its size.
        let kib_per_buffer = u32::try_from(header_bytes.div_ceil(1 << 9)).unwrap_or(u32::MAX);
        let kib = (MAX_GROWN_BYTES >> 10).max(kib_per_buffer as usize).min(Semaphore::MAX_PERMITS);
        let semaphore = || Arc::new(Semaphore::new(kib));
        Self { heads: semaphore(), bodies: semaphore(), kib_per_buffer }
    }

    /// A permit for a long head; `None` if the limit is reached.
    pub(super) fn try_reserve_head(&self) -> Option<OwnedSemaphorePermit> {
        self.heads.clone().try_acquire_many_owned(self.kib_per_buffer).ok()
    }

    /// A permit for a long body; `None` if the limit is reached.
    pub(super) fn try_reserve_body(&self) -> Option<OwnedSemaphorePermit> {
        self.bodies.clone().try_acquire_many_owned(self.kib_per_buffer).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_heads_share_one_limit_and_long_bodies_another() {
        let limits = BufferLimits::new(32 << 20);
        let first = limits.try_reserve_head();
        assert!(first.is_some() && limits.try_reserve_head().is_none());
        assert!(limits.try_reserve_body().is_some());
        drop(first);
        assert!(limits.try_reserve_head().is_some());
        assert!(BufferLimits::new(usize::MAX).try_reserve_head().is_some(), "one buffer may grow whatever its limit");
    }
}
