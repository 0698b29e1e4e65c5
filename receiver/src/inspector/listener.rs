//! The accept loop of the inspector: few connections, with deadlines, so that what its clients can hold is small.

use std::{io, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

/// Maximum number of connections at a time; further ones wait.
const MAX_CONNECTIONS: usize = 64;
/// Maximum time for a TLS handshake, for the header section of a request, and between two requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_HEADER_BYTES: usize = 64 << 10;
/// Maximum time for open requests to finish at shutdown.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);
/// How long to wait if the operating system has no file descriptor for a new connection.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Takes the TLS handshakes of new connections.
pub(super) enum Transport {
    Plain,
    /// The acceptor may change with the configuration. Without one, connections are closed.
    Tls(Box<dyn Fn() -> Option<TlsAcceptor> + Send>),
}

/// Serves until `stop`, then lets open requests finish.
pub(super) async fn serve(listener: TcpListener, transport: Transport, router: Router, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(MAX_HEADER_BYTES);
    let mut stop = pin!(stop);
    loop {
        let accepted = async {
            let permit = permits.clone().acquire_owned().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>((listener.accept().await?.0, permit))
        };
        let (stream, permit) = tokio::select! {
            () = &mut stop => break,
            accepted = accepted => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection of the inspector failed");
                    tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                    continue;
                }
            },
        };
        let acceptor = match &transport {
            Transport::Plain => None,
            Transport::Tls(acceptor) => match acceptor() {
                Some(acceptor) => Some(acceptor),
                None => continue,
            },
        };
        let (builder, router, watcher) = (builder.clone(), router.clone(), graceful.watcher());
        tokio::spawn(async move {
            connection(stream, acceptor, builder, router, watcher).await;
            drop(permit);
        });
    }
    drop(listener);
    // Whatever has not finished is cut off with the runtime.
    let _ = timeout(DRAIN_TIMEOUT, graceful.shutdown()).await;
}

async fn connection(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    builder: http1::Builder,
    router: Router,
    watcher: Watcher,
) {
    // A client that has gone away needs no answer, and neither does one that speaks no TLS.
    match acceptor {
        None => respond(stream, builder, router, watcher).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) = timeout(HEADER_TIMEOUT, acceptor.accept(stream)).await {
                respond(stream, builder, router, watcher).await;
            }
        }
    }
}

async fn respond<S>(stream: S, builder: http1::Builder, router: Router, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let _ = watcher.watch(connection).await;
}
