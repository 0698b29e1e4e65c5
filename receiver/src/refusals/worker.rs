//! The thread that examines, masks and saves refused requests.

use std::{
    collections::HashMap,
    io, mem,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use schemas::{authentication::AuthenticationKind, suggest};
use secrecy::zeroize::{Zeroize as _, Zeroizing};

use super::{
    BUFFER_BYTES, MAX_QUEUED_BODY_BYTES, RefusalContext, Shared, body_excerpt::excerpt, file,
    refused_request::RefusedRequest,
};
use crate::{
    ingest::{Endpoint, Rejection},
    verify::NearMiss,
};

/// Maximum number of requests of an endpoint in a second whose credential is examined and whose body is kept. Nobody reads
/// more, and a stranger chooses how many arrive.
const EXAMINED_PER_SECOND: u32 = 20;
/// Time after which no more bodies are kept in the same second.
const MASKING_PER_SECOND: Duration = Duration::from_millis(500);
/// Minimum time between two writes of the file.
const SAVE_INTERVAL: Duration = Duration::from_secs(1);
/// A write that took long delays the next one by this many times as much: the log needs the disk more.
const SAVE_PAUSE_FACTOR: u32 = 20;
/// How long the thread sleeps without news. It is woken by each request.
const IDLE: Duration = Duration::from_secs(60);
/// Maximum time for the last write at shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);
/// Messages come first.
const NICENESS: i32 = 10;

/// News for the worker.
pub(super) enum News {
    Refused(Box<RefusalEvent>),
    /// It is time to end.
    End,
}

/// A refused request on its way to the worker.
pub(super) struct RefusalEvent {
    pub(super) refused: RefusedRequest,
    pub(super) endpoint: Option<Arc<Endpoint>>,
    pub(super) context: Arc<RefusalContext>,
    pub(super) authorization: Option<Zeroizing<Vec<u8>>>,
    pub(super) body: Option<QueuedBody>,
}

/// A body that waits; its size is counted until it is dropped.
pub(super) struct QueuedBody {
    bytes: Bytes,
    reserved: usize,
    total: Arc<AtomicUsize>,
}

/// Ends the worker when it is dropped. What waits by then is still saved.
#[derive(Debug)]
#[must_use]
pub(crate) struct RefusalWorker {
    is_ending: Arc<AtomicBool>,
    news: SyncSender<News>,
    ended: Receiver<()>,
}

struct Worker {
    news: Receiver<News>,
    shared: Arc<Shared>,
    file: PathBuf,
    is_ending: Arc<AtomicBool>,
    is_changed: bool,
    /// The earliest time of the next write.
    save_at: Instant,
    has_failed: bool,
    examinations: Examinations,
}

/// How many requests were examined in the current second.
struct Examinations {
    second: Instant,
    /// By endpoint: a flood for one leaves time for the others.
    counts: HashMap<String, u32>,
    /// Time spent on masking bodies.
    masking: Duration,
}

impl RefusalWorker {
    pub(super) fn start(
        news: (SyncSender<News>, Receiver<News>),
        shared: Arc<Shared>,
        file: PathBuf,
    ) -> io::Result<Self> {
        let (send_ended, ended) = mpsc::channel();
        let is_ending = Arc::<AtomicBool>::default();
        let worker = Worker {
            news: news.1,
            shared,
            file,
            is_ending: is_ending.clone(),
            is_changed: false,
            save_at: Instant::now(),
            has_failed: false,
            examinations: Examinations::new(Instant::now()),
        };
        thread::Builder::new().name("refusals".to_owned()).spawn(move || {
            // On Linux niceness is a thread's. Without it everything works the same.
            let _ = rustix::process::nice(NICENESS);
            worker.run();
            drop(send_ended);
        })?;
        Ok(Self { is_ending, news: news.0, ended })
    }
}

impl Drop for RefusalWorker {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::Relaxed);
        // If the queue is full, the worker is awake.
        let _ = self.news.try_send(News::End);
        // A disk that hangs must not hold up the end.
        let _ = self.ended.recv_timeout(SHUTDOWN_TIMEOUT);
    }
}

impl Worker {
    fn run(mut self) {
        loop {
            let wait = if self.is_changed { self.save_at.saturating_duration_since(Instant::now()) } else { IDLE };
            match self.news.recv_timeout(wait) {
                Ok(News::Refused(event)) => self.take(*event),
                Ok(News::End) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            if self.is_ending.load(Ordering::Relaxed) {
                while let Ok(news) = self.news.try_recv() {
                    if let News::Refused(event) = news {
                        self.take(*event);
                    }
                }
                return self.save();
            }
            if Instant::now() >= self.save_at {
                self.save();
            }
        }
    }

    fn take(&mut self, event: RefusalEvent) {
        self.shared.queued.fetch_sub(1, Ordering::Relaxed);
        let refused = self.examinations.finish(event);
        self.shared.rings.lock().add(Arc::new(refused));
        self.is_changed = true;
    }

    /// Writes the file if there is something new.
    fn save(&mut self) {
        if !mem::take(&mut self.is_changed) {
            return;
        }
        let rings: Vec<_> = self.shared.rings.lock().rings().cloned().collect();
        let began = Instant::now();
        let saved = file::save(&self.file, &file::content(&rings));
        self.save_at = Instant::now() + SAVE_INTERVAL.max(began.elapsed() * SAVE_PAUSE_FACTOR);
        if let (Err(error), false) = (&saved, self.has_failed) {
            let file = self.file.display();
            tracing::warn!(%error, %file, "refused requests cannot be saved; they are lost at a restart");
        }
        // The next refused request tries again.
        self.has_failed = saved.is_err();
    }
}

impl Examinations {
    fn new(second: Instant) -> Self {
        Self { second, counts: HashMap::new(), masking: Duration::ZERO }
    }

