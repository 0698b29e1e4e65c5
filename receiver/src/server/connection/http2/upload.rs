//! A request's body as it arrives over HTTP/2.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::RecvStream;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;

use crate::ingest::body::content_length;

/// The body of one request. It signals when it is read before any of it has arrived.
#[derive(Debug)]
pub(super) struct Upload {
    stream: RecvStream,
    /// Bytes still to arrive, if the head announced their number. h2 resets a stream with any other number.
    left: Option<u64>,
    wanted: Option<oneshot::Sender<()>>,
}

impl Upload {
    /// The second value is signalled when the body is read.
    pub(super) fn new(stream: RecvStream, headers: &HeaderMap) -> (Self, oneshot::Receiver<()>) {
        let (sender, wanted) = oneshot::channel();
        (Self { stream, left: content_length(headers), wanted: Some(sender) }, wanted)
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        let Poll::Ready(data) = self.stream.poll_data(cx) else {
            if let Some(wanted) = self.wanted.take() {
                // The receiver is gone if the client does not wait for `100 Continue`.
                let _ = wanted.send(());
            }
            return Poll::Pending;
        };
        self.wanted = None;
        match data {
            Some(data) => Poll::Ready(Some(data.and_then(|data| {
                self.stream.flow_control().release_capacity(data.len())?;
                self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
                Ok(Frame::data(data))
            }))),
            // Trailers may follow; they are not used.
            None => Poll::Ready(ready!(self.stream.poll_trailers(cx)).err().map(Err)),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.left {
            _ if self.is_end_stream() => SizeHint::with_exact(0),
            Some(left) => SizeHint::with_exact(left),
            None => SizeHint::default(),
        }
    }
}
