//! A stream whose input is inspected before anything else gets it.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that fails once its inspector refuses the input.
#[derive(Debug)]
pub(super) struct InspectedStream<S, I> {
    stream: S,
    pub(super) inspector: I,
}

pub(super) trait Inspect {
    fn inspect(&mut self, bytes: &[u8]) -> io::Result<()>;
}

impl<S, I> InspectedStream<S, I> {
    pub(super) fn new(stream: S, inspector: I) -> Self {
        Self { stream, inspector }
    }
}

impl<S: AsyncRead + Unpin, I: Inspect + Unpin> AsyncRead for InspectedStream<S, I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        Poll::Ready(self.inspector.inspect(&buffer.filled()[before..]))
    }
}

impl<S: AsyncWrite + Unpin, I: Unpin> AsyncWrite for InspectedStream<S, I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
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
