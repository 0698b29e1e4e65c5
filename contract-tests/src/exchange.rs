//! One exchange with the endpoint: a connection, a request written byte by byte, and the answer that comes, or the
//! reason why none does.

mod answer;
mod connection;
mod http2;
mod no_answer;
mod tls;

pub(crate) use self::{
    answer::Answer,
    connection::Connection,
    no_answer::NoAnswer,
    tls::{RootsError, Tls},
};

use std::time::{Duration, Instant};

use tokio::{net::TcpStream, time::timeout};

use crate::{endpoint::Endpoint, request::Request};

/// Opens connections to one endpoint.
pub(crate) struct Dialer {
    pub(crate) endpoint: Endpoint,
    pub(crate) tls: Option<Tls>,
    /// Time for the connection, and again for each answer.
    pub(crate) timeout: Duration,
}

impl Dialer {
    /// Opens a connection for HTTP/1.1.
    pub(crate) async fn open(&self) -> Result<Connection, NoAnswer> {
        let Some(tls) = &self.tls else { return Ok(Connection::new(self.tcp().await?)) };
        let tcp = self.tcp().await?;
        let stream = timeout(self.timeout, tls.http1(&self.endpoint, tcp)).await;
        Ok(Connection::new(stream.map_err(|_| NoAnswer::TimedOut { after: self.timeout })??))
    }

    /// Sends one request on a connection of its own.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, NoAnswer> {
        self.send_within(request, self.timeout).await
    }

    /// The same with another limit for the answer.
    pub(crate) async fn send_within(&self, request: &Request, limit: Duration) -> Result<Answer, NoAnswer> {
        if request.http2 {
            let sent = timeout(limit, self.send_http2(request)).await;
            return sent.map_err(|_| NoAnswer::TimedOut { after: limit })?;
        }
        self.open().await?.send(request, limit).await
    }

    /// Whether the endpoint offers HTTP/2 by ALPN.
    pub(crate) async fn offers_http2(&self) -> Result<bool, NoAnswer> {
        let Some(tls) = &self.tls else { return Ok(false) };
        let tcp = self.tcp().await?;
        let stream = timeout(self.timeout, tls.http2(&self.endpoint, tcp)).await;
        let stream = stream.map_err(|_| NoAnswer::TimedOut { after: self.timeout })??;
        Ok(stream.get_ref().1.alpn_protocol() == Some(b"h2"))
    }

    async fn send_http2(&self, request: &Request) -> Result<Answer, NoAnswer> {
        let Some(tls) = &self.tls else { return Err(NoAnswer::NoHttp2) };
        let stream = tls.http2(&self.endpoint, self.tcp().await?).await?;
        if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(NoAnswer::NoHttp2);
        }
        let begun = Instant::now();
        http2::send(stream, &self.endpoint, request, begun).await
    }

    async fn tcp(&self) -> Result<TcpStream, NoAnswer> {
        let connected = timeout(self.timeout, TcpStream::connect((self.endpoint.host(), self.endpoint.port()))).await;
        let tcp = connected.map_err(|_| NoAnswer::NoConnection {
            why: format!("nothing accepted the connection within {} s", self.timeout.as_secs_f32()),
        })?;
        let tcp = tcp.map_err(|error| NoAnswer::connect(&error))?;
        // Pieces of a request must not wait for each other.
        tcp.set_nodelay(true).map_err(|error| NoAnswer::connect(&error))?;
        Ok(tcp)
    }
}
