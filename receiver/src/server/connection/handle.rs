//! What other parts of the server know about a connection: its phase, whether a message on it is being stored, and how to
//! close it.

use std::sync::{
    Arc,
    atomic::{AtomicU8, AtomicUsize, Ordering},
};

use tokio::sync::Notify;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum ConnectionPhase {
    /// Between two requests.
    Idle,
    /// A head is expected or arriving.
    Head,
    /// At least one request is at its endpoint, which has its own deadline.
    Busy,
    Answering,
}

#[derive(Debug)]
pub(in crate::server) struct ConnectionHandle {
    phase: AtomicU8,
    /// Requests whose messages are being stored; with HTTP/2 there may be more than one.
    storing: AtomicUsize,
    close: Notify,
    /// Notified when the connection becomes evictable.
    evictable: Arc<Notify>,
}

/// A message that is being stored: its connection is not closed meanwhile.
#[derive(Debug)]
pub(in crate::server) struct StoreGuard(Arc<ConnectionHandle>);

impl ConnectionHandle {
    pub(super) fn new(evictable: Arc<Notify>) -> Arc<Self> {
        let phase = AtomicU8::new(ConnectionPhase::Head as u8);
        Arc::new(Self { phase, storing: AtomicUsize::new(0), close: Notify::new(), evictable })
    }

    pub(super) fn phase(&self) -> ConnectionPhase {
        match self.phase.load(Ordering::Acquire) {
            0 => ConnectionPhase::Idle,
            1 => ConnectionPhase::Head,
            2 => ConnectionPhase::Busy,
            _ => ConnectionPhase::Answering,
        }
    }

    pub(super) fn set_phase(&self, phase: ConnectionPhase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// Whether it has no request with a complete head.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.phase(), ConnectionPhase::Idle | ConnectionPhase::Head)
    }

    /// Keeps the connection open until the guard is dropped.
    pub(in crate::server) fn begin_store(self: &Arc<Self>) -> StoreGuard {
        self.storing.fetch_add(1, Ordering::AcqRel);
        StoreGuard(self.clone())
    }

    /// Whether no message is being stored. An answer may be on its way.
    pub(super) fn is_evictable(&self) -> bool {
        self.storing.load(Ordering::Acquire) == 0
    }

    pub(super) fn close(&self) {
        self.close.notify_one();
    }

    /// Waits until the connection is to close. A signal while a message is being stored is ignored.
    pub(super) async fn closed(&self) {
        loop {
            self.close.notified().await;
            if self.is_evictable() {
                return;
            }
        }
    }
}

impl Drop for StoreGuard {
    fn drop(&mut self) {
        if self.0.storing.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.evictable.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, task};

    use super::*;

    #[tokio::test]
    async fn a_connection_stays_open_while_any_of_its_messages_is_stored() {
        let connection = ConnectionHandle::new(Arc::default());
        let mut cx = task::Context::from_waker(task::Waker::noop());
        let mut closed = pin!(connection.closed());
        let (first, second) = (connection.begin_store(), connection.begin_store());
        drop(first);
        connection.close();
        assert!(closed.as_mut().poll(&mut cx).is_pending());
        drop(second);
        assert!(connection.is_evictable());
        assert!(closed.as_mut().poll(&mut cx).is_pending(), "only a new signal closes it");
        connection.close();
        closed.await;
    }
}
