//! Renders the requests of large messages on threads of their own: it takes seconds, and must block neither other
//! destinations nor the shutdown.

use std::sync::Arc;

use tokio::sync::{Notify, Semaphore, mpsc};

use super::{
    post::{Post, PostError},
    store::PendingDelivery,
};

/// Dead-letter reason: the message could not be rendered.
pub(super) const UNRENDERED_REASON: &str = "not-rendered";

/// Maximum number of requests being rendered per destination.
const MAX_PENDING: usize = 4;

/// Requests of large messages that are being rendered or wait to be sent.
#[derive(Debug)]
pub(super) struct Renderer {
    /// Permits for large messages, over all destinations.
    large: Arc<Semaphore>,
    wake: Arc<Notify>,
    done: (mpsc::UnboundedSender<Rendered>, mpsc::UnboundedReceiver<Rendered>),
    /// Number of requests not yet taken out of `done`.
    count: usize,
}

/// A request, or why it could not be rendered.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) id: u64,
    pub(super) delivery: PendingDelivery,
    pub(super) post: Result<Post, (&'static str, String)>,
}

impl Renderer {
    pub(super) fn new(large: Arc<Semaphore>, wake: Arc<Notify>) -> Self {
        Self { large, wake, done: mpsc::unbounded_channel(), count: 0 }
    }

    /// Renders a request on another thread, and wakes the dispatcher when it is ready.
    pub(super) fn begin(
        &mut self,
        id: u64,
        delivery: PendingDelivery,
        make: impl FnOnce() -> Result<Post, PostError> + Send + 'static,
    ) {
        self.count += 1;
        let (large, wake, done) = (self.large.clone(), self.wake.clone(), self.done.0.clone());
        tokio::spawn(async move {
            // The semaphore is closed only during shutdown.
            let permit = large.acquire_owned().await.ok();
            let post = match tokio::task::spawn_blocking(make).await {
                Ok(made) => made.map_err(|error| (UNRENDERED_REASON, error.to_string())),
                Err(error) => Err((UNRENDERED_REASON, error.to_string())),
            };
            drop(permit);
            // A queue that was reloaded renders it again.
            let _ = done.send(Rendered { id, delivery, post });
            wake.notify_one();
        });
    }

    /// The requests rendered since the last call.
    pub(super) fn take(&mut self) -> Option<Rendered> {
        let made = self.done.1.try_recv().ok()?;
        self.count -= 1;
        Some(made)
    }

    /// Whether no more may be started until some are taken.
    pub(super) fn is_full(&self) -> bool {
        self.count >= MAX_PENDING
    }

    /// Whether a request is ready.
    pub(super) fn has_any(&self) -> bool {
        !self.done.1.is_empty()
    }

    /// Discards everything that is being rendered.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.large.clone(), self.wake.clone());
    }
}
