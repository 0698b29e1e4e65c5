//! Certificate and key of the listener.

#[cfg(feature = "inspect")]
mod pinned;

use std::{fmt, fs, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use toml::Spanned;

use super::{file::TlsTable, resolve::ConfigResolver};

/// By preference.
const ALPN_PROTOCOLS: [&[u8]; 2] = [b"h2", HTTP1];
const HTTP1: &[u8] = b"http/1.1";

/// Automatic renewal is usually done two weeks before the end, so a later one gets a warning.
const EXPIRY_WARNING: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The listener's TLS: version 1.2 or 1.3, HTTP/2 or HTTP/1.1.
#[derive(Clone)]
pub struct ListenerTls {
    chain: Vec<CertificateDer<'static>>,
    ends: Option<Timestamp>,
    server: Arc<ServerConfig>,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    #[error("it is not the key of the first certificate in the chain, which must be the server's own")]
    AnotherKey,
    #[error("{0}")]
    Unusable(rustls::Error),
}

impl ListenerTls {
    /// Takes the chain with the server's own certificate first, and its key.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(TlsError::Unusable)?;
        let server = builder.with_no_client_auth().with_single_cert(chain.clone(), key);
        let mut server = server.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => TlsError::AnotherKey,
            other => TlsError::Unusable(other),
        })?;
        server.alpn_protocols = ALPN_PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        let ends = chain.first().and_then(|own| not_after(own));
        Ok(Self { chain, ends, server: Arc::new(server) })
    }

    /// When the server's own certificate expires (`notAfter`, RFC 5280, section 4.1.2.5), if it can be read.
    pub fn ends(&self) -> Option<Timestamp> {
        self.ends
    }

    pub fn server(&self) -> Arc<ServerConfig> {
        self.server.clone()
    }

    /// A client that accepts this certificate and no other.
    #[cfg(feature = "inspect")]
    pub(crate) fn client(&self) -> Arc<rustls::ClientConfig> {
        pinned::client(self.chain[0].clone())
    }

    /// As [`Self::server`], without HTTP/2.
    #[cfg(feature = "inspect")]
    pub(crate) fn http1_server(&self) -> Arc<ServerConfig> {
        let mut server = ServerConfig::clone(&self.server);
        server.alpn_protocols = vec![HTTP1.to_vec()];
        Arc::new(server)
    }
}

/// Equal certificates have equal keys.
impl PartialEq for ListenerTls {
    fn eq(&self, other: &Self) -> bool {
        self.chain == other.chain
    }
}

// Not derived, so that no key material reaches a log.
impl fmt::Debug for ListenerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenerTls").field("certificates", &self.chain.len()).finish_non_exhaustive()
    }
}

impl ConfigResolver<'_> {
    /// Without secrets no certificate is read.
    pub(super) fn tls(&mut self, table: Option<&TlsTable>) -> Option<ListenerTls> {
        let table = table.filter(|_| self.secrets)?;
        let chain = table.certificate.as_ref().and_then(|typed| {
            let pem = self.pem("certificate", typed)?;
            let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().ok();
            let chain = chain.filter(|chain| !chain.is_empty());
            if chain.is_none() {
                self.file_problem("certificate", typed, "contains no certificate in PEM (-----BEGIN CERTIFICATE-----)");
            }
            chain
        });
        let key = table.key.as_ref().and_then(|typed| {
            let key = PrivateKeyDer::from_pem_slice(&self.pem("key", typed)?);
            let message = "contains no private key in PEM without a passphrase (-----BEGIN PRIVATE KEY-----)";
            key.map_err(|_| self.file_problem("key", typed, message)).ok()
        });
        let (certificate, typed_key) = (table.certificate.as_ref()?, table.key.as_ref()?);
        let tls = ListenerTls::new(chain?, key?);
        let tls = tls.map_err(|error| self.file_problem("key", typed_key, &format!("cannot be used: {error}"))).ok()?;
        if let Some(warning) = tls.ends().and_then(|ends| expiry_warning(ends, Timestamp::now())) {
            let path = self.resolve_path(certificate.get_ref());
            self.warning(certificate, format!("`certificate`: {} {warning}", path.display()));
        }
        Some(tls)
    }

    fn pem(&mut self, key: &str, typed: &Spanned<String>) -> Option<Vec<u8>> {
        let path = self.resolve_path(typed.get_ref());
        self.sources.note(&path);
        if key == "key" {
            self.warn_if_world_readable(key, typed, &path);
        }
        let read = fs::read(&path);
        read.map_err(|error| self.problem(typed, format!("`{key}`: cannot read {}: {error}", path.display()))).ok()
    }

    fn file_problem(&mut self, key: &str, typed: &Spanned<String>, problem: &str) {
        let path = self.resolve_path(typed.get_ref());
        self.problem(typed, format!("`{key}`: {} {problem}", path.display()));
    }
}

