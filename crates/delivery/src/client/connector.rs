//! Connects: name, TCP, proxy and TLS, within one time limit.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Uri, uri::Scheme};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::legacy::connect::{Connected, Connection, proxy::Tunnel},
    rt::TokioIo,
};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower::Service;

use super::{
    guard::AddressGuard,
    options::ClientOptions,
    proxy::{Proxy, Route},
    tcp::{BoxError, Connecting, DialError, Tcp, refused},
};
use crate::tls;

#[derive(Clone, Debug)]
pub(super) struct Connector {
    direct: HttpsConnector<Tcp>,
    to_proxy: HttpsConnector<Tcp>,
    tls: Arc<ClientConfig>,
    proxy: Proxy,
    guard: Arc<AddressGuard>,
    timeout: Duration,
}

type ProxyHop = MaybeHttpsStream<TokioIo<TcpStream>>;

/// A connection for HTTP/1.1, directly or through a proxy.
#[derive(Debug)]
pub(super) struct ProxiedStream {
    stream: MaybeHttpsStream<ProxyHop>,
    /// Whether a proxy reads the requests, which then have the absolute form.
    to_proxy: bool,
}

impl Connector {
    /// Reads the platform's roots.
    ///
    /// # Errors
    /// When TLS cannot be set up at all.
    pub(super) fn new(options: &ClientOptions) -> Result<Self, rustls::Error> {
        let (tls, guard) = (Arc::new(tls::client_config(&options.extra_roots)?), Arc::new(options.guard.clone()));
        let direct = Tcp::new(Arc::clone(&options.resolver), Some(Arc::clone(&guard)));
        // A configured proxy is allowed, and commonly has a private address.
        let to_proxy = Tcp::new(Arc::clone(&options.resolver), None);
        Ok(Self {
            direct: HttpsConnector::from((direct, Arc::clone(&tls))),
            to_proxy: HttpsConnector::from((to_proxy, Arc::clone(&tls))),
            tls,
            proxy: options.proxy.clone(),
            guard,
            timeout: options.connect_timeout,
        })
    }

    fn through(&self, route: Route, uri: Uri) -> Connecting<ProxiedStream, BoxError> {
        let proxy = route.name();
        let failed = move |source: BoxError| DialError::Proxy { proxy: proxy.clone(), source };
        if !route.is_http() {
            return Box::pin(async move { Err(failed("only http and https proxies can be used".into()).into()) });
        }
        let mut to_proxy = self.to_proxy.clone();
        if uri.scheme() == Some(&Scheme::HTTP) {
            let connecting = to_proxy.call(route.uri);
            return Box::pin(async move {
                let hop = connecting.await.map_err(failed)?;
                Ok(ProxiedStream { stream: MaybeHttpsStream::Http(hop), to_proxy: true })
            });
        }
        let mut tunnel = Tunnel::new(route.uri, to_proxy);
        if let Some(authorization) = route.authorization {
            tunnel = tunnel.with_auth(authorization);
        }
        let tunnel = tower::util::MapErr::new(tunnel, move |error| failed(BoxError::from(error)));
        let mut https = HttpsConnector::from((tunnel, Arc::clone(&self.tls)));
        let connecting = https.call(uri);
        Box::pin(async move { Ok(ProxiedStream { stream: connecting.await?, to_proxy: false }) })
    }
}

impl Service<Uri> for Connector {
    type Response = ProxiedStream;
    type Error = BoxError;
    type Future = Connecting<ProxiedStream, BoxError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // Neither the resolver nor TCP applies back-pressure.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        if let Some(refused) = refused(&self.guard, &uri) {
            return Box::pin(async move { Err(refused.into()) });
        }
        let connecting = match self.proxy.route(&uri) {
            Some(route) => self.through(route, uri),
            None => {
                let connecting = self.direct.call(uri);
                Box::pin(async move {
                    Ok(ProxiedStream { stream: MaybeHttpsStream::Http(connecting.await?), to_proxy: false })
                })
            }
        };
        let timeout = self.timeout;
        Box::pin(async move {
            let connected = tokio::time::timeout(timeout, connecting).await;
            connected.unwrap_or_else(|_| Err(DialError::Timeout(timeout).into()))
        })
    }
}

impl Connection for ProxiedStream {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.to_proxy)
    }
}

impl Read for ProxiedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl Write for ProxiedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }
}
