//! Why no answer came.

use std::{io, time::Duration};

/// Why no answer came. The text completes "the endpoint" or stands alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// There is no connection at all.
    #[error("{why}")]
    NoConnection { why: String },
    /// The certificate does not hold.
    #[error("its certificate does not hold: {why}")]
    Certificate { why: String },
    /// TLS failed otherwise.
    #[error("TLS failed: {why}")]
    Tls { why: String },
    /// The connection was closed without an answer.
    #[error("it closed the connection without an answer")]
    Closed,
    /// The connection was closed within an answer.
    #[error("it closed the connection in the middle of its answer, which had begun with status {status}")]
    Broken { status: u16 },
    /// Nothing came in time.
    #[error("no answer came within {} s", after.as_secs_f32())]
    TimedOut { after: Duration },
    /// What came is no answer.
    #[error("what came is no HTTP answer: {why}")]
    NotHttp { why: String },
    /// HTTP/2 is not offered.
    #[error("it does not offer HTTP/2")]
    NoHttp2,
}

impl NoAnswer {
    pub(crate) fn connect(error: &io::Error) -> Self {
        let why = match error.kind() {
            io::ErrorKind::ConnectionRefused => "nothing listens there (the connection was refused)".to_owned(),
            _ => format!("the connection cannot be made: {error}"),
        };
        Self::NoConnection { why }
    }

    /// Whether a second try, with nothing else going on, may say something else.
    pub(crate) fn may_be_load(&self) -> bool {
        matches!(self, Self::NoConnection { .. } | Self::Closed | Self::Broken { .. } | Self::TimedOut { .. })
    }
}
