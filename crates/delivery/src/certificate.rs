//! Why a server's certificate is not accepted, in words, and what to do about it.

use jiff::Timestamp;
use rustls::{
    CertificateError, Error,
    pki_types::{ServerName, UnixTime},
};

/// Maximum number of a certificate's names that are shown.
const MAX_NAMES: usize = 5;
/// Maximum number of characters of a name that are shown.
const MAX_NAME_CHARACTERS: usize = 80;

const OWN_AUTHORITY: &str = "if you trust the server, give the certificate of its authority with --ca FILE (PEM); a server \
                             that leaves out its intermediate certificates is not trusted either";
const SELF_SIGNED: &str = "make it with CA:FALSE: `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
                           -nodes -subj /CN=HOST -addext subjectAltName=DNS:HOST \
                           -addext basicConstraints=critical,CA:FALSE -keyout key.pem -out certificate.pem`, \
                           and give that file with --ca";
const VERSION_3: &str =
    "make it with extensions, such as subjectAltName: `openssl x509 -req` adds them with `-extfile`";
const ANOTHER_KEY: &str = "--ca may hold an authority of the same name with another key; give the one that signed this \
                           certificate";
const ISSUE_AGAIN: &str = "the server needs another certificate";
const WITH_SERVER_AUTH: &str = "the server needs a certificate with the extended key usage serverAuth";

/// A certificate that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateProblem {
    /// Why, as a sentence about "it", without a full stop. It is safe on a terminal.
    pub reason: String,
    /// What to do next.
    pub advice: String,
}

impl CertificateProblem {
    /// What an error of TLS says of the server's certificate; `None` where it is about something else.
    pub fn of(error: &Error) -> Option<Self> {
        match error {
            Error::InvalidCertificate(error) => Some(error.into()),
            Error::NoCertificatesPresented => Some(Self::new("the server shows none", ISSUE_AGAIN)),
            _ => None,
        }
    }

    fn new(reason: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { reason: reason.into(), advice: advice.into() }
    }

    /// The errors that rustls does not name itself.
    fn of_webpki(error: &webpki::Error) -> Self {
        use webpki::Error as E;
        match error {
            E::CaUsedAsEndEntity => Self::new(
                "it is the certificate of an authority (CA:TRUE), which no server may show as its own",
                SELF_SIGNED,
            ),
            E::EndEntityUsedAsCa => {
                Self::new("it was signed with a certificate that is not an authority's", OWN_AUTHORITY)
            }
            E::UnsupportedCertVersion => Self::new("it is not of X.509 version 3", VERSION_3),
            E::NameConstraintViolation => Self::new("its authority is not allowed to sign for this host", ISSUE_AGAIN),
            E::PathLenConstraintViolated | E::MaximumPathDepthExceeded => {
                Self::new("there are more authorities between it and a trusted one than allowed", ISSUE_AGAIN)
            }
            E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension => {
                Self::new("it is not meant for servers", WITH_SERVER_AUTH)
            }
            other => Self::new(format!("it is invalid: {}", spaced(&other.to_string())), ISSUE_AGAIN),
        }
    }
}

impl From<&CertificateError> for CertificateProblem {
    fn from(error: &CertificateError) -> Self {
        use CertificateError as E;
        match error {
            E::UnknownIssuer => Self::new("no trusted authority signed it", OWN_AUTHORITY),
            E::ExpiredContext { time, not_after } => {
                Self::new(format!("it expired on {}", shown(*not_after)), clock("renew it on the server", *time))
            }
            E::Expired => Self::new("it has expired", "renew it on the server, or correct this machine's clock"),
            E::NotValidYetContext { time, not_before } => {
                let reason = format!("it is not valid before {}", shown(*not_before));
                Self::new(reason, clock("wait until then", *time))
            }
            E::NotValidYet => Self::new("it is not valid yet", "wait until then, or correct this machine's clock"),
            E::NotValidForNameContext { expected, presented } => names(expected, presented),
            E::NotValidForName => {
                Self::new("it is for another host", "write the host in the URL as the certificate has it")
            }
            E::Revoked => Self::new("it was revoked", ISSUE_AGAIN),
            E::UnknownRevocationStatus | E::ExpiredRevocationList | E::ExpiredRevocationListContext { .. } => {
                Self::new("whether it was revoked is unknown", "try again later")
            }
            E::BadSignature => Self::new("its signature does not fit its authority's key", ANOTHER_KEY),
            E::BadEncoding => Self::new("its encoding is broken", ISSUE_AGAIN),
            E::UnhandledCriticalExtension => Self::new("it has a critical extension that is unknown here", ISSUE_AGAIN),
            E::UnsupportedSignatureAlgorithmContext { .. }
            | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => Self::new(
                "it is signed in a way that is no longer accepted, such as with SHA-1 or a key that is too short",
                ISSUE_AGAIN,
            ),
            E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
                Self::new("it is not meant for servers", WITH_SERVER_AUTH)
            }
            E::Other(other) => match other.0.downcast_ref() {
                Some(error) => Self::of_webpki(error),
                // The platform's verifier hides the error about the extended key usage.
                None if other.0.to_string() == "certificate had invalid extensions" => {
                    Self::new("it is not meant for servers", WITH_SERVER_AUTH)
                }
                None => Self::new(format!("it is invalid: {}", other.0), ISSUE_AGAIN),
            },
            other => Self::new(format!("it is invalid: {other}"), ISSUE_AGAIN),
        }
    }
}

fn names(expected: &ServerName<'_>, presented: &[String]) -> CertificateProblem {
    let host = expected.to_str();
    let kind = if matches!(expected, ServerName::IpAddress(_)) { "IP" } else { "DNS" };
    let issue = format!("issue one with the subjectAltName {kind}:{host}");
    let names: Vec<String> = presented.iter().map(|name| name_of(name)).collect();
    match names.as_slice() {
        [] => CertificateProblem::new(
            format!("it names no host, so it is not valid for {host}"),
            format!("{issue}; the common name in its subject is not looked at"),
        ),
        names => {
            let more = names.len().saturating_sub(MAX_NAMES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let names = names[..names.len().min(MAX_NAMES)].join(", ");
            CertificateProblem::new(
                format!("it is valid for {names}{more}, and not for {host}"),
                format!("write the host in the URL as the certificate has it, or {issue}"),
            )
        }
    }
}

/// A name of a certificate, such as `DnsName("a.example")`, in readable form. Its text is chosen by whatever issued the
/// certificate.
fn name_of(presented: &str) -> String {
    let value = presented.split_once('(').map_or(presented, |(_, value)| value.trim_end_matches(')').trim_matches('"'));
    let safe = value.chars().map(|character| if character.is_ascii_graphic() { character } else { '?' });
    safe.take(MAX_NAME_CHARACTERS).collect()
}

fn clock(advice: &str, now: UnixTime) -> String {
    format!("{advice}, or correct this machine's clock, which says {}", shown(now))
}

fn shown(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).map_or_else(|_| "a day beyond the calendar".to_owned(), |time| time.to_string())
}

/// `CertDistrusted` as `cert distrusted`.
fn spaced(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 8);
    for character in name.chars() {
        if character.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(character.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
    };
    use rustls::{
        OtherError,
        client::danger::ServerCertVerifier as _,
        crypto::ring,
        pki_types::{CertificateDer, ServerName},
    };
    use rustls_platform_verifier::Verifier;

    use super::*;

    /// What the verifier of our clients says of a certificate for a host, at the end of 2026.
    fn judged(certificate: &CertificateDer<'_>, host: &str, roots: &[CertificateDer<'static>]) -> CertificateProblem {
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier::new_with_extra_roots(roots.iter().cloned(), provider).unwrap();
        let host = ServerName::try_from(host.to_owned()).unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(1_796_000_000));
        let error = verifier.verify_server_cert(certificate, &[], &host, &[], now).unwrap_err();
        CertificateProblem::of(&error).unwrap()
    }

    fn authority() -> CertifiedIssuer<'static, KeyPair> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    fn params(names: &[&str]) -> CertificateParams {
        CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn each_certificate_that_is_not_accepted_has_its_reason_and_advice() {
        let (authority, same_name) = (authority(), authority());
        let roots = [authority.der().clone()];
        let key = KeyPair::generate().unwrap();
        let signed = |params: CertificateParams| params.signed_by(&key, &authority).unwrap().der().clone();
        let with = |change: fn(&mut CertificateParams)| {
            let mut params = params(&["localhost"]);
            change(&mut params);
            params
        };
        let as_authority = with(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
        let expired = with(|params| {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 2, 3);
        });
        let early = with(|params| params.not_before = date_time_ymd(2040, 1, 1));
        let for_clients = with(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
        let many: Vec<String> = (1..=7).map(|number| format!("{number}.example")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for (case, problem, reason, advice) in [
            (
                "a self-signed authority, given with --ca",
                {
                    let own = as_authority.self_signed(&key).unwrap().der().clone();
                    judged(&own, "localhost", std::slice::from_ref(&own))
                },
                "it is the certificate of an authority (CA:TRUE), which no server may show as its own",
                "make it with CA:FALSE: `openssl req -x509 ",
            ),
            (
                "an unknown authority",
                judged(&signed(params(&["localhost"])), "localhost", &[]),
                "no trusted authority signed it",
                "if you trust the server, give the certificate of its authority with --ca FILE (PEM)",
            ),
            (
                "an authority of the same name",
                judged(&signed(params(&["localhost"])), "localhost", &[same_name.der().clone()]),
                "its signature does not fit its authority's key",
                "--ca may hold an authority of the same name with another key",
            ),
            (
                "an expired one",
                judged(&signed(expired), "localhost", &roots),
                "it expired on 2021-02-03T00:00:00Z",
                "renew it on the server, or correct this machine's clock, which says 2026-11-30T",
            ),
            (
                "an early one",
                judged(&signed(early), "localhost", &roots),
                "it is not valid before 2040-01-01T00:00:00Z",
                "wait until then, or correct this machine's clock, which says 2026-11-30T",
            ),
            (
                "another host",
                judged(&signed(params(&["a.example", "10.1.2.3"])), "localhost", &roots),
                "it is valid for a.example, 10.1.2.3, and not for localhost",
                "write the host in the URL as the certificate has it, or issue one with the subjectAltName DNS:localhost",
            ),
            (
                "an address",
                judged(&signed(params(&["localhost"])), "127.0.0.1", &roots),
                "it is valid for localhost, and not for 127.0.0.1",
                "write the host in the URL as the certificate has it, or issue one with the subjectAltName IP:127.0.0.1",
            ),
            (
                "many hosts",
                judged(&signed(params(&many)), "localhost", &roots),
                "it is valid for 1.example, 2.example, 3.example, 4.example, 5.example and 2 more, and not for localhost",
                "write the host",
            ),
            (
                "no host",
                judged(&signed(params(&[])), "localhost", &roots),
                "it names no host, so it is not valid for localhost",
                "issue one with the subjectAltName DNS:localhost; the common name in its subject is not looked at",
            ),
            (
                "for clients",
                judged(&signed(for_clients), "localhost", &roots),
                "it is not meant for servers",
                "the server needs a certificate with the extended key usage serverAuth",
            ),
            (
                "garbage",
                judged(&CertificateDer::from_slice(b"garbage"), "localhost", &roots),
                "its encoding is broken",
                "the server needs another certificate",
            ),
        ] {
            assert_eq!(problem.reason, reason, "{case}");
            assert!(problem.advice.starts_with(advice), "{case}: {}", problem.advice);
        }
    }

    #[test]
    fn no_error_shows_the_inside_of_a_library() {
        use webpki::Error as E;
        for (error, reason) in [
            (E::UnsupportedCertVersion, "it is not of X.509 version 3"),
            (E::EndEntityUsedAsCa, "it was signed with a certificate that is not an authority's"),
            (E::NameConstraintViolation, "its authority is not allowed to sign for this host"),
            (E::InvalidSerialNumber, "it is invalid: invalid serial number"),
        ] {
            let other = CertificateError::Other(OtherError(Arc::new(error)));
            assert_eq!(CertificateProblem::from(&other).reason, reason);
        }
        let hostile = CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("localhost").unwrap(),
            presented: vec![format!("DnsName(\"a\u{1b}[2J{}\")", "x".repeat(200))],
        };
        let reason = CertificateProblem::from(&hostile).reason;
        assert!(reason.starts_with("it is valid for a?[2Jxxx") && reason.len() < 150, "{reason}");
        assert_eq!(CertificateProblem::of(&Error::NoCertificatesPresented).unwrap().reason, "the server shows none");
        assert_eq!(CertificateProblem::of(&Error::HandshakeNotComplete), None);
    }
}