fn not_after(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

fn expiry_warning(ends: Timestamp, now: Timestamp) -> Option<String> {
    let left = ends.duration_since(now);
    let renew = "replace the file; the receiver loads it without a restart";
    if left <= SignedDuration::ZERO {
        Some(format!("expired at {ends}, so senders that verify it refuse it; {renew}"))
    } else if left < EXPIRY_WARNING {
        Some(format!("expires at {ends}, in {} days; {renew}", left.as_hours() / 24))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{folder, load};

    #[test]
    fn a_certificate_that_expired_or_expires_soon_is_warned_about() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        for (case, ends, expected) in [
            ("in a year", "2027-11-24T12:00:00Z", None),
            ("in a fortnight", "2026-12-08T12:00:00Z", None),
            ("a second less", "2026-12-08T11:59:59Z", Some("expires at 2026-12-08T11:59:59Z, in 13 days; ")),
            ("today", "2026-11-24T13:00:00Z", Some("expires at 2026-11-24T13:00:00Z, in 0 days; ")),
            ("now", "2026-11-24T12:00:00Z", Some("expired at 2026-11-24T12:00:00Z, so senders")),
            ("long ago", "2020-01-01T00:00:00Z", Some("expired at 2020-01-01T00:00:00Z, so senders")),
        ] {
            let warning = expiry_warning(ends.parse().unwrap(), now);
            match expected {
                Some(start) => assert!(warning.as_ref().is_some_and(|it| it.starts_with(start)), "{case}: {warning:?}"),
                None => assert_eq!(warning, None, "{case}"),
            }
        }
    }

    #[test]
    fn the_expiry_is_read_from_the_certificate() {
        let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        parameters.not_after = rcgen::date_time_ymd(2031, 2, 3);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let tls = ListenerTls::new(vec![certificate.der().clone()], key).unwrap();
        assert_eq!(tls.ends(), Some("2031-02-03T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn a_listener_with_a_certificate_accepts_passwords_on_any_address() {
        let text = "listen = \"0.0.0.0:443\"\n[tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n[[endpoint]]\npath = \"/\"\nauthentication = { type = \"basic\", username = \"jo\", password = \"file:secret\" }";
        load(&folder(), text).unwrap();
    }

    #[test]
    fn an_unusable_certificate_or_key_is_reported() {
        let folder = folder();
        let mut reported = String::new();
        for (certificate, key) in [
            ("none.pem", "none-either.pem"),
            ("secret", "secret"),
            ("key.pem", "certificate.pem"),
            ("certificate.pem", "other-key.pem"),
        ] {
            let text = format!("[[endpoint]]\npath = \"/\"\n[tls]\ncertificate = \"{certificate}\"\nkey = \"{key}\"\n");
            reported.push_str(&format!("{}\n", load(&folder, &text).unwrap_err()));
        }
        insta::assert_snapshot!(reported);
    }
}
