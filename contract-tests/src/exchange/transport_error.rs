//! Why there is no answer.

use std::{io, time::Duration};

/// Maximum number of interim responses (1xx) before the answer: without a limit they take a core until the time is up.
pub(super) const MAX_INTERIM_RESPONSES: usize = 32;

/// Why there is no answer. The text completes "the endpoint" or is a sentence of its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransportError {
    #[error("{why}")]
    NoConnection { why: String },
    #[error("its certificate is not valid: {why}")]
    Certificate { why: String },
    /// TLS failed for another reason.
    #[error("TLS failed: {why}")]
    Tls { why: String },
    /// The connection was closed without an answer.
    #[error("it closed the connection without an answer")]
    Closed,
    /// The connection was closed in the middle of an answer.
    #[error("it closed the connection in the middle of its answer, which had begun with status {status}")]
    Broken { status: u16 },
    /// An answer began and did not end in time.
    #[error("its answer {} and had not ended {} s after the request", beginning(*status), after.as_secs_f32())]
    Unfinished {
        /// The status, where the head was whole.
        status: Option<u16>,
        after: Duration,
    },
    #[error("nothing arrived within {} s", after.as_secs_f32())]
    TimedOut { after: Duration },
    #[error("the data is not an HTTP answer: {why}")]
    NotHttp { why: String },
    /// The data does not begin as an answer. The text does not show it: it may hold a credential.
    #[error("the data is not an HTTP answer")]
    NoStatusLine { bytes: Vec<u8> },
    /// HTTP/2 is not offered.
    #[error("it does not offer HTTP/2")]
    NoHttp2,
}

fn beginning(status: Option<u16>) -> String {
    status.map_or_else(|| "began with an unfinished head".to_owned(), |status| format!("began with status {status}"))
}

impl TransportError {
    pub(super) fn too_many_interim_responses() -> Self {
        let why = format!("it sends more than {MAX_INTERIM_RESPONSES} interim responses (1xx), and no answer");
        Self::NotHttp { why }
    }

    pub(crate) fn connect(error: &io::Error) -> Self {
        let why = match error.kind() {
            io::ErrorKind::ConnectionRefused => "nothing listens there (the connection was refused)".to_owned(),
            _ => format!("the connection cannot be made: {error}"),
        };
        Self::NoConnection { why }
    }

    /// Whether nothing was accepted in time: nothing arrived, or the beginning of another answer than an acceptance.
    pub(crate) fn is_no_acceptance_in_time(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Unfinished { status: None, .. } => true,
            Self::Unfinished { status: Some(status), .. } => !(200..300).contains(status),
            _ => false,
        }
    }

    /// Whether the result may be different when nothing else is sent at the same time.
    pub(crate) fn may_be_load(&self) -> bool {
        matches!(
            self,
            Self::NoConnection { .. }
                | Self::Closed
                | Self::Broken { .. }
                | Self::Unfinished { .. }
                | Self::TimedOut { .. }
        )
    }
}
