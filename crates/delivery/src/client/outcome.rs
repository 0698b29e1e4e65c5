//! The outcome of an attempt, by whose responsibility it is: the endpoint's answer, a transport error, or an error on
//! this side.

use std::{io, net::IpAddr, time::Duration};

use super::{answer::Answer, interim::MAX_INTERIM_RESPONSES};

/// The outcome of an attempt.
#[derive(Debug)]
pub enum Outcome {
    /// The endpoint answered with a 2xx.
    Accepted(Answer),
    /// The endpoint answered with another status, including a redirect.
    Declined(Answer),
    /// The endpoint did not answer. If a connection was made, it may still have the message.
    Unanswered(TransportError),
    /// This side failed; the endpoint was not involved.
    Failed(LocalError),
}

/// Why the endpoint did not answer.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages describe the fields")]
pub enum TransportError {
    /// The host's name has no address.
    #[error("the name `{host}` could not be resolved")]
    NameNotResolved { host: String, source: io::Error },
    /// Nothing listens at the address.
    #[error("the connection was refused")]
    ConnectionRefused,
    /// The network has no route to the address.
    #[error("the address cannot be reached")]
    Unreachable(#[source] io::Error),
    /// No connection, including TLS, within its time limit.
    #[error("no connection within {}", duration_text(*.0))]
    ConnectTimeout(Duration),
    /// No answer within the time limit of the whole request.
    #[error("the time limit of {} passed", duration_text(*.0))]
    Timeout(Duration),
    /// The server's certificate is not trusted, or not for this host or time.
    #[error("the server's certificate is not accepted")]
    Untrusted(#[source] rustls::Error),
    /// The server does not speak TLS on this port.
    #[error("the server does not speak TLS on this port")]
    NotTls,
    /// TLS failed in another way.
    #[error("the TLS handshake failed")]
    Tls(#[source] Option<rustls::Error>),
    /// The connection was closed before the answer was complete.
    #[error("the endpoint closed the connection")]
    Closed,
    /// The answer is not HTTP/1.1.
    #[error("what came back is not HTTP/1.1")]
    NotHttp,
    /// More than 32 interim responses (1xx) came before a final one.
    #[error("more than {MAX_INTERIM_RESPONSES} interim responses (1xx) came, and no answer")]
    InterimResponses,
}

/// Why this side could not deliver.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages describe the fields")]
pub enum LocalError {
    /// The address is not allowed (see [`crate::AddressGuard`]).
    #[error("{}", guarded(host, *address))]
    Guarded { host: String, address: IpAddr },
    /// The proxy could not be used: not reached, not authenticated, or it has no route.
    #[error("no way through the proxy {proxy}: {why}")]
    Proxy { proxy: String, why: String },
    /// The operating system could not open a socket: too many open files, no permission, no address.
    #[error("this machine could not open a connection")]
    Socket(#[source] io::Error),
    /// The request could not be made: a bug in this program.
    #[error("the request could not be made")]
    Request(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Outcome {
    /// Sorts an answer by its status.
    pub(crate) fn answered(answer: Answer) -> Self {
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

impl LocalError {
    /// A stable name in kebab-case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Guarded { .. } => "address-not-allowed",
            Self::Proxy { .. } => "proxy-failed",
            Self::Socket(_) | Self::Request(_) => "this-side-failed",
        }
    }
}

impl TransportError {
    /// A stable name in kebab-case.
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

fn guarded(host: &str, address: IpAddr) -> String {
    match host.parse::<IpAddr>() {
        Ok(_) => format!("the address {address} is not allowed"),
        Err(_) => format!("`{host}` leads to {address}, which is not allowed"),
    }
}

fn duration_text(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}
