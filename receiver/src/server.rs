//! The server: listener, connections with deadlines, answers, log lines, graceful end.

mod accept;
mod admin;
mod buffers;
mod connection;
mod connections;
mod current;
mod data;
mod descriptors;
mod hello;
mod http1;
mod http2;
mod listen;
mod peer;
mod presence;
mod raw_head;
mod refusal;
mod reload;
mod request_line;
mod retention;
mod service;
mod stage;
pub(crate) mod supervisor;
mod timed;
mod vitals;

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

use self::{
    connections::Connections,
    current::{Current, Rules},
    vitals::Vitals,
};
pub use self::{
    data::{DataFolder, DataFolderError, IndexLock},
    reload::{ApplyError, InTheClear, Reloader},
};
#[cfg(feature = "relay")]
use crate::relay::{Destinations, Relay};
use crate::{
    config::Config,
    endpoint::{Endpoints, Room},
    index::{Index, IndexError, Indexer, Profiles},
    log::{MessageLog as _, Recovery, SegmentOptions, Segments},
    metrics::Metrics,
};

/// A server that is bound to its address and has its log open.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    admin: Option<TcpListener>,
    current: Arc<Current<Segments>>,
    profiles: watch::Sender<Profiles>,
    #[cfg(feature = "relay")]
    destinations: watch::Sender<Destinations>,
    #[cfg(feature = "relay")]
    relay: Relay,
    indexer: Indexer,
    vitals: Vitals,
    recovery: Recovery,
    config: Config,
    // Keeps other receivers out of the folder as long as the server lives.
    _data: DataFolder,
}

