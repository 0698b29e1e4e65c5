//! The inspector: web pages and a JSON API that show what is stored. It has a listener, threads and read-only connections of
//! its own, so it never delays a message.

mod attachment;
mod chart;
mod contract;
mod exposition;
mod guard;
mod history;
mod listener;
mod messages;
mod overview;
mod page;
mod password;

use std::{
    fmt, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
};

use axum::{Router, middleware, response::Response, routing::get};
use http::StatusCode;
use secrecy::ExposeSecret as _;
use tokio::{net::TcpListener, runtime::Builder};
use tokio_rustls::TlsAcceptor;
use tower_http::{compression::CompressionLayer, csrf::CsrfLayer};

pub use self::password::PasswordError;
pub(crate) use self::password::{PASSWORD_FILE, USERNAME};
use self::{
    guard::{Guard, guard},
    history::History,
    listener::Transport,
    page::problem,
    password::Passwords,
};
use crate::config::InspectConfig;

/// The lowest priority; only on Linux, where niceness belongs to a thread, and the threads that it starts inherit it.
const NICENESS: i32 = 19;
/// Number of threads that read the index and the log.
const READERS: usize = 2;

/// The inspector, bound to its address.
pub(crate) struct Inspector {
    listener: TcpListener,
    guard: Arc<Guard>,
    inspected: Arc<Inspected>,
    /// The address without the password.
    link: String,
    transport: Transport,
}

/// What the pages show.
pub(crate) struct Inspected {
    index_file: PathBuf,
    history: Arc<History>,
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
        inspected: Inspected,
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
            inspected: Arc::new(inspected),
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
    pub(crate) fn start(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<JoinHandle<()>> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_name("inspector-reader")
            .max_blocking_threads(READERS)
            .build()?;
        let listener = self.listener.into_std()?;
        let history = self.inspected.history.clone();
        let router = router(self.inspected, self.guard);
        let transport = self.transport;
        thread::Builder::new().name("inspector".to_owned()).spawn(move || {
            let _ = rustix::process::nice(NICENESS);
            let served = runtime.block_on(async {
                tokio::spawn(history.follow());
                listener::serve(TcpListener::from_std(listener)?, transport, router, stop).await;
                Ok::<_, io::Error>(())
            });
            if let Err(error) = served {
                tracing::error!(%error, "the inspector cannot serve");
            }
        })
    }
}

impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspector").field("link", &self.link).finish_non_exhaustive()
    }
}

impl Inspected {
    /// `metrics` gives all metrics in the form that Prometheus reads; it may read files.
    pub(crate) fn new(index_file: PathBuf, metrics: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self { index_file, history: Arc::new(History::new(metrics)) }
    }

    /// Reads files on a thread that may wait for the disk.
    async fn read<T: Send + 'static>(self: Arc<Self>, read: impl FnOnce(&Self) -> T + Send + 'static) -> T {
        match tokio::task::spawn_blocking(move || read(&self)).await {
            Ok(read) => read,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

fn router(inspected: Arc<Inspected>, checks: Arc<Guard>) -> Router {
    let csrf = CsrfLayer::new().with_rejection_response(|_| cross_site());
    Router::new()
        .route("/", get(messages::list))
        .route("/overview", get(overview::show))
        .route("/contract", get(contract::clauses))
        .route("/samples/{name}", get(contract::sample))
        .route("/samples/{name}/raw", get(contract::raw_sample))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(inspected)
        .layer(csrf)
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(checks, guard))
}

fn cross_site() -> Response {
    problem(StatusCode::FORBIDDEN, "Another site sent this form", "Open the inspector's own page and try again there.")
}

async fn not_found() -> Response {
    problem(StatusCode::NOT_FOUND, "There is no such page", "The pages are in the navigation above.")
}

async fn method_not_allowed() -> Response {
    problem(StatusCode::METHOD_NOT_ALLOWED, "This page does not take this method", "Open it with GET.")
}
