//! The inspector: web pages and a JSON API that show what is stored. It has a listener, threads and read-only connections of
//! its own, so it never delays a message.

mod api;
mod attachment;
mod card;
mod chart;
mod contract;
mod endpoints;
mod events;
mod exposition;
mod guard;
mod history;
mod human;
mod json_view;
mod listener;
mod loopback;
mod message;
mod messages;
mod overview;
mod page;
mod password;
mod refused;
mod relays;
mod replay;
mod router;
mod rows;
mod search;
mod send;
mod stored;

use std::{
    fmt, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
};

use parking_lot::Mutex;
use secrecy::ExposeSecret as _;
#[cfg(target_os = "linux")]
use thread_priority::{
    ThreadPriority,
    unix::{NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id},
};
use tokio::{
    net::TcpListener,
    runtime::Builder,
    sync::{Semaphore, watch},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

pub use self::password::PasswordError;
pub(crate) use self::password::{PASSWORD_FILE, USERNAME};
use self::{events::MAX_STREAMS, guard::Guard, history::History, listener::Transport, password::Passwords};
use crate::{
    config::{Config, InspectConfig},
    index::{IndexProgress, Reader},
    log::SegmentedLog,
    refusals::Refusals,
};

/// The lowest niceness.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 19;
/// Number of threads that read the index and the log.
const READERS: usize = 2;

/// The inspector, bound to its address.
pub(crate) struct Inspector {
    listener: TcpListener,
    guard: Arc<Guard>,
    /// The address without the password.
    link: String,
    transport: Transport,
}

/// What the pages show, from the parts of a running receiver.
pub(crate) struct Inspected {
    parts: InspectedParts,
    history: Arc<History>,
    streams: Arc<Semaphore>,
    stopping: CancellationToken,
    /// Readers of the index that wait for their next use, at most [`READERS`].
    idle_readers: Mutex<Vec<Reader>>,
}

/// The parts of a running receiver.
pub(crate) struct InspectedParts {
    /// The configuration in force.
    pub(crate) config: Box<dyn Fn() -> Arc<Config> + Send + Sync>,
    pub(crate) log: Arc<SegmentedLog>,
    pub(crate) index_file: PathBuf,
    pub(crate) relay_folder: PathBuf,
    pub(crate) refusals: Refusals,
    pub(crate) progress: watch::Receiver<IndexProgress>,
    /// The bound address of the listener for messages.
    pub(crate) listen: SocketAddr,
}

impl Inspector {
    /// Takes a listener that is bound to the address of `config`, and draws the password if the data folder has none.
    /// Other machines reach it over TLS with the receiver's certificate, if there is one.
    ///
    /// # Errors
    /// If the password cannot be created or read.
    pub(crate) fn new(
        config: &InspectConfig,
        is_behind_proxy: bool,
        listener: TcpListener,
        data: &Path,
        acceptor: Option<Box<dyn Fn() -> Option<TlsAcceptor> + Send>>,
    ) -> Result<Self, PasswordError> {
        let address = listener.local_addr().unwrap_or(config.address);
        let transport = match acceptor {
            Some(acceptor) if !config.is_local() => Transport::Tls(acceptor),
            _ => Transport::Plain,
        };
        let authority = match config.hosts.first() {
            None => address.to_string(),
            Some(name) if name.port.is_none() && !is_behind_proxy => format!("{name}:{}", address.port()),
            Some(name) => name.to_string(),
        };
        let speaks_tls = matches!(transport, Transport::Tls(_));
        let scheme = if speaks_tls || is_behind_proxy && !config.hosts.is_empty() { "https" } else { "http" };
        let default_port = if speaks_tls { 443 } else { 80 };
        Ok(Self {
            listener,
            guard: Arc::new(Guard::new(config, address, default_port, Passwords::open(data)?)),
            link: format!("{scheme}://{authority}/"),
            transport,
        })
    }

    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// The address to open, without the password.
    pub(crate) fn link(&self) -> &str {
        &self.link
    }

    /// The address to open, with user and password. Only for the terminal of the person who started the receiver.
    pub(crate) fn link_with_password(&self) -> String {
        let credentials = format!("://{USERNAME}:{}@", self.guard.passwords.current().expose_secret());
        self.link.replacen("://", &credentials, 1)
    }

    pub(crate) fn password_file(&self) -> &Path {
        self.guard.passwords.file()
    }

    /// Serves on a thread of its own until `stop`.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub(crate) fn start(
        self,
        inspected: Inspected,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_name("inspector-reader")
            .max_blocking_threads(READERS)
            .build()?;
        let listener = self.listener.into_std()?;
        let inspected = Arc::new(inspected);
        let router = router::router(inspected.clone(), self.guard);
        let transport = self.transport;
        thread::Builder::new().name("inspector".to_owned()).spawn(move || {
            give_way_to_all();
            let stopping = inspected.stopping.clone();
            let stop = async move {
                stop.await;
                stopping.cancel();
            };
            let served = runtime.block_on(async {
                tokio::spawn(inspected.history.clone().follow());
                listener::serve(TcpListener::from_std(listener)?, transport, router, stop).await;
                Ok::<_, io::Error>(())
            });
            if let Err(error) = served {
                tracing::error!(%error, "the inspector cannot serve");
            }
        })
    }
}

/// Lets every other thread go first; the threads that this one starts inherit it. Under `SCHED_IDLE` a message that arrives
/// interrupts a search at once. With niceness alone, it would wait for the end of the search's time slice of some 3 ms.
#[cfg(target_os = "linux")]
fn give_way_to_all() {
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    if set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle).is_err() {
        // A supervisor may forbid it.
        let _ = rustix::process::nice(NICENESS);
    }
}

/// Only on Linux do niceness and policy belong to a thread.
#[cfg(not(target_os = "linux"))]
fn give_way_to_all() {}

impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspector").field("link", &self.link).finish_non_exhaustive()
    }
}

impl Inspected {
    /// `metrics` gives all metrics in the form that Prometheus reads; it may read files.
    pub(crate) fn new(parts: InspectedParts, metrics: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self {
            parts,
            history: Arc::new(History::new(metrics)),
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            stopping: CancellationToken::new(),
            idle_readers: Mutex::default(),
        }
    }

    fn config(&self) -> Arc<Config> {
        (self.parts.config)()
    }

    /// Reads files on a thread that may wait for the disk.
    async fn read<T: Send + 'static>(self: Arc<Self>, read: impl FnOnce(&Self) -> T + Send + 'static) -> T {
        match tokio::task::spawn_blocking(move || read(&self)).await {
            Ok(read) => read,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The receiver is stopping; this is dropped with the runtime.
                Err(_) => std::future::pending().await,
            },
        }
    }
}
