//! What the server's tasks share: the configuration that a reload replaces, and what stays as it was at the start.

use std::sync::Arc;

use ipnet::IpNet;
use jiff::Timestamp;
use schemas::Profile;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::{
    access_log::AccessLog,
    connection::{buffers::BufferLimits, eviction::Connections},
};
use crate::{
    config::{Config, Limits, ListenerTls},
    index::Profiles,
    ingest::{Endpoints, Pipeline},
    metrics::Metrics,
    refusals::{RefusalContext, Refusals},
};

/// What connections and requests are served with.
pub(super) struct ServerState {
    pub(super) config: SharedConfig,
    pub(super) pipeline: Pipeline,
    pub(super) connections: Arc<Connections>,
    pub(super) buffers: BufferLimits,
    pub(super) access_log: AccessLog,
    pub(super) refusals: Refusals,
    pub(super) metrics: Arc<Metrics>,
    pub(super) limits: Limits,
}

/// The part of the configuration that a reload can change.
pub(super) struct RuntimeConfig {
    pub(super) endpoints: Endpoints,
    pub(super) trusted_proxies: Vec<IpNet>,
    pub(super) tls: Option<TlsAcceptor>,
    /// For the inspector, which has no HTTP/2.
    #[cfg(feature = "inspect")]
    pub(super) inspector_tls: Option<TlsAcceptor>,
    pub(super) certificate_ends: Option<Timestamp>,
    pub(super) refusals: Arc<RefusalContext>,
    profiles: Profiles,
    /// All of it, for the inspector.
    #[cfg(feature = "inspect")]
    pub(super) config: Arc<Config>,
}

/// The current [`RuntimeConfig`]. It is replaced as a whole, so a request sees all of the old or all of the new one; a request
/// that has begun ends with what it began with.
#[derive(Clone)]
pub(super) struct SharedConfig(Arc<watch::Sender<Arc<RuntimeConfig>>>);

impl RuntimeConfig {
    fn new(config: &Config) -> Self {
        Self {
            endpoints: config.build_endpoints(),
            trusted_proxies: config.trusted_proxies.clone(),
            tls: config.tls.as_ref().map(|tls| tls.server().into()),
            #[cfg(feature = "inspect")]
            inspector_tls: config.tls.as_ref().map(|tls| tls.http1_server().into()),
            certificate_ends: config.tls.as_ref().and_then(ListenerTls::ends),
            refusals: Arc::new(config.refusal_context()),
            profiles: config.profiles(),
            #[cfg(feature = "inspect")]
            config: Arc::new(config.clone()),
        }
    }
}

impl SharedConfig {
    pub(super) fn new(config: &Config) -> Self {
        Self(Arc::new(watch::Sender::new(Arc::new(RuntimeConfig::new(config)))))
    }

    pub(super) fn load(&self) -> Arc<RuntimeConfig> {
        self.0.borrow().clone()
    }

    pub(super) fn replace(&self, config: &Config) {
        self.0.send_replace(Arc::new(RuntimeConfig::new(config)));
    }

    pub(super) fn profile(&self, endpoint: &str) -> Option<Profile> {
        self.0.borrow().profiles.get(endpoint).cloned()
    }
}
