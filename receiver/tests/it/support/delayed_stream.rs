//! A stream that keeps what is written behind the first flight until it is told to let it go: so a client's last flight of
//! the handshake and its first request come together.

use std::{
    io, mem,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
};

/// The stream.
pub(crate) struct DelayedStream {
    stream: TcpStream,
    flights: usize,
    kept: Vec<u8>,
}

impl DelayedStream {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, flights: 0, kept: Vec::new() }
    }

    /// Sends what was kept, in one piece.
    pub(crate) async fn let_go(&mut self) {
        self.stream.write_all(&mem::take(&mut self.kept)).await.unwrap();
    }
}

impl AsyncRead for DelayedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for DelayedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.flights > 0 {
            self.kept.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        self.flights += 1;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
