//! Making the requests of large messages, apart from the tasks that deliver: it takes seconds, and meanwhile other
//! destinations are served and the relay can end.

use std::sync::Arc;

use tokio::sync::{Notify, Semaphore, mpsc};

use super::{
    post::{Post, PostError},
    store::Delivery,
};

/// Why a delivery is dead of which nothing could be made to post.
pub(super) const UNRENDERED: &str = "not-rendered";

/// Maximum number of requests of a destination that are being made.
const MAX_PENDING: usize = 4;

/// The requests of large messages, while they are made and until they may go.
#[derive(Debug)]
pub(super) struct Renderer {
    /// How many large messages are worked on at a time, over all destinations.
    large: Arc<Semaphore>,
    wake: Arc<Notify>,
    done: (mpsc::UnboundedSender<Rendered>, mpsc::UnboundedReceiver<Rendered>),
    /// How many are not taken out of `done` yet.
    count: usize,
}

/// A request, or why there can be none.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) id: u64,
    pub(super) delivery: Delivery,
    pub(super) post: Result<Post, (&'static str, String)>,
}

impl Renderer {
    pub(super) fn new(large: Arc<Semaphore>, wake: Arc<Notify>) -> Self {
        Self { large, wake, done: mpsc::unbounded_channel(), count: 0 }
    }

    /// Makes a request on another thread, and wakes the dispatcher when it is there.
    pub(super) fn begin(
        &mut self,
        id: u64,
        delivery: Delivery,
        make: impl FnOnce() -> Result<Post, PostError> + Send + 'static,
    ) {
        self.count += 1;
        let (large, wake, done) = (self.large.clone(), self.wake.clone(), self.done.0.clone());
        tokio::spawn(async move {
            // Where it is closed, nobody counts any more.
            let permit = large.acquire_owned().await.ok();
            let post = match tokio::task::spawn_blocking(make).await {
                Ok(made) => made.map_err(|error| (UNRENDERED, error.to_string())),
                Err(error) => Err((UNRENDERED, error.to_string())),
            };
            drop(permit);
            // A queue that was reloaded renders it again.
            let _ = done.send(Rendered { id, delivery, post });
            wake.notify_one();
        });
    }

    /// What has been made since.
    pub(super) fn take(&mut self) -> Option<Rendered> {
        let made = self.done.1.try_recv().ok()?;
        self.count -= 1;
        Some(made)
    }

    /// Whether no more may be begun until some are taken.
    pub(super) fn is_full(&self) -> bool {
        self.count >= MAX_PENDING
    }

    /// Whether one is there to be taken.
    pub(super) fn has_any(&self) -> bool {
        !self.done.1.is_empty()
    }

    /// Forgets what is being made.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.large.clone(), self.wake.clone());
    }
}
