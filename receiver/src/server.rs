//! The server: listeners, connections, health, access log, reload and shutdown.

mod accept;
mod access_log;
mod admin;
mod connection;
mod data;
mod health;
mod listener;
mod log_watch;
mod peer;
mod reload;
mod retention;
mod service;
mod state;
pub(crate) mod systemd;

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{net::TcpListener, sync::watch};

pub(crate) use self::data::IndexLock;
pub use self::data::{DataFolder, DataFolderError};
use self::{
    access_log::AccessLog,
    connection::{buffers::BufferLimits, eviction::Connections},
    health::HealthState,
    reload::Reloader,
    state::{ServerState, SharedConfig},
};
#[cfg(feature = "inspect")]
pub use crate::inspector::PasswordError;
#[cfg(feature = "inspect")]
use crate::inspector::{Inspected, InspectedParts, Inspector};
#[cfg(feature = "relay")]
use crate::relay::Relay;
use crate::{
    config::Config,
    index::{Index, IndexError, Indexer},
    ingest::{AdmissionLimits, Pipeline},
    line_writer::FlushGuard,
    log::{Recovery, SegmentOptions, SegmentedLog},
    metrics::Metrics,
    refusals::{RefusalWorker, Refusals},
};

/// A server that is bound to its address and has its log open.
pub struct Server {
    listener: TcpListener,
    admin: Option<TcpListener>,
    #[cfg(feature = "inspect")]
    inspector: Option<Inspector>,
    state: Arc<ServerState>,
    log: Arc<SegmentedLog>,
    #[cfg(feature = "relay")]
    relay: Relay,
    indexer: Indexer,
    health: Arc<HealthState>,
    recovery: Recovery,
    config: Config,
    // Prints what is left when it is dropped.
    _payloads: Option<FlushGuard>,
    // Saves what is left when it is dropped.
    _refusals: RefusalWorker,
    // Locks the folder as long as the server lives.
    _data: DataFolder,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
    #[error(transparent)]
    Data(#[from] DataFolderError),
    #[error("cannot open the log in {}: {source}", folder.display())]
    Log { folder: PathBuf, source: io::Error },
    #[error("cannot open the index {}: {source}", file.display())]
    Index { file: PathBuf, source: IndexError },
    #[cfg(feature = "inspect")]
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[cfg(feature = "relay")]
    #[error(transparent)]
    Relay(#[from] crate::relay::store::StoreError),
}

impl Server {
    /// Binds the listeners and opens the log and the index.
    pub async fn bind(config: Config) -> Result<Self, StartError> {
        let listen = |address| listener::bind(address).map_err(|source| StartError::Listen { address, source });
        let listener = listen(config.listen)?;
        let admin = config.admin.map(listen).transpose()?;
        #[cfg(feature = "inspect")]
        let inspect = config.inspect.as_ref().map(|inspect| listen(inspect.address)).transpose()?;
        let mut data = DataFolder::open(&config.data_dir)?;
        let limits = listener::within_descriptors(config.limits);
        let default = SegmentOptions::default();
        // A body of the maximum size must fit in the queue next to another one, even if its header repeats all of it. Otherwise
        // it would be refused forever.
        let queue_bytes = default.queue_bytes.max(limits.body_bytes.saturating_mul(3));
        let options = SegmentOptions { queue_bytes, retention: config.retention, ..default };
        let (log, recovery) = SegmentedLog::open(&data.log(), options)
            .map_err(|source| StartError::Log { folder: data.log(), source })?;
        let log = Arc::new(log);
        data.take_index().map_err(|source| DataFolderError::Io { folder: config.data_dir.clone(), source })?;
        let index = Index::open_behind(&data.index(), &log.identity())
            .map_err(|source| StartError::Index { file: data.index(), source })?;
        let names: Vec<&str> = config.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
        let metrics = Arc::new(Metrics::new(names.iter().copied(), log.metrics()));
        let admission = Arc::new(AdmissionLimits::new(limits.requests, limits.bodies_bytes));
        let (access_log, payloads) = AccessLog::new(config.log_payloads).map_err(StartError::Thread)?;
        let (refusals, refusal_worker) =
            Refusals::open(DataFolder::refusals_in(&config.data_dir), metrics.dropped_refusals())
                .map_err(StartError::Thread)?;
        let state = Arc::new(ServerState {
            config: SharedConfig::new(&config),
            pipeline: Pipeline::new(log.clone(), admission.clone(), limits.body_timeout),
            connections: Connections::new(limits.connections, metrics.clone()),
            buffers: BufferLimits::new(limits.header_bytes),
            access_log,
            refusals,
            metrics,
            limits,
        });
        let profiles = state.config.clone();
        let indexer = Indexer::with_lookup(index, Box::new(move |endpoint| profiles.profile(endpoint)));
        #[cfg(feature = "relay")]
        let relay = Relay::open(
            &DataFolder::relay_in(&config.data_dir),
            log.clone(),
            &names,
            config.destinations.clone(),
            state.metrics.relay(),
        )?;
        let health = Arc::new(HealthState {
            server: state.clone(),
            #[cfg(feature = "relay")]
            relay: relay.progress(),
            log: log.clone(),
            data_dir: config.data_dir.clone(),
            index: indexer.progress(),
            admission,
            draining: AtomicBool::new(false),
        });
        #[cfg(feature = "inspect")]
        let inspector = match (&config.inspect, inspect) {
            (Some(inspect), Some(listener)) => {
                let shared = state.config.clone();
                let acceptor = move || shared.load().inspector_tls.clone();
                Some(Inspector::new(
                    inspect,
                    config.behind_tls_proxy,
                    listener,
                    &config.data_dir,
                    config.tls.as_ref().map(|_| Box::new(acceptor) as _),
                )?)
            }
            _ => None,
        };
        Ok(Self {
            listener,
            admin,
            #[cfg(feature = "inspect")]
            inspector,
            state,
            log,
            #[cfg(feature = "relay")]
            relay,
            indexer,
            health,
            recovery,
            config,
            _payloads: payloads,
            _refusals: refusal_worker,
            _data: data,
        })
    }

    /// The address of the listener; useful if the configuration has port 0.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    pub(crate) fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref().and_then(|admin| admin.local_addr().ok())
    }

    /// The inspector, if there is one.
    #[cfg(feature = "inspect")]
    pub(crate) fn inspector(&self) -> Option<&Inspector> {
        self.inspector.as_ref()
    }

    /// Changes the server's endpoints, credentials and certificate while it is running.
    pub(crate) fn reloader(&self) -> Reloader {
        Reloader::new(
            self.state.config.clone(),
            #[cfg(feature = "relay")]
            self.relay.handle(),
            self.config.clone(),
            self.state.metrics.clone(),
        )
    }

    pub(crate) fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// Serves until `shutdown`, then answers the requests that have begun, syncs and ends. The admin listener is served until
    /// everything else has ended.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<ShutdownReport> {
        let (log, health) = (self.log, self.health);
        let reader = log.read(self.indexer.position())?;
        let (stop, stopped) = watch::channel(());
        let ended = |mut stopped: watch::Receiver<()>| async move { drop(stopped.changed().await) };
        let indexing = self.indexer.follow_behind(reader, log.subscribe(), ended(stopped.clone()))?;
        #[cfg(feature = "inspect")]
        let inspecting = match self.inspector {
            None => None,
            Some(inspector) => {
                let (config, metrics) = (self.state.config.clone(), health.clone());
                let parts = InspectedParts {
                    config: Box::new(move || config.load().config.clone()),
                    log: log.clone(),
                    index_file: DataFolder::index_in(&self.config.data_dir),
                    relay_folder: DataFolder::relay_in(&self.config.data_dir),
                    refusals: self.state.refusals.clone(),
                    progress: health.index.clone(),
                    listen: self.listener.local_addr()?,
                };
                let inspected = Inspected::new(parts, move || metrics.render_metrics());
                Some(inspector.start(inspected, ended(stopped.clone()))?)
            }
        };
        let watching = tokio::spawn(log_watch::run(log.clone(), ended(stopped.clone())));
        let retaining = tokio::spawn(retention::run(log.clone(), self.config.retention, ended(stopped)));
        #[cfg(feature = "relay")]
        let (stop_relay, relay_stopped) = watch::channel(());
        #[cfg(feature = "relay")]
        let relaying = self.relay.start(ended(relay_stopped), self.config.limits.drain_timeout)?;
        let (stop_admin, admin_stopped) = watch::channel(());
        let admin = self.admin.map(|admin| tokio::spawn(admin::run(admin, health.clone(), ended(admin_stopped))));
        let shutdown = async {
            shutdown.await;
            health.draining.store(true, Ordering::Relaxed);
            #[cfg(feature = "relay")]
            drop(stop_relay);
        };
        let cut = accept::run(self.listener, self.state, shutdown).await;
        drop(stop);
        // The folder stays locked until the index is closed too.
        let joined = tokio::task::spawn_blocking(move || indexing.join()).await.map_err(io::Error::other)?;
        joined.map_err(|_| io::Error::other("the thread of the index panicked"))?;
        #[cfg(feature = "inspect")]
        if let Some(inspecting) = inspecting {
            tokio::task::spawn_blocking(move || inspecting.join())
                .await
                .map_err(io::Error::other)?
                .map_err(|_| io::Error::other("the thread of the inspector panicked"))?;
        }
        #[cfg(feature = "relay")]
        tokio::task::spawn_blocking(move || relaying.join())
            .await
            .map_err(io::Error::other)?
            .map_err(|_| io::Error::other("the thread of the relay panicked"))?;
        retaining.await.map_err(io::Error::other)?;
        watching.await.map_err(io::Error::other)?;
        drop(stop_admin);
        if let Some(admin) = admin {
            admin.await.map_err(io::Error::other)?;
        }
        drop(health);
        // The last owner of the log: dropping it writes what is queued and waits for the sync.
        tokio::task::spawn_blocking(move || drop(log)).await.map_err(io::Error::other)?;
        Ok(ShutdownReport { cut })
    }
}

/// The result of a shutdown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct ShutdownReport {
    /// Number of connections that were closed because their requests had not finished within `drain_timeout`.
    pub cut: usize,
}
