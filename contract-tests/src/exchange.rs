//! One exchange with the endpoint: a connection, a request written byte by byte, and the answer or the reason why there is
//! none.

mod answer;
mod connection;
mod http2;
mod progress;
mod reader;
mod retry_after;
mod tls;
mod transport_error;

pub(crate) use self::{
    answer::Answer,
    connection::Connection,
    tls::{RootsError, Tls},
    transport_error::TransportError,
};

use std::{io, time::Duration};

use delivery::EndpointUrl;
use tokio::{
    net::{TcpSocket, TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::request::Request;

/// Size of a connection's send buffer, in bytes. What is in it counts as sent: with a larger one, a slow network would look
/// like a slow endpoint.
const SEND_BUFFER_BYTES: u32 = 64 * 1024;

pub(crate) struct EndpointClient {
    pub(crate) endpoint: EndpointUrl,
    pub(crate) tls: Option<Tls>,
    /// Time limit for the connection, and for each answer from the last byte of its request.
    pub(crate) timeout: Duration,
}

impl EndpointClient {
    /// Opens a connection for HTTP/1.1.
    pub(crate) async fn open(&self) -> Result<Connection, TransportError> {
        match &self.tls {
            Some(tls) => Ok(Connection::new(self.open_tls(&tls.http1).await?)),
            None => Ok(Connection::new(self.tcp().await?)),
        }
    }

    /// Sends one request on a connection of its own; the limit is for its answer, from the last byte sent.
    pub(crate) async fn send_within(&self, request: &Request, limit: Duration) -> Result<Answer, TransportError> {
        if request.http2 {
            return self.send_http2(request, limit).await;
        }
        self.open().await?.send(request, limit).await
    }

    /// Whether the endpoint offers HTTP/2 by ALPN.
    pub(crate) async fn offers_http2(&self) -> Result<bool, TransportError> {
        let Some(tls) = &self.tls else { return Ok(false) };
        Ok(self.open_tls(&tls.http2).await?.get_ref().1.alpn_protocol() == Some(b"h2"))
    }

    async fn send_http2(&self, request: &Request, limit: Duration) -> Result<Answer, TransportError> {
        let Some(tls) = &self.tls else { return Err(TransportError::NoHttp2) };
        let stream = self.open_tls(&tls.http2).await?;
        if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(TransportError::NoHttp2);
        }
        http2::send(stream, &self.endpoint, request, limit).await
    }

    async fn open_tls(&self, connector: &TlsConnector) -> Result<TlsStream<TcpStream>, TransportError> {
        let tcp = self.tcp().await?;
        let stream = timeout(self.timeout, tls::handshake(connector, self.endpoint.host(), tcp)).await;
        stream.map_err(|_| TransportError::TimedOut { after: self.timeout })?
    }

    async fn tcp(&self) -> Result<TcpStream, TransportError> {
        let connected = timeout(self.timeout, connect(self.endpoint.host(), self.endpoint.port())).await;
        let tcp = connected.map_err(|_| TransportError::NoConnection {
            why: format!("nothing accepted the connection within {} s", self.timeout.as_secs_f32()),
        })?;
        tcp.map_err(|error| TransportError::connect(&error))
    }
}

/// Connects to the first address of a host that accepts the connection.
async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in lookup_host((host, port)).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
        // Pieces of a request must not wait for each other.
        socket.set_nodelay(true)?;
        match socket.connect(address).await {
            Ok(tcp) => return Ok(tcp),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}
