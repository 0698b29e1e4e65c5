//! The shutdown of the server, as its tasks see it.

use tokio::sync::watch;

/// Signals the shutdown to the tasks of connections, and waits for them.
#[derive(Debug)]
pub(super) struct Shutdown(watch::Sender<bool>);

/// A task's side of [`Shutdown`].
#[derive(Clone, Debug)]
pub(super) struct ShutdownSignal(watch::Receiver<bool>);

impl Shutdown {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(super) fn signal(&self) -> ShutdownSignal {
        ShutdownSignal(self.0.subscribe())
    }

    pub(super) fn trigger(&self) {
        self.0.send_replace(true);
    }

    /// Waits until every signal is dropped.
    pub(super) async fn drained(&self) {
        self.0.closed().await;
    }
}

impl ShutdownSignal {
    /// Waits until the server shuts down.
    pub(super) async fn triggered(&mut self) {
        // A server that is gone has shut down too.
        let _ = self.0.wait_for(|is_triggered| *is_triggered).await;
    }

    pub(super) fn is_triggered(&self) -> bool {
        *self.0.borrow()
    }
}
