//! The options of a client.

use std::{sync::Arc, time::Duration};

use http::HeaderValue;
use rustls::pki_types::CertificateDer;

use super::{
    guard::AddressGuard,
    proxy::Proxy,
    resolver::{Resolver, SystemResolver},
};

/// The default `user-agent` of a request.
pub const USER_AGENT: &str = concat!("webhook-sender/", env!("CARGO_PKG_VERSION"));

/// How a [`Client`](super::Client) delivers.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Time limit of a delivery, from resolving the name to the end of the answer. By default 30 s.
    pub timeout: Duration,
    /// Time limit of the connection: name, TCP, proxy and TLS together. By default 10 s; `timeout` applies too.
    pub connect_timeout: Duration,
    /// Certificates to trust in addition to the platform's (see [`crate::roots_from_pem`]).
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Maximum number of idle connections for each host, kept for 4 s. With 0, each request has its own connection. By
    /// default 64.
    pub max_idle_per_host: usize,
    /// The `user-agent` of requests that have none; [`USER_AGENT`] where this is `None`.
    pub user_agent: Option<HeaderValue>,
    /// The proxy, by default none. The guard does not see what a proxy connects to, so it then checks only an address
    /// in the URL.
    pub proxy: Proxy,
    /// Which addresses may be connected to; by default only public ones.
    pub guard: AddressGuard,
    /// How names are resolved; by default by the platform.
    pub resolver: Arc<dyn Resolver>,
}

impl ClientOptions {
    pub(crate) fn user_agent(&self) -> HeaderValue {
        self.user_agent.clone().unwrap_or_else(|| HeaderValue::from_static(USER_AGENT))
    }
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            extra_roots: Vec::new(),
            max_idle_per_host: 64,
            user_agent: None,
            proxy: Proxy::none(),
            guard: AddressGuard::default(),
            resolver: Arc::new(SystemResolver),
        }
    }
}
