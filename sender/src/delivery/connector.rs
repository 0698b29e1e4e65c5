//! The connector: name, TCP and TLS, within one time limit, with errors that say by their type which of them failed.

use std::{
    error::Error,
    fmt,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::legacy::connect::{HttpConnector, dns::Name},
    rt::TokioIo,
};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower::Service;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;
type Connecting<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// Connects to an endpoint.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    https: HttpsConnector<Tcp>,
    within: Duration,
}

/// What failed before TLS began, or the time for all of it. TLS's own errors are those of rustls.
#[derive(Debug)]
pub(super) enum DialError {
    Resolve(io::Error),
    Tcp(BoxError),
    Timeout(Duration),
}

impl Connector {
    pub(super) fn new(tls: ClientConfig, within: Duration) -> Self {
        let mut http = HttpConnector::new_with_resolver(Resolver);
        http.enforce_http(false);
        http.set_nodelay(true);
        Self { https: HttpsConnector::from((Tcp(http), tls)), within }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Connecting<Self::Response, BoxError>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, within) = (self.https.call(uri), self.within);
        Box::pin(async move {
            let connected = tokio::time::timeout(within, connecting).await;
            connected.unwrap_or_else(|_| Err(DialError::Timeout(within).into()))
        })
    }
}

/// TCP alone, so that its errors can be told from those of TLS.
#[derive(Clone, Debug)]
struct Tcp(HttpConnector<Resolver>);

impl Service<Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = DialError;
    type Future = Connecting<Self::Response, DialError>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        self.0.poll_ready(cx).map_err(|error| DialError::Tcp(error.into()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.0.call(uri);
        Box::pin(async move {
            connecting.await.map_err(|error| {
                let not_resolved = error.source().and_then(|source| source.downcast_ref::<NotResolved>());
                match not_resolved {
                    // `io::Error` cannot be cloned; its kind and words are all that is told of it.
                    Some(NotResolved(cause)) => DialError::Resolve(io::Error::new(cause.kind(), cause.to_string())),
                    None => DialError::Tcp(error.into()),
                }
            })
        })
    }
}

/// The platform's resolver, with an error that can be recognised.
#[derive(Clone, Debug)]
struct Resolver;

#[derive(Debug)]
struct NotResolved(io::Error);

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = NotResolved;
    type Future = Connecting<Self::Response, NotResolved>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NotResolved>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(NotResolved)?;
            Ok(addresses.collect::<Vec<_>>().into_iter())
        })
    }
}

impl fmt::Display for NotResolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name could not be resolved")
    }
}

impl Error for NotResolved {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve(_) => "the name could not be resolved",
            Self::Tcp(_) => "no TCP connection",
            Self::Timeout(_) => "no connection in time",
        })
    }
}

impl Error for DialError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Resolve(error) => Some(error),
            Self::Tcp(error) => Some(&**error),
            Self::Timeout(_) => None,
        }
    }
}
