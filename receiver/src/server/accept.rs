//! The accept loop, and the drain when the server shuts down.

use std::{pin::pin, sync::Arc, time::Duration};

use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{connection, peer::canonical, service::Service, state::ServerState};

/// How long to wait if the operating system has no file descriptor for a new connection.
pub(super) const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Accepts connections until `shutdown`, then lets those with a request finish. Returns the number of connections that had
/// not finished within `drain_timeout`.
pub(super) async fn run(listener: TcpListener, server: Arc<ServerState>, shutdown: impl Future<Output = ()>) -> usize {
    let (tasks, draining) = (TaskTracker::new(), CancellationToken::new());
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, canonical(peer)),
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                continue;
            }
        };
        let guard = tokio::select! {
            guard = server.connections.register() => guard,
            () = &mut shutdown => break,
        };
        let service = Service { server: server.clone(), connection: guard.connection.clone(), peer };
        let draining = draining.clone();
        tasks.spawn(async move {
            connection::serve(stream, service, draining).await;
            drop(guard);
        });
    }
    drop(listener);
    draining.cancel();
    tasks.close();
    server.connections.close_idle();
    match tokio::time::timeout(server.limits.drain_timeout, tasks.wait()).await {
        Ok(()) => 0,
        Err(_) => server.connections.count(),
    }
}
