//! What requests and new connections are judged by at present. It is replaced whole, so that a request sees wholly the
//! old or wholly the new; one that has begun ends with what it began with.

use std::sync::{Arc, PoisonError, RwLock};

use ipnet::IpNet;
use jiff::Timestamp;
use tokio_rustls::TlsAcceptor;

use crate::{
    config::{Config, Tls},
    endpoint::Endpoints,
    log::MessageLog,
};

/// All that can change while the server runs.
#[derive(Debug)]
pub(super) struct Rules<L> {
    pub(super) endpoints: Endpoints<L>,
    pub(super) trusted_proxies: Vec<IpNet>,
    pub(super) tls: Option<Acceptor>,
    /// The last moment of the certificate, if there is one.
    pub(super) certificate_ends: Option<Timestamp>,
}

/// Takes TLS handshakes.
#[derive(Clone)]
pub(super) struct Acceptor(pub(super) TlsAcceptor);

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor")
    }
}

/// The rules that hold at present.
#[derive(Debug)]
pub(super) struct Current<L>(RwLock<Arc<Rules<L>>>);

impl<L: MessageLog> Rules<L> {
    pub(super) fn new(endpoints: Endpoints<L>, config: &Config) -> Self {
        let tls = config.tls.as_ref().map(|tls| Acceptor(tls.server().into()));
        let certificate_ends = config.tls.as_ref().and_then(Tls::ends);
        Self { endpoints, trusted_proxies: config.trusted_proxies.clone(), tls, certificate_ends }
    }
}

impl<L: MessageLog> Current<L> {
    pub(super) fn new(rules: Rules<L>) -> Self {
        Self(RwLock::new(Arc::new(rules)))
    }

    pub(super) fn rules(&self) -> Arc<Rules<L>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets another configuration hold from now on.
    pub(super) fn replace(&self, config: &Config) {
        let endpoints = self.rules().endpoints.replaced_by(config.endpoints_by_path());
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Rules::new(endpoints, config));
    }
}
