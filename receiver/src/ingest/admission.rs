//! Admission: how many requests may be in progress at a time, and how many bytes of bodies they may hold together. What
//! exceeds a limit is refused, so memory stays bounded whatever clients do.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Debug)]
pub(crate) struct AdmissionLimits {
    requests: Limit,
    bytes: Limit,
}

/// An admitted request and the bytes that it holds, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    limits: Arc<AdmissionLimits>,
    _request: OwnedSemaphorePermit,
    bytes: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Limit {
    max: usize,
    permits: Arc<Semaphore>,
}

impl AdmissionLimits {
    /// Limits the number of requests, and the bytes of their bodies as far as these have arrived.
    pub(crate) fn new(max_requests: usize, max_bytes: usize) -> Self {
        Self { requests: Limit::new(max_requests), bytes: Limit::new(max_bytes) }
    }

    /// The number of requests in progress, and the bytes that they hold.
    pub(crate) fn in_use(&self) -> (usize, usize) {
        (self.requests.in_use(), self.bytes.in_use())
    }

    /// Admits one request; `None` if the limit is reached.
    pub(super) fn try_admit(self: &Arc<Self>) -> Option<Permit> {
        let (request, bytes) = (self.requests.try_acquire(1)?, self.bytes.try_acquire(0)?);
        Some(Permit { limits: self.clone(), _request: request, bytes })
    }
}

impl Permit {
    /// Reserves more bytes; false if the limit is reached. What is announced but not sent is not reserved.
    pub(super) fn reserve(&mut self, bytes: usize) -> bool {
        let more = self.limits.bytes.try_acquire(bytes);
        more.map(|more| self.bytes.merge(more)).is_some()
    }
}

impl Limit {
    fn new(max: usize) -> Self {
        let max = max.min(Semaphore::MAX_PERMITS);
        Self { max, permits: Arc::new(Semaphore::new(max)) }
    }

    fn try_acquire(&self, count: usize) -> Option<OwnedSemaphorePermit> {
        self.permits.clone().try_acquire_many_owned(u32::try_from(count).ok()?).ok()
    }

    fn in_use(&self) -> usize {
        self.max - self.permits.available_permits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_can_be_reserved_again_and_the_limits_hold() {
        let limits = Arc::new(AdmissionLimits::new(2, 10));
        let mut one = limits.try_admit().unwrap();
        let mut two = limits.try_admit().unwrap();
        assert!(limits.try_admit().is_none());
        assert!(one.reserve(6) && two.reserve(4) && !two.reserve(1) && one.reserve(0));
        assert_eq!(limits.in_use(), (2, 10));
        drop(one);
        assert!(two.reserve(6) && !two.reserve(usize::MAX));
        drop(two);
        let mut all = limits.try_admit().unwrap();
        assert!(all.reserve(10));
        let shared = Arc::new(all);
        drop(shared.clone());
        assert_eq!(limits.in_use(), (1, 10), "work that outlives its request still holds the permit");
        drop(shared);
        assert_eq!(limits.in_use(), (0, 0));
        let unlimited = Arc::new(AdmissionLimits::new(usize::MAX, usize::MAX));
        assert!(unlimited.try_admit().is_some_and(|mut permit| permit.reserve(1)));
    }
}