    /// Whether there is time for another one of this endpoint in this second.
    fn try_begin(&mut self, endpoint: &str, now: Instant) -> bool {
        if now.saturating_duration_since(self.second) >= Duration::from_secs(1) {
            *self = Self::new(now);
        }
        let count = self.counts.entry(endpoint.to_owned()).or_default();
        *count += 1;
        *count <= EXAMINED_PER_SECOND
    }

    /// Adds what takes time to a refused request: how near its credential was, and its body. Masks every text.
    fn finish(&mut self, event: RefusalEvent) -> RefusedRequest {
        let RefusalEvent { mut refused, endpoint, context, authorization, body } = event;
        let endpoint = endpoint.as_deref();
        let body = body.as_ref().map(|body| &*body.bytes);
        if let Some(Endpoint { name, verifier, .. }) = endpoint
            && (refused.near_miss.is_some() || (context.keeps_bodies && body.is_some()))
            && self.try_begin(name, Instant::now())
        {
            let presented = authorization.filter(|_| verifier.kind() == AuthenticationKind::Basic);
            refused.near_miss = refused.near_miss.map(|_| match (presented, body) {
                (Some(authorization), _) => verifier.examine_header(&authorization),
                (None, Some(body)) => verifier.examine_body(body),
                (None, None) => NearMiss::NotExamined,
            });
            if let (true, Some(body)) = (context.keeps_bodies && self.masking < MASKING_PER_SECOND, body) {
                let began = Instant::now();
                let presented = verifier.presented_secret(body);
                let redactor = presented.iter().fold(context.redactor.clone(), |all, text| all.with(text.as_str()));
                refused.body = excerpt(body, verifier.profile(), &redactor);
                self.masking += began.elapsed();
            }
        }
        refused.map_texts(|text| context.redactor.mask(text));
        if refused.code == Rejection::NotFound.code() {
            let path = refused.shape.target.split('?').next().unwrap_or_default();
            refused.nearest_path = suggest::closest(path, context.paths.iter().map(String::as_str)).map(str::to_owned);
        }
        refused
    }
}

impl QueuedBody {
    /// Takes a body if the others leave room for it.
    pub(super) fn reserve(bytes: Bytes, total: &Arc<AtomicUsize>) -> Option<Self> {
        let reserved = bytes.len() + BUFFER_BYTES;
        if total.fetch_add(reserved, Ordering::Relaxed) + reserved > MAX_QUEUED_BODY_BYTES {
            total.fetch_sub(reserved, Ordering::Relaxed);
            return None;
        }
        Some(Self { bytes, reserved, total: total.clone() })
    }
}

impl Drop for QueuedBody {
    fn drop(&mut self) {
        self.total.fetch_sub(self.reserved, Ordering::Relaxed);
        // A buffer that the connection reads into as well cannot be cleared here.
        if let Ok(mut bytes) = mem::take(&mut self.bytes).try_into_mut() {
            bytes.as_mut().zeroize();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_endpoint_has_its_examinations_in_each_second() {
        let start = Instant::now();
        let mut examinations = Examinations::new(start);
        let mut begun = |endpoint: &str, times: u32, milliseconds| {
            let now = start + Duration::from_millis(milliseconds);
            (0..times).filter(|_| examinations.try_begin(endpoint, now)).count()
        };
        assert_eq!(begun("a", 1000, 0), 20);
        assert_eq!(begun("a", 1000, 999), 0);
        assert_eq!(begun("b", 1000, 999), 20, "another endpoint");
        assert_eq!(begun("a", 1000, 1000), 20, "another second");
    }

    #[test]
    fn bodies_wait_only_within_their_limit() {
        let total = Arc::default();
        let body = Bytes::from(vec![b'x'; 1 << 20]);
        let mut waiting: Vec<QueuedBody> = Vec::new();
        waiting.extend((0..20).map_while(|_| QueuedBody::reserve(body.clone(), &total)));
        assert_eq!(waiting.len(), 7);
        assert!(QueuedBody::reserve(Bytes::from_static(b"x"), &total).is_some(), "a small one still fits");
        waiting.pop();
        assert!(QueuedBody::reserve(body, &total).is_some());
        drop(waiting);
        assert_eq!(total.load(Ordering::Relaxed), 0);
    }
}
