//! The open connections: how many there may be, and which one goes when there is no room.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::connection::Connection;

/// The open connections, in the order in which they were opened.
#[derive(Debug)]
pub(super) struct Connections {
    open: Mutex<Open>,
    room: Arc<Semaphore>,
    /// Told whenever a connection has no request any more.
    idle: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Open {
    opened: u64,
    by_age: BTreeMap<u64, Arc<Connection>>,
}

/// A connection's place; dropping it makes room.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    connections: Arc<Connections>,
    _permit: OwnedSemaphorePermit,
}

impl Connections {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { open: Mutex::default(), room: Arc::new(Semaphore::new(most)), idle: Arc::default() })
    }

    /// What a connection tells when it has no request any more.
    pub(super) fn idle(&self) -> Arc<Notify> {
        self.idle.clone()
    }

    /// Waits for room for one more. When there is none, the oldest connection without a complete header is closed.
    pub(super) async fn enter(self: &Arc<Self>, connection: Arc<Connection>) -> Place {
        let permit = loop {
            if let Ok(permit) = self.room.clone().try_acquire_owned() {
                break permit;
            }
            self.close_oldest_waiting();
            tokio::select! {
                permit = self.room.clone().acquire_owned() => break permit.expect("the semaphore is never closed"),
                () = self.idle.notified() => {}
            }
        };
        let mut open = self.lock();
        open.opened += 1;
        let number = open.opened;
        open.by_age.insert(number, connection);
        drop(open);
        Place { number, connections: self.clone(), _permit: permit }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().by_age.len()
    }

    /// Closes every connection without a complete header: nothing that was accepted is on them.
    pub(super) fn close_waiting(&self) {
        self.lock().by_age.values().filter(|connection| connection.is_waiting()).for_each(|waiting| waiting.close());
    }

    fn close_oldest_waiting(&self) {
        if let Some(oldest) = self.lock().by_age.values().find(|connection| connection.is_waiting()) {
            oldest.close();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        // Every change under the lock is a single insert or remove.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.lock().by_age.remove(&self.number);
    }
}
