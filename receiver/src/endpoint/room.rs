//! The room that all requests share: how many there may be at a time, and how many bytes of bodies they may hold together.
//! Whoever finds none is refused, so that memory stays bounded whatever clients do.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// How much is taken of the room.
#[derive(Debug)]
pub struct Room {
    requests: AtomicUsize,
    most_requests: usize,
    bytes: AtomicUsize,
    most_bytes: usize,
}

/// A request's place. What it holds is given back when it and all that share it are dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<Held>);

/// What a place holds.
#[derive(Debug)]
pub(super) struct Held {
    room: Arc<Room>,
    bytes: AtomicUsize,
}

impl Room {
    /// Room for this many requests, and for this many bytes of their bodies as far as they have arrived.
    pub fn new(requests: usize, bytes: usize) -> Self {
        Self { requests: AtomicUsize::new(0), most_requests: requests, bytes: AtomicUsize::new(0), most_bytes: bytes }
    }

    /// Requests and bytes of bodies that are in it.
    pub fn taken(&self) -> (usize, usize) {
        (self.requests.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    /// Takes one request in; none when there is no room.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Place> {
        take(&self.requests, 1, self.most_requests)
            .then(|| Place(Arc::new(Held { room: self.clone(), bytes: AtomicUsize::new(0) })))
    }
}

impl Place {
    /// Holds more bytes; false when there is no room for them. What is announced but does not come takes none.
    pub(super) fn hold(&mut self, bytes: usize) -> bool {
        let taken = take(&self.0.room.bytes, bytes, self.0.room.most_bytes);
        if taken {
            self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        taken
    }

    /// For work that may outlive the request.
    pub(super) fn share(&self) -> Arc<Held> {
        self.0.clone()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.bytes.fetch_sub(*self.bytes.get_mut(), Ordering::Relaxed);
        self.room.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

fn take(taken: &AtomicUsize, more: usize, most: usize) -> bool {
    let sum = |taken: usize| taken.checked_add(more).filter(|sum| *sum <= most);
    taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_can_be_taken_again_and_no_more_than_there_is() {
        let room = Arc::new(Room::new(2, 10));
        let mut one = room.enter().unwrap();
        let mut two = room.enter().unwrap();
        assert!(room.enter().is_none());
        assert!(one.hold(6) && two.hold(4) && !two.hold(1) && one.hold(0));
        assert_eq!(room.taken(), (2, 10));
        drop(one);
        assert!(two.hold(6) && !two.hold(usize::MAX));
        drop(two);
        let mut all = room.enter().unwrap();
        assert!(all.hold(10));
        let shared = all.share();
        drop(all);
        assert_eq!(room.taken(), (1, 10), "work that outlives its request still holds it");
        drop(shared);
        assert_eq!(room.taken(), (0, 0));
    }
}
