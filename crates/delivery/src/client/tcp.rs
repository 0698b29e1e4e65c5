//! TCP: from a name to a connection with an allowed address, with typed errors.

use std::{
    error::Error,
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
use tokio::net::TcpStream;
use tower::Service;

use super::{guard::AddressGuard, resolver::Resolver};
use crate::url::without_brackets;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;
pub(super) type Connecting<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// TCP alone, so that its errors are distinct from those of TLS.
#[derive(Clone, Debug)]
pub(super) struct Tcp {
    http: HttpConnector<GuardedResolver>,
}

/// What failed before TLS began, or the time limit of the whole connection. TLS's own errors are those of rustls.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    #[error("the address is not allowed")]
    Guarded(IpAddr),
    #[error("no way through the proxy")]
    Proxy { proxy: String, source: BoxError },
    #[error("the name could not be resolved")]
    Resolve(#[source] io::Error),
    #[error("no TCP connection")]
    Tcp(#[source] BoxError),
    #[error("no connection in time")]
    Timeout(Duration),
}

impl Tcp {
    /// The guard checks resolved addresses; without a guard every address is allowed. An address in the URL is not
    /// resolved, so [`refused`] checks it.
    pub(super) fn new(resolver: Arc<dyn Resolver>, guard: Option<Arc<AddressGuard>>) -> Self {
        let mut http = HttpConnector::new_with_resolver(GuardedResolver { resolver, guard });
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
                let not_resolved = error.source().and_then(|source| source.downcast_ref::<ResolveError>());
                match not_resolved {
                    Some(ResolveError::Guarded(address)) => DialError::Guarded(*address),
                    // `io::Error` is not `Clone`; only its kind and message are reported.
                    Some(ResolveError::Failed(cause)) => {
                        DialError::Resolve(io::Error::new(cause.kind(), cause.to_string()))
                    }
                    None => DialError::Tcp(error.into()),
                }
            })
        })
    }
}

/// Why the URL's host may not be connected to, where it is an address.
pub(super) fn refused(guard: &AddressGuard, uri: &Uri) -> Option<DialError> {
    let host = without_brackets(uri.host()?);
    let address = host.parse().ok()?;
    (!guard.allows(host, address)).then_some(DialError::Guarded(address))
}

/// Resolves names to allowed addresses.
#[derive(Clone, Debug)]
struct GuardedResolver {
    resolver: Arc<dyn Resolver>,
    guard: Option<Arc<AddressGuard>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the name could not be resolved")]
enum ResolveError {
    Failed(io::Error),
    Guarded(IpAddr),
}

impl Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = ResolveError;
    type Future = Connecting<Self::Response, ResolveError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ResolveError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { resolver, guard } = self.clone();
        Box::pin(async move {
            let host = name.as_str();
            let found = resolver.resolve(host).await.map_err(ResolveError::Failed)?;
            let allows = |address: &IpAddr| guard.as_deref().is_none_or(|guard| guard.allows(host, *address));
            let (allowed, refused): (Vec<IpAddr>, Vec<IpAddr>) = found.into_iter().partition(allows);
            match refused.first() {
                Some(address) if allowed.is_empty() => Err(ResolveError::Guarded(*address)),
                // The connector sets the port.
                _ => Ok(allowed.into_iter().map(|address| SocketAddr::new(address, 0)).collect::<Vec<_>>().into_iter()),
            }
        })
    }
}
