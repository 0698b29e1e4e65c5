//! The open connections: how many there may be, and which one goes when there is no room.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::{buffers::BufferRoom, connection::Connection};
use crate::metrics::{ConnectionFailure, Metrics};

/// The open connections, in the order in which they were opened.
#[derive(Debug)]
pub(super) struct Connections {
    open: Mutex<Open>,
    room: Arc<Semaphore>,
    /// Told whenever a connection may go that could not before.
    settled: Arc<Notify>,
    buffers: BufferRoom,
    metrics: Arc<Metrics>,
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
    /// Room for `most` connections, with heads of up to `header_bytes`.
    pub(super) fn new(most: usize, header_bytes: usize, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::default(),
            room: Arc::new(Semaphore::new(most)),
            settled: Arc::default(),
            buffers: BufferRoom::new(header_bytes),
            metrics,
        })
    }

    /// A connection that shares what all of them share; it has no place yet.
    pub(super) fn connect(&self) -> Arc<Connection> {
        Connection::new(self.settled.clone(), self.buffers.clone())
    }

    /// Waits for room for one more. When there is none, the oldest connection without a complete header is closed, and
    /// where all have one, the oldest on which no message is being stored: those that begin a body and never end it, or
    /// take no answer, must not keep the others out.
    pub(super) async fn enter(self: &Arc<Self>, connection: Arc<Connection>) -> Place {
        let permit = match self.room.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => self.make_room().await,
        };
        let mut open = self.lock();
        open.opened += 1;
        let number = open.opened;
        open.by_age.insert(number, connection);
        drop(open);
        Place { number, connections: self.clone(), _permit: permit }
    }

    async fn make_room(&self) -> OwnedSemaphorePermit {
        self.metrics.connection_failed(ConnectionFailure::CrowdedOut);
        loop {
            self.close_oldest();
            tokio::select! {
                permit = self.room.clone().acquire_owned() => return permit.expect("the semaphore is never closed"),
                () = self.settled.notified() => {}
            }
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().by_age.len()
    }

    /// Closes every connection without a complete header: nothing that was accepted is on them.
    pub(super) fn close_waiting(&self) {
        self.lock().by_age.values().filter(|connection| connection.is_waiting()).for_each(|waiting| waiting.close());
    }

    fn close_oldest(&self) {
        let open = self.lock();
        let oldest = |may: fn(&Connection) -> bool| open.by_age.values().find(|connection| may(connection));
        if let Some(oldest) = oldest(Connection::is_waiting).or_else(|| oldest(Connection::may_go)) {
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

#[cfg(test)]
mod tests {
    use std::{future::Future as _, iter, pin::pin, sync::Arc, task};

    use super::Connections;
    use crate::{
        metrics::{LogMetrics, Metrics},
        server::{buffers::BufferRoom, connection::Connection},
    };

    #[tokio::test]
    async fn the_oldest_goes_on_which_nothing_is_being_stored_and_else_the_first_that_is_done() {
        let connections = Connections::new(2, 8192, Arc::new(Metrics::new(iter::empty(), &LogMetrics::default())));
        let open = || connections.connect();
        let (older, younger) = (open(), open());
        let older_place = connections.enter(older.clone()).await;
        let younger_place = connections.enter(younger.clone()).await;
        let mut cx = task::Context::from_waker(task::Waker::noop());
        let (mut older_goes, mut younger_goes) = (pin!(older.closed()), pin!(younger.closed()));

        older.busy();
        older.storing();
        let mut entered = pin!(connections.enter(open()));
        assert!(entered.as_mut().poll(&mut cx).is_pending());
        assert!(older_goes.as_mut().poll(&mut cx).is_pending());
        assert!(younger_goes.as_mut().poll(&mut cx).is_ready());
        drop(younger_place);
        let _third = entered.await;

        let third = connections.lock().by_age.values().next_back().unwrap().clone();
        third.busy();
        third.storing();
        let mut entered = pin!(connections.enter(open()));
        assert!(entered.as_mut().poll(&mut cx).is_pending());
        assert!(older_goes.as_mut().poll(&mut cx).is_pending());
        older.stored();
        assert!(entered.as_mut().poll(&mut cx).is_pending());
        assert!(older_goes.as_mut().poll(&mut cx).is_ready());
        drop(older_place);
        entered.await;
    }

    #[tokio::test]
    async fn who_is_asked_to_go_while_a_message_is_stored_stays() {
        let connection = Connection::new(Arc::default(), BufferRoom::new(8192));
        let mut cx = task::Context::from_waker(task::Waker::noop());
        let mut goes = pin!(connection.closed());
        connection.storing();
        connection.close();
        assert!(goes.as_mut().poll(&mut cx).is_pending());
        connection.stored();
        assert!(goes.as_mut().poll(&mut cx).is_pending(), "only who is asked again goes");
        connection.close();
        goes.await;
    }
}
