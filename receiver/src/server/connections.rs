//! The open connections: how many there may be, and which one goes when there is no room.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::Connection;

/// The open connections, in the order in which they were opened.
#[derive(Debug)]
pub(super) struct Connections {
    open: Mutex<Open>,
    room: Arc<Semaphore>,
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
        Arc::new(Self { open: Mutex::default(), room: Arc::new(Semaphore::new(most)) })
    }

    /// Waits for room for one more. When there is none, the oldest connection without a complete header is closed.
    pub(super) async fn enter(self: &Arc<Self>, connection: Arc<Connection>) -> Place {
        let permit = match self.room.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.close_oldest_waiting();
                self.room.clone().acquire_owned().await.expect("the semaphore is never closed")
            }
        };
        let mut open = self.lock();
        open.opened += 1;
        let number = open.opened;
        open.by_age.insert(number, connection);
        drop(open);
        Place { number, connections: self.clone(), _permit: permit }
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
