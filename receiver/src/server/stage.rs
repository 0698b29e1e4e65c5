//! How far a request is: while its message is being stored its connection stays, before and after that it may go.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::connection::Connection;

const ARRIVING: u8 = 0;
const STORING: u8 = 1;
const DONE: u8 = 2;

/// How far a request is; dropping it ends it.
#[derive(Debug)]
pub(super) struct Stage {
    connection: Arc<Connection>,
    at: AtomicU8,
}

impl Stage {
    pub(super) fn new(connection: Arc<Connection>) -> Arc<Self> {
        Arc::new(Self { connection, at: AtomicU8::new(ARRIVING) })
    }

    /// The body has come whole.
    fn whole(&self) {
        // Told first: it must not hear of the end before.
        self.connection.storing();
        let begun = self.at.compare_exchange(ARRIVING, STORING, Ordering::AcqRel, Ordering::Acquire);
        if begun.is_err() {
            // The rest of a body that is answered already is thrown away.
            self.connection.stored();
        }
    }

    /// The endpoint has its answer.
    pub(super) fn done(&self) {
        if self.at.swap(DONE, Ordering::AcqRel) == STORING {
            self.connection.stored();
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.done();
    }
}

/// A request's body, which tells when it has come whole.
#[derive(Debug)]
pub(super) struct Arriving<B> {
    body: B,
    stage: Arc<Stage>,
}

impl<B> Arriving<B> {
    pub(super) fn new(body: B, stage: Arc<Stage>) -> Self {
        Self { body, stage }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Arriving<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() {
            self.stage.whole();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Stage;
    use crate::server::{buffers::BufferRoom, connection::Connection};

    #[test]
    fn a_request_counts_while_its_message_is_stored_in_whatever_order_it_ends() {
        type Step = fn(&Stage);
        let (whole, done): (Step, Step) = (Stage::whole, Stage::done);
        for (case, steps, storing) in [
            ("whole, then answered", [whole, done], [true, false]),
            ("answered, then whole", [done, whole], [false, false]),
            ("told twice", [whole, whole], [true, true]),
        ] {
            let connection = Connection::new(Arc::default(), BufferRoom::new(8192));
            let stage = Stage::new(connection.clone());
            for (step, storing) in steps.iter().zip(storing) {
                step(&stage);
                assert_eq!(connection.may_go(), !storing, "{case}");
            }
            drop(stage);
            assert!(connection.may_go(), "{case}");
        }
    }
}