/// The server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The data folder cannot be used.
    #[error(transparent)]
    Data(#[from] DataFolderError),
    /// The log cannot be opened.
    #[error("cannot open the log in {}: {source}", folder.display())]
    Log {
        /// Its folder.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The index cannot be opened.
    #[error("cannot open the index {}: {source}", file.display())]
    Index {
        /// Its file.
        file: PathBuf,
        /// Why not.
        source: IndexError,
    },
    /// The relay's store cannot be opened.
    #[cfg(feature = "relay")]
    #[error(transparent)]
    Relay(#[from] crate::relay::store::StoreError),
}

impl Server {
    /// Binds the listeners and opens the log and the index.
    ///
    /// # Errors
    /// When the address is taken, or the data folder cannot be used.
    pub async fn bind(config: Config) -> Result<Self, StartError> {
        let listen = |address| listen::bind(address).map_err(|source| StartError::Listen { address, source });
        let listener = listen(config.listen)?;
        let admin = config.admin.map(listen).transpose()?;
        let mut data = DataFolder::open(&config.data_dir)?;
        let limits = descriptors::within(config.limits);
        let default = SegmentOptions::default();
        // A body of any size that the limits allow must fit beside another, also where its header repeats all of it, or it
        // would be refused for ever.
        let queue_bytes = default.queue_bytes.max(limits.body_bytes.saturating_mul(3));
        let options = SegmentOptions { queue_bytes, retention: config.retention, ..default };
        let (log, recovery) =
            Segments::open(&data.log(), options).map_err(|source| StartError::Log { folder: data.log(), source })?;
        let log = Arc::new(log);
        data.take_index().map_err(|source| DataFolderError::Io { folder: config.data_dir.clone(), source })?;
        let index = Index::open_behind(&data.index(), &log.identity())
            .map_err(|source| StartError::Index { file: data.index(), source })?;
        let profiles = watch::Sender::new(config.profiles());
        let indexer = Indexer::following(index, profiles.subscribe());
        let room = Arc::new(Room::new(limits.requests, limits.bodies_bytes));
        let endpoints = Endpoints::new(config.endpoints_by_path(), log.clone(), limits.body_timeout, room.clone());
        let current = Arc::new(Current::new(Rules::new(endpoints, &config)));
        let names: Vec<&str> = config.endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
        let metrics = Arc::new(Metrics::new(names.iter().copied(), log.metrics()));
        #[cfg(feature = "relay")]
        let destinations = watch::Sender::new(config.destinations.clone());
        #[cfg(feature = "relay")]
        let relay = Relay::open(
            &DataFolder::relay_in(&config.data_dir),
            log.clone(),
            &names,
            destinations.subscribe(),
            metrics.relay(),
        )?;
        let vitals = Vitals {
            metrics: metrics.clone(),
            #[cfg(feature = "relay")]
            relay: relay.headway(),
            current: current.clone(),
            log,
            data_dir: config.data_dir.clone(),
            index: indexer.headway(),
            connections: Connections::new(limits.connections, limits.header_bytes, metrics),
            room,
            limits,
            draining: AtomicBool::new(false),
        };
        Ok(Self {
            listener,
            admin,
            current,
            profiles,
            #[cfg(feature = "relay")]
            destinations,
            #[cfg(feature = "relay")]
            relay,
            indexer,
            vitals,
            recovery,
            config,
            _data: data,
        })
    }

    /// The address that it listens on; useful when port 0 was asked for.
    ///
    /// # Errors
    /// When the operating system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The address of the admin listener, if there is one.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref().and_then(|admin| admin.local_addr().ok())
    }

    /// What changes the server's endpoints, credentials and certificate while it runs.
    pub fn reloader(&self) -> Reloader {
        let metrics = self.vitals.metrics.clone();
        Reloader::new(
            &self.current,
            self.profiles.clone(),
            #[cfg(feature = "relay")]
            (self.destinations.clone(), self.relay.handle()),
            self.config.clone(),
            metrics,
        )
    }

    /// What the start found in the log.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// Serves until `shutdown`, then answers what has begun, syncs and ends. The admin listener answers as long as there
    /// is something to tell.
    ///
    /// # Errors
    /// When the log cannot be read for the index, or the index gets no thread.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<Ended> {
        let vitals = Arc::new(self.vitals);
        let log = vitals.log.clone();
        let reader = log.read(self.indexer.position())?;
        let (stop, stopped) = watch::channel(());
        let ended = |mut stopped: watch::Receiver<()>| async move { drop(stopped.changed().await) };
        let following = self.indexer.follow_behind(reader, log.news(), ended(stopped.clone()))?;
        let looking = tokio::spawn(presence::run(log.clone(), ended(stopped.clone())));
        let retaining = tokio::spawn(retention::run(log.clone(), self.config.retention, ended(stopped)));
        #[cfg(feature = "relay")]
        let (stop_relay, relay_stopped) = watch::channel(());
        #[cfg(feature = "relay")]
        let relaying = self.relay.start(ended(relay_stopped), self.config.limits.drain_timeout)?;
        let (stop_admin, admin_stopped) = watch::channel(());
        let admin = self.admin.map(|admin| tokio::spawn(admin::run(admin, vitals.clone(), ended(admin_stopped))));
        let shutdown = async {
            shutdown.await;
            vitals.draining.store(true, Ordering::Relaxed);
            #[cfg(feature = "relay")]
            drop(stop_relay);
        };
        let (connections, metrics) = (vitals.connections.clone(), vitals.metrics.clone());
        let cut = accept::run(self.listener, self.current, connections, metrics, &self.config, shutdown).await;
        drop(stop);
        // The folder stays locked until the index is closed too.
        let joined = tokio::task::spawn_blocking(move || following.join()).await.map_err(io::Error::other)?;
        joined.map_err(|_| io::Error::other("the index's thread panicked"))?;
        #[cfg(feature = "relay")]
        tokio::task::spawn_blocking(move || relaying.join())
            .await
            .map_err(io::Error::other)?
            .map_err(|_| io::Error::other("the relay's thread panicked"))?;
        retaining.await.map_err(io::Error::other)?;
        looking.await.map_err(io::Error::other)?;
        drop(stop_admin);
        if let Some(admin) = admin {
            admin.await.map_err(io::Error::other)?;
        }
        drop(vitals);
        // The last owner of the log: dropping it writes what is queued and waits for the sync.
        tokio::task::spawn_blocking(move || drop(log)).await.map_err(io::Error::other)?;
        Ok(Ended { cut })
    }
}

/// How a server ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Ended {
    /// Connections that were cut because their requests had not ended within `drain_timeout`.
    pub cut: usize,
}
