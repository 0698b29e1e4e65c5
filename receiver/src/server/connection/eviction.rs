//! The open connections: their maximum number, and which one is closed for a new one.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::handle::ConnectionHandle;
use crate::metrics::{ConnectionFailure, Metrics};

/// The open connections, in the order in which they were opened.
#[derive(Debug)]
pub(in crate::server) struct Connections {
    open: Mutex<OpenConnections>,
    permits: Arc<Semaphore>,
    /// Notified when a connection becomes evictable.
    evictable: Arc<Notify>,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct OpenConnections {
    opened: u64,
    by_age: BTreeMap<u64, Arc<ConnectionHandle>>,
}

/// An open connection. Dropping it makes room for another one.
#[derive(Debug)]
pub(in crate::server) struct ConnectionGuard {
    number: u64,
    pub(in crate::server) connection: Arc<ConnectionHandle>,
    connections: Arc<Connections>,
    _permit: OwnedSemaphorePermit,
}

impl Connections {
    pub(in crate::server) fn new(max: usize, metrics: Arc<Metrics>) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(max));
        Arc::new(Self { open: Mutex::default(), permits, evictable: Arc::default(), metrics })
    }

    /// Waits until there is room for one more connection. If there is none, the oldest connection without a complete head is
    /// closed, and if all have one, the oldest on which no message is being stored: a client that begins a body and never
    /// ends it, or does not read its answer, must not keep others out.
    pub(in crate::server) async fn register(self: &Arc<Self>) -> ConnectionGuard {
        let permit = match self.permits.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => self.evict().await,
        };
        let connection = ConnectionHandle::new(self.evictable.clone());
        let mut open = self.open.lock();
        open.opened += 1;
        let number = open.opened;
        open.by_age.insert(number, connection.clone());
        drop(open);
        ConnectionGuard { number, connection, connections: self.clone(), _permit: permit }
    }

    async fn evict(&self) -> OwnedSemaphorePermit {
        self.metrics.connection_failed(ConnectionFailure::Evicted);
        loop {
            self.close_oldest();
            tokio::select! {
                permit = self.permits.clone().acquire_owned() => return permit.expect("the semaphore is never closed"),
                () = self.evictable.notified() => {}
            }
        }
    }

    pub(in crate::server) fn count(&self) -> usize {
        self.open.lock().by_age.len()
    }

    /// Closes every connection without a complete head: nothing on them was accepted.
    pub(in crate::server) fn close_idle(&self) {
        self.open.lock().by_age.values().filter(|connection| connection.is_idle()).for_each(|idle| idle.close());
    }

    fn close_oldest(&self) {
        let open = self.open.lock();
        let oldest = |matches: fn(&ConnectionHandle) -> bool| open.by_age.values().find(|it| matches(it));
        if let Some(oldest) = oldest(ConnectionHandle::is_idle).or_else(|| oldest(ConnectionHandle::is_evictable)) {
            oldest.close();
        }
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.connections.open.lock().by_age.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::{iter, pin::pin, task};

    use super::{super::handle::ConnectionPhase, *};
    use crate::metrics::LogMetrics;

    #[tokio::test]
    async fn the_oldest_connection_that_stores_nothing_is_evicted_or_else_the_first_that_has_stored() {
        let connections = Connections::new(2, Arc::new(Metrics::new(iter::empty(), &LogMetrics::default())));
        let older = connections.register().await;
        let younger = connections.register().await;
        let mut cx = task::Context::from_waker(task::Waker::noop());
        let (first, second) = (older.connection.clone(), younger.connection.clone());
        let (mut older_closed, mut younger_closed) = (pin!(first.closed()), pin!(second.closed()));

        first.set_phase(ConnectionPhase::Busy);
        let storing = first.begin_store();
        let mut third = pin!(connections.register());
        assert!(third.as_mut().poll(&mut cx).is_pending());
        assert!(older_closed.as_mut().poll(&mut cx).is_pending());
        assert!(younger_closed.as_mut().poll(&mut cx).is_ready());
        drop(younger);
        let third = third.await;

        third.connection.set_phase(ConnectionPhase::Busy);
        let _storing = third.connection.begin_store();
        let mut fourth = pin!(connections.register());
        assert!(fourth.as_mut().poll(&mut cx).is_pending());
        assert!(older_closed.as_mut().poll(&mut cx).is_pending());
        drop(storing);
        assert!(fourth.as_mut().poll(&mut cx).is_pending());
        assert!(older_closed.as_mut().poll(&mut cx).is_ready());
        drop(older);
        fourth.await;
    }
}
