//! The sockets that the server listens on, and what their connections may cost the kernel.

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// Connections that the kernel keeps until they are accepted, lowered to `net.core.somaxconn`. Once they are that many, it
/// drops a client's first packet, and the client waits a second before it asks again.
const BACKLOG: u32 = 4096;

/// Bytes of answers that the kernel keeps of a connection whose client does not take them; Linux doubles it for its own
/// records. Answers are a few hundred bytes, and without a limit the kernel would keep megabytes of them.
const UNTAKEN_ANSWERS: u32 = 16 << 10;

/// Listens on an address.
///
/// # Errors
/// When the address is taken, or is not one of this machine.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Or a restart would wait for the last connections' addresses to be free.
    socket.set_reuseaddr(true)?;
    // Every accepted connection inherits it.
    socket.set_send_buffer_size(UNTAKEN_ANSWERS)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
