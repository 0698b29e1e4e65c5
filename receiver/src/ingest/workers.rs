//! Threads that read large bodies: few, so processor time and memory remain for all other requests.

use std::{sync::Arc, thread};

use tokio::sync::Semaphore;

/// Bodies of up to this many bytes are read on the thread that serves the connection, which takes less time than handing
/// them over.
pub(super) const MAX_INLINE_BYTES: usize = 64 << 10;
const MAX_WORKERS: usize = 2;

/// Permits to read large bodies on blocking threads.
#[derive(Clone, Debug)]
pub(super) struct Workers(Arc<Semaphore>);

impl Workers {
    /// One worker, or two if there are four processors.
    pub(super) fn new() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new((processors / 2).clamp(1, MAX_WORKERS))))
    }

    /// Runs `work` on a blocking thread once a permit is free. Work that has begun is completed even if this future is dropped,
    /// and keeps its permit and everything it owns until then. Fails if `work` panics.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, tokio::task::JoinError> {
        let permit = self.0.clone().acquire_owned().await.expect("the semaphore is never closed");
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        })
        .await
    }

    #[cfg(test)]
    pub(super) fn occupy(&self) -> tokio::sync::OwnedSemaphorePermit {
        let all = u32::try_from(self.0.available_permits()).unwrap();
        self.0.clone().try_acquire_many_owned(all).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, sync::mpsc, task};

    use super::*;

    #[tokio::test]
    async fn abandoned_work_keeps_its_permit_until_it_is_done() {
        let workers = Workers(Arc::new(Semaphore::new(1)));
        let (begun, has_begun) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let mut abandoned = Box::pin(workers.run(move || {
            begun.send(()).unwrap();
            ends.recv().unwrap();
        }));
        let mut cx = task::Context::from_waker(task::Waker::noop());
        assert!(abandoned.as_mut().poll(&mut cx).is_pending());
        has_begun.recv().unwrap();
        drop(abandoned);
        let mut next = pin!(workers.run(|| 7));
        assert!(next.as_mut().poll(&mut cx).is_pending());
        assert_eq!(workers.0.available_permits(), 0);
        end.send(()).unwrap();
        assert_eq!(next.await.unwrap(), 7);
        assert!(workers.run(|| panic!("as a fault would")).await.is_err());
        assert_eq!(workers.0.available_permits(), 1, "a panic gives its permit back");
    }
}
