//! A TCP stream from which few bytes are taken until its TLS handshake is over: rustls keeps what a client says of itself
//! until it is whole, up to 64 KiB of it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// Most bytes that are read until a handshake is over. A client without a certificate of its own sends 0.5 to 3 KiB; behind
/// its last flight rustls reads on until it has the first record of a message whole, of up to 16 KiB.
const MAX_BYTES: usize = 32 << 10;

/// A TCP stream whose TLS handshake is bounded.
#[derive(Debug)]
pub(super) struct Hello {
    stream: TcpStream,
    /// Bytes that the handshake may still take; none once it is over.
    left: Option<usize>,
}

impl Hello {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, left: Some(MAX_BYTES) }
    }

    /// The handshake is over.
    pub(super) fn end(&mut self) {
        self.left = None;
    }
}

impl AsyncRead for Hello {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if let Some(left) = self.left {
            self.left = Some(left.checked_sub(buffer.filled().len() - before).ok_or(io::ErrorKind::InvalidData)?);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Hello {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
