//! Sorts the errors of hyper, rustls and the operating system into outcomes: by the types and kinds in the chain of
//! causes, never by their text.

use std::{error::Error, io};

use hyper_util::client::legacy;

use super::{
    outcome::{LocalError, Outcome, TransportError},
    tcp::{BoxError, DialError},
};
use crate::{certificate::CertificateProblem, url::EndpointUrl};

/// The outcome of a failed request.
pub(super) fn outcome(error: legacy::Error, url: &EndpointUrl) -> Outcome {
    if error.is_connect() { connect_outcome(error.into(), url) } else { exchange_outcome(error.into()) }
}

/// The outcome of a failed connection.
pub(super) fn connect_outcome(error: BoxError, url: &EndpointUrl) -> Outcome {
    if let Some(dial) = find::<DialError>(&*error) {
        return dial_outcome(dial, url);
    }
    if let Some(tls) = find::<rustls::Error>(&*error) {
        return Outcome::Unanswered(tls_error(tls));
    }
    // After TCP, so in TLS: an I/O error means that the server closed the connection during the handshake.
    match find_io(&*error) {
        Some(_) => Outcome::Unanswered(TransportError::Tls(None)),
        None => Outcome::Failed(LocalError::Request(error)),
    }
}

/// The outcome of a request that failed on its connection.
pub(super) fn exchange_outcome(error: BoxError) -> Outcome {
    if let Some(tls) = find::<rustls::Error>(&*error) {
        return Outcome::Unanswered(tls_error(tls));
    }
    match find::<hyper::Error>(&*error) {
        Some(http) if http.is_parse() => Outcome::Unanswered(TransportError::NotHttp),
        Some(http) if http.is_user() => Outcome::Failed(LocalError::Request(error)),
        // Incomplete, cancelled, reset: whatever hyper calls it, the connection ended before the answer did.
        _ => Outcome::Unanswered(TransportError::Closed),
    }
}

fn dial_outcome(dial: &DialError, url: &EndpointUrl) -> Outcome {
    let cause = match dial {
        DialError::Timeout(within) => return Outcome::Unanswered(TransportError::ConnectTimeout(*within)),
        DialError::Resolve(cause) => {
            let (host, source) = (url.host().to_owned(), clone_io(cause));
            return Outcome::Unanswered(TransportError::NameNotResolved { host, source });
        }
        DialError::Guarded(address) => {
            let (host, address) = (url.host().to_owned(), address.to_canonical());
            return Outcome::Failed(LocalError::Guarded { host, address });
        }
        DialError::Proxy { proxy, source } => {
            // A proxy can use TLS too.
            let untrusted = find::<rustls::Error>(&**source).and_then(CertificateProblem::of);
            let why = match untrusted {
                Some(problem) => format!("its certificate is not accepted: {}", problem.reason),
                None => innermost(&**source),
            };
            let proxy = proxy.clone();
            return Outcome::Failed(LocalError::Proxy { proxy, why });
        }
        DialError::Tcp(cause) => find_io(&**cause),
    };
    match cause {
        None => Outcome::Failed(LocalError::Socket(io::Error::other(dial.to_string()))),
        Some(cause) => match cause.kind() {
            io::ErrorKind::ConnectionRefused => Outcome::Unanswered(TransportError::ConnectionRefused),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
                Outcome::Unanswered(TransportError::Closed)
            }
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::TimedOut => Outcome::Unanswered(TransportError::Unreachable(clone_io(cause))),
            // Including too many open files, which has no kind.
            _ => Outcome::Failed(LocalError::Socket(clone_io(cause))),
        },
    }
}

fn tls_error(error: &rustls::Error) -> TransportError {
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            TransportError::Untrusted(error.clone())
        }
        rustls::Error::InvalidMessage(_) => TransportError::NotTls,
        _ => TransportError::Tls(Some(error.clone())),
    }
}

/// A copy of the error: `io::Error` is not `Clone`.
fn clone_io(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// The first error of a type in the chain.
fn find<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// The innermost I/O error in the chain, which is the one with the kind.
fn find_io<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e io::Error> {
    chain(error).filter_map(|error| error.downcast_ref()).last()
}

/// The message of the innermost cause.
fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().unwrap_or(error).to_string()
}

/// An error and its causes.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

/// The cause of an error. `io::Error::source` skips the error that it wraps, so `get_ref` comes first.
fn cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
