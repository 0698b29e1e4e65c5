//! What came of a delivery, told apart by whose matter it is: the endpoint said yes or no, the endpoint did not
//! answer, or this side failed.

use std::{fmt, io, net::IpAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::interim::MAX_INTERIM_RESPONSES;

/// What came of a delivery.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The endpoint took it: a 2xx.
    Accepted(Answer),
    /// The endpoint said no: any other answer, a redirect included.
    Declined(Answer),
    /// The endpoint did not answer. It may have the message all the same, where the connection was made.
    Unanswered(NoAnswer),
    /// This side failed; the endpoint has nothing to do with it.
    Failed(ThisSideFailed),
}

/// An answer of the endpoint. `Debug` does not show the body: an endpoint may echo what it got.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, up to the client's limit.
    pub body: Bytes,
    /// How the body ended.
    pub end: AnswerEnd,
}

/// How an answer's body ended. The status counts whatever this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerEnd {
    /// It is all there.
    Whole,
    /// It is longer than the client reads.
    Cut,
    /// The connection broke or the time was up before it ended.
    Broken,
}

/// Why the endpoint did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoAnswer {
    /// The host's name has no address.
    #[error("the name `{host}` could not be resolved")]
    NameNotResolved {
        /// The name.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// Nothing listens at the address.
    #[error("the connection was refused")]
    ConnectionRefused,
    /// The network has no way to the address.
    #[error("the address cannot be reached")]
    Unreachable(#[source] io::Error),
    /// No connection, TLS included, within the time for it.
    #[error("no connection within {}", human(*.0))]
    ConnectTimeout(Duration),
    /// No answer within the time for the whole request.
    #[error("the time limit of {} passed", human(*.0))]
    Timeout(Duration),
    /// The server's certificate is not trusted, or not for this host or time.
    #[error("the server's certificate is not accepted")]
    Untrusted(#[source] rustls::Error),
    /// What answers there does not speak TLS.
    #[error("the server does not speak TLS on this port")]
    NotTls,
    /// TLS failed in another way.
    #[error("the TLS handshake failed")]
    Tls(#[source] Option<rustls::Error>),
    /// The connection was closed before there was a whole answer.
    #[error("the endpoint closed the connection")]
    Closed,
    /// What came back is not HTTP/1.1.
    #[error("what came back is not HTTP/1.1")]
    NotHttp,
    /// Interim responses (1xx) came, and no answer among the first 32.
    #[error("more than {MAX_INTERIM_RESPONSES} interim responses (1xx) came, and no answer")]
    InterimResponses,
}

/// Why this side could not deliver.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ThisSideFailed {
    /// The address may not be called (see [`super::AddressGuard`]).
    #[error("{}", guarded(host, *address))]
    Guarded {
        /// The host of the target.
        host: String,
        /// The address that it leads to.
        address: IpAddr,
    },
    /// The proxy let nothing through: not reached, not logged in, or it knows no way.
    #[error("no way through the proxy {proxy}: {why}")]
    Proxy {
        /// Its host and port.
        proxy: String,
        /// Why not.
        why: String,
    },
    /// The operating system gave no socket: too many open files, no permission, no address.
    #[error("this machine could not open a connection")]
    Socket(#[source] io::Error),
    /// The request could not be made; a fault of this program.
    #[error("the request could not be made")]
    Request(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Outcome {
    /// An answer, sorted by its status.
    pub(super) fn answered(answer: Answer) -> Self {
        if answer.status.is_success() { Self::Accepted(answer) } else { Self::Declined(answer) }
    }

    /// The answer, if there is one.
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Accepted(answer) | Self::Declined(answer) => Some(answer),
            Self::Unanswered(_) | Self::Failed(_) => None,
        }
    }
}

impl ThisSideFailed {
    /// A stable name for programs, in kebab-case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Guarded { .. } => "address-not-allowed",
            Self::Proxy { .. } => "proxy-failed",
            Self::Socket(_) | Self::Request(_) => "this-side-failed",
        }
    }
}

impl NoAnswer {
    /// A stable name for programs, in kebab-case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NameNotResolved { .. } => "name-not-resolved",
            Self::ConnectionRefused => "connection-refused",
            Self::Unreachable(_) => "unreachable",
            Self::ConnectTimeout(_) => "connect-timeout",
            Self::Timeout(_) => "timeout",
            Self::Untrusted(_) => "certificate-not-accepted",
            Self::NotTls => "not-tls",
            Self::Tls(_) => "tls-failed",
            Self::Closed => "connection-closed",
            Self::NotHttp => "not-http",
            Self::InterimResponses => "interim-responses",
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.keys().map(http::HeaderName::as_str).collect();
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &names)
            .field("bytes", &self.body.len())
            .field("end", &self.end)
            .finish()
    }
}

fn guarded(host: &str, address: IpAddr) -> String {
    match host.parse::<IpAddr>() {
        Ok(_) => format!("the address {address} may not be called"),
        Err(_) => format!("`{host}` leads to {address}, which may not be called"),
    }
}

fn human(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}
