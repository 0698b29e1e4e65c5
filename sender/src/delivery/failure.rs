//! A failed request, sorted: whose matter it is. By the types and kinds of the errors in the chain, never by words.

use std::{error::Error, io};

use hyper_util::client::legacy;

use super::{
    outcome::{NoAnswer, Outcome, ThisSideFailed},
    target::Target,
    tcp::{BoxError, DialError},
};

/// What a failed request means.
pub(super) fn outcome(error: legacy::Error, target: &Target) -> Outcome {
    if error.is_connect() { connecting(error.into(), target) } else { exchanging(error.into()) }
}

/// What a connection that could not be made means.
pub(super) fn connecting(error: BoxError, target: &Target) -> Outcome {
    if let Some(dial) = find::<DialError>(&*error) {
        return before_tls(dial, target);
    }
    if let Some(tls) = find::<rustls::Error>(&*error) {
        return Outcome::Unanswered(in_tls(tls));
    }
    // After TCP, so in TLS; an I/O error there is the server's closing the connection in the handshake.
    match find_io(&*error) {
        Some(_) => Outcome::Unanswered(NoAnswer::Tls(None)),
        None => Outcome::Failed(ThisSideFailed::Request(error)),
    }
}

/// What a request that failed on its connection means.
pub(super) fn exchanging(error: BoxError) -> Outcome {
    if let Some(tls) = find::<rustls::Error>(&*error) {
        return Outcome::Unanswered(in_tls(tls));
    }
    match find::<hyper::Error>(&*error) {
        Some(http) if http.is_parse() => Outcome::Unanswered(NoAnswer::NotHttp),
        Some(http) if http.is_user() => Outcome::Failed(ThisSideFailed::Request(error)),
        // Incomplete, cancelled, reset: whatever hyper calls it, the connection ended before the answer did.
        _ => Outcome::Unanswered(NoAnswer::Closed),
    }
}

fn before_tls(dial: &DialError, target: &Target) -> Outcome {
    let cause = match dial {
        DialError::Timeout(within) => return Outcome::Unanswered(NoAnswer::ConnectTimeout(*within)),
        DialError::Resolve(cause) => {
            let (host, source) = (target.host().to_owned(), again(cause));
            return Outcome::Unanswered(NoAnswer::NameNotResolved { host, source });
        }
        DialError::Guarded(address) => {
            let (host, address) = (target.host().to_owned(), *address);
            return Outcome::Failed(ThisSideFailed::Guarded { host, address });
        }
        DialError::Host => return Outcome::Failed(ThisSideFailed::Request(dial.to_string().into())),
        DialError::Proxy { proxy, source } => {
            let (proxy, why) = (proxy.clone(), innermost(&**source));
            return Outcome::Failed(ThisSideFailed::Proxy { proxy, why });
        }
        DialError::Tcp(cause) => find_io(&**cause),
    };
    match cause {
        None => Outcome::Failed(ThisSideFailed::Socket(io::Error::other(dial.to_string()))),
        Some(cause) => match cause.kind() {
            io::ErrorKind::ConnectionRefused => Outcome::Unanswered(NoAnswer::ConnectionRefused),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Outcome::Unanswered(NoAnswer::Closed),
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::TimedOut => Outcome::Unanswered(NoAnswer::Unreachable(again(cause))),
            // Too many open files among them, which has no kind of its own.
            _ => Outcome::Failed(ThisSideFailed::Socket(again(cause))),
        },
    }
}

fn in_tls(error: &rustls::Error) -> NoAnswer {
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            NoAnswer::Untrusted(error.clone())
        }
        rustls::Error::InvalidMessage(_) => NoAnswer::NotTls,
        _ => NoAnswer::Tls(Some(error.clone())),
    }
}

/// The same error once more: `io::Error` is not `Clone`.
fn again(error: &io::Error) -> io::Error {
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

/// The words of what an error came from in the end.
fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().unwrap_or(error).to_string()
}

/// An error and its causes.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

/// What an error came from. An `io::Error` that wraps another error passes it over in `source`, so it is asked for it.
fn cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
