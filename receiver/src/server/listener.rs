//! Listening sockets, and what their connections may cost: memory of the kernel and file descriptors.

use std::{io, net::SocketAddr};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpSocket};

use crate::config::Limits;

/// Connections that the kernel keeps until they are accepted; `net.core.somaxconn` may lower it. If there are more, the kernel
/// drops a client's first packet, and the client waits a second before it tries again.
const MAX_BACKLOG: u32 = 4096;

/// Bytes of answers that the kernel keeps for a connection whose client does not read; Linux doubles it for its own data.
/// Answers are a few hundred bytes, and without a limit the kernel would keep megabytes of them.
const SEND_BUFFER_BYTES: u32 = 16 << 10;

/// File descriptors for everything but connections: the log, the index and the relay.
const RESERVED_DESCRIPTORS: usize = 64;

/// Listens on an address. Fails if the address is in use or is not one of this machine.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Otherwise a restart would wait until the addresses of the last connections are free.
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit it.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(MAX_BACKLOG)
}

/// Raises the soft limit of file descriptors, which is often only 1024, to the hard one, and allows no more connections than
/// there are descriptors: without one, a new connection cannot be accepted, so none would be evicted for it either.
pub(super) fn within_descriptors(limits: Limits) -> Limits {
    let descriptors = raise_descriptor_limit();
    let max = descriptors.saturating_sub(RESERVED_DESCRIPTORS).max(1);
    if limits.connections <= max {
        return limits;
    }
    tracing::warn!(
        "this process may open {descriptors} files, so it accepts {max} connections at a time instead of {}; raise the \
         limit (`ulimit -n`, or LimitNOFILE of systemd) or lower `connections`",
        limits.connections
    );
    Limits { connections: max, ..limits }
}

fn raise_descriptor_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "raising the limit of open files failed");
        }
    }
    let limit = getrlimit(Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}
