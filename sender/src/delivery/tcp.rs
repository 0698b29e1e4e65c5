//! TCP: from a name to a connection with an address that may be called, with errors that say by their type what failed.

use std::{
    error::Error,
    fmt,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_util::{
    client::legacy::connect::{HttpConnector, dns::Name},
    rt::TokioIo,
};
use schemas::host::Host;
use tokio::net::TcpStream;
use tower::Service;

use super::{
    guard::{AddressGuard, unbracketed},
    resolver::Resolver,
};

pub(super) type BoxError = Box<dyn Error + Send + Sync>;
pub(super) type Connecting<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// TCP alone, so that its errors can be told from those of TLS.
#[derive(Clone, Debug)]
pub(super) struct Tcp {
    http: HttpConnector<Resolution>,
}

/// What failed before TLS began, or the time for all of it. TLS's own errors are those of rustls.
#[derive(Debug)]
pub(super) enum DialError {
    Guarded(IpAddr),
    /// The URL's host is neither a name nor an address.
    Host,
    Proxy {
        proxy: String,
        source: BoxError,
    },
    Resolve(io::Error),
    Tcp(BoxError),
    Timeout(Duration),
}

impl Tcp {
    /// The guard is asked about the addresses that a name leads to; without one every address may be called. An address in
    /// the URL is connected to without asking the resolver, so [`refused`] judges it.
    pub(super) fn new(resolver: Arc<dyn Resolver>, guard: Option<Arc<AddressGuard>>) -> Self {
        let mut http = HttpConnector::new_with_resolver(Resolution { resolver, guard });
        http.enforce_http(false);
        http.set_nodelay(true);
        Self { http }
    }
}

impl Service<Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = DialError;
    type Future = Connecting<Self::Response, DialError>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        self.http.poll_ready(cx).map_err(|error| DialError::Tcp(error.into()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.http.call(uri);
        Box::pin(async move {
            connecting.await.map_err(|error| {
                let not_resolved = error.source().and_then(|source| source.downcast_ref::<NotResolved>());
                match not_resolved {
                    Some(NotResolved::Guarded(address)) => DialError::Guarded(*address),
                    // `io::Error` cannot be cloned; its kind and words are all that is told of it.
                    Some(NotResolved::Failed(cause)) => {
                        DialError::Resolve(io::Error::new(cause.kind(), cause.to_string()))
                    }
                    None => DialError::Tcp(error.into()),
                }
            })
        })
    }
}

/// Why the host that a URL is written with may not be called: it is an address, in any spelling, that may not, or a number
/// that is not an address. Whoever connects may read it otherwise, so each reading counts.
pub(super) fn refused(guard: &AddressGuard, uri: &Uri) -> Option<DialError> {
    let host = uri.host()?;
    match Host::read(host) {
        Host::Name => None,
        Host::Address(addresses) => {
            let refused = addresses.into_iter().find(|address| !guard.allows(unbracketed(host), *address));
            refused.map(DialError::Guarded)
        }
        Host::Malformed => (!guard.allows_all()).then_some(DialError::Host),
    }
}

/// Names to addresses that may be called.
#[derive(Clone, Debug)]
struct Resolution {
    resolver: Arc<dyn Resolver>,
    guard: Option<Arc<AddressGuard>>,
}

#[derive(Debug)]
enum NotResolved {
    Failed(io::Error),
    Guarded(IpAddr),
}

impl Service<Name> for Resolution {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = NotResolved;
    type Future = Connecting<Self::Response, NotResolved>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NotResolved>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { resolver, guard } = self.clone();
        Box::pin(async move {
            let host = name.as_str();
            let found = resolver.resolve(host).await.map_err(NotResolved::Failed)?;
            let allows = |address: &IpAddr| guard.as_deref().is_none_or(|guard| guard.allows(host, *address));
            let (allowed, refused): (Vec<IpAddr>, Vec<IpAddr>) = found.into_iter().partition(allows);
            match refused.first() {
                Some(address) if allowed.is_empty() => Err(NotResolved::Guarded(*address)),
                // The port is put in by the connector.
                _ => Ok(allowed.into_iter().map(|address| SocketAddr::new(address, 0)).collect::<Vec<_>>().into_iter()),
            }
        })
    }
}

impl fmt::Display for NotResolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name could not be resolved")
    }
}

impl Error for NotResolved {}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Guarded(_) => "the address may not be called",
            Self::Host => "the URL's host ends in a number but is not an address",
            Self::Proxy { .. } => "no way through the proxy",
            Self::Resolve(_) => "the name could not be resolved",
            Self::Tcp(_) => "no TCP connection",
            Self::Timeout(_) => "no connection in time",
        })
    }
}

impl Error for DialError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Guarded(_) | Self::Host | Self::Timeout(_) => None,
            Self::Proxy { source, .. } => Some(&**source),
            Self::Resolve(error) => Some(error),
            Self::Tcp(error) => Some(&**error),
        }
    }
}
