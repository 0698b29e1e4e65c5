//! Certificate and key of the listener: read from PEM, held to fit each other, ready for handshakes.

use std::{fmt, fs, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use toml::Spanned;

use super::{check::Check, file::TlsTable};

/// What a client may choose by ALPN, the preferred first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A certificate that ends sooner is worth a warning: whoever renews it by a timer has done so a fortnight before.
const ENDS_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// TLS as the listener speaks it: version 1.2 or 1.3, HTTP/2 or HTTP/1.1.
#[derive(Clone)]
pub struct Tls {
    chain: Vec<CertificateDer<'static>>,
    ends: Option<Timestamp>,
    server: Arc<ServerConfig>,
}

/// Certificate and key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The key is another certificate's.
    #[error("this is not the key of the first certificate in the chain, which has to be the server's own")]
    AnotherKey,
    /// The certificate or the kind of key is one that TLS cannot work with.
    #[error("certificate and key cannot be used: {0}")]
    Unusable(rustls::Error),
}

impl Tls {
    /// A server with this certificate chain, its own certificate first, and that certificate's key.
    ///
    /// # Errors
    /// When they do not belong together.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(TlsError::Unusable)?;
        let server = builder.with_no_client_auth().with_single_cert(chain.clone(), key);
        let mut server = server.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => TlsError::AnotherKey,
            other => TlsError::Unusable(other),
        })?;
        server.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        let ends = chain.first().and_then(|own| not_after(own));
        Ok(Self { chain, ends, server: Arc::new(server) })
    }

    /// The last moment of the server's own certificate (its `notAfter`, RFC 5280, section 4.1.2.5), if it can be read.
    pub fn ends(&self) -> Option<Timestamp> {
        self.ends
    }

    /// What handshakes are made with.
    pub fn server(&self) -> Arc<ServerConfig> {
        self.server.clone()
    }
}

/// Two are the same when their certificates are: a certificate has one key.
impl PartialEq for Tls {
    fn eq(&self, other: &Self) -> bool {
        self.chain == other.chain
    }
}

// Not derived: a private key is no text for logs.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("certificates", &self.chain.len()).finish_non_exhaustive()
    }
}

impl Check<'_> {
    /// Whoever only reads what was received needs no certificate, so none is read then.
    pub(super) fn tls(&mut self, table: Option<&TlsTable>) -> Option<Tls> {
        let table = table.filter(|_| self.secrets)?;
        let chain = self.pem("certificate", &table.certificate).map(|pem| {
            CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().ok().filter(|chain| !chain.is_empty())
        });
        if matches!(chain, Some(None)) {
            let words = "there is no certificate in PEM in it; each begins with -----BEGIN CERTIFICATE-----";
            self.about("certificate", &table.certificate, words);
        }
        let key = self.pem("key", &table.key).map(|pem| PrivateKeyDer::from_pem_slice(&pem).ok());
        if matches!(key, Some(None)) {
            let words = "there is no private key in PEM in it; one begins with -----BEGIN PRIVATE KEY-----, and must \
                         not have a passphrase";
            self.about("key", &table.key, words);
        }
        let tls = Tls::new(chain??, key??).map_err(|error| self.about("key", &table.key, error)).ok()?;
        if let Some(words) = tls.ends().and_then(|ends| of_its_end(ends, Timestamp::now())) {
            let path = self.beside(table.certificate.get_ref());
            let words = format!("`certificate`: {} {words}", path.display());
            self.warning(table.certificate.span().start, words);
        }
        Some(tls)
    }

    fn pem(&mut self, key: &str, typed: &Spanned<String>) -> Option<Vec<u8>> {
        let path = self.beside(typed.get_ref());
        self.sources.note(&path);
        if key == "key" {
            self.warn_if_everyone_reads(key, typed, &path);
        }
        let read = fs::read(&path);
        read.map_err(|error| {
            self.problem(typed.span().start, format!("`{key}`: cannot read {}: {error}", path.display()))
        })
        .ok()
    }

    fn about(&mut self, key: &str, typed: &Spanned<String>, words: impl fmt::Display) {
        let path = self.beside(typed.get_ref());
        self.problem(typed.span().start, format!("`{key}`: {}: {words}", path.display()));
    }
}

fn not_after(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

/// What there is to say of a certificate that ended or ends soon.
fn of_its_end(ends: Timestamp, now: Timestamp) -> Option<String> {
    let left = ends.duration_since(now);
    let renew = "put a new one in its place; it is taken without a restart";
    if left <= SignedDuration::ZERO {
        Some(format!("ended at {ends}, so senders that check it refuse it: {renew}"))
    } else if left < ENDS_SOON {
        Some(format!("ends at {ends}, in {} days: {renew}", left.as_hours() / 24))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{folder, load};

    #[test]
    fn a_certificate_that_ended_or_ends_soon_is_told() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        for (case, ends, told) in [
            ("in a year", "2027-11-24T12:00:00Z", None),
            ("in a fortnight", "2026-12-08T12:00:00Z", None),
            ("a second less", "2026-12-08T11:59:59Z", Some("ends at 2026-12-08T11:59:59Z, in 13 days: ")),
            ("today", "2026-11-24T13:00:00Z", Some("ends at 2026-11-24T13:00:00Z, in 0 days: ")),
            ("now", "2026-11-24T12:00:00Z", Some("ended at 2026-11-24T12:00:00Z, so senders")),
            ("long ago", "2020-01-01T00:00:00Z", Some("ended at 2020-01-01T00:00:00Z, so senders")),
        ] {
            let words = of_its_end(ends.parse().unwrap(), now);
            match told {
                Some(told) => assert!(words.as_ref().is_some_and(|words| words.starts_with(told)), "{case}: {words:?}"),
                None => assert_eq!(words, None, "{case}"),
            }
        }
    }

    #[test]
    fn the_end_is_read_from_the_certificate() {
        let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        parameters.not_after = rcgen::date_time_ymd(2031, 2, 3);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let tls = Tls::new(vec![certificate.der().clone()], key).unwrap();
        assert_eq!(tls.ends(), Some("2031-02-03T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn a_listener_with_a_certificate_may_take_passwords_anywhere() {
        let text = "listen = \"0.0.0.0:443\"\n[tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n[[endpoint]]\npath = \"/\"\nauthentication = { type = \"basic\", username = \"jo\", password = \"file:secret\" }";
        load(&folder(), text).unwrap();
    }

    #[test]
    fn certificate_and_key_that_cannot_be_used_are_said_to_be_so() {
        let folder = folder();
        let mut said = String::new();
        for (certificate, key) in [
            ("none.pem", "none-either.pem"),
            ("secret", "secret"),
            ("key.pem", "certificate.pem"),
            ("certificate.pem", "other-key.pem"),
        ] {
            let text = format!("[[endpoint]]\npath = \"/\"\n[tls]\ncertificate = \"{certificate}\"\nkey = \"{key}\"\n");
            said.push_str(&format!("{}\n", load(&folder, &text).unwrap_err()));
        }
        insta::assert_snapshot!(said);
    }
}
