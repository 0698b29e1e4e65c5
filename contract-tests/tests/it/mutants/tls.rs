//! Certificates, good ones and others, of an authority that is made for the test.

use std::{sync::Arc, sync::LazyLock};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// What an endpoint shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certificate {
    Good,
    Expired,
    Early,
    OtherName,
    SelfSigned,
    NoChain,
}

struct Authorities {
    root: CertifiedIssuer<'static, KeyPair>,
    between: CertifiedIssuer<'static, KeyPair>,
}

static AUTHORITIES: LazyLock<Authorities> = LazyLock::new(|| {
    let root = CertifiedIssuer::self_signed(authority("The test's authority"), KeyPair::generate().unwrap()).unwrap();
    let between = authority("The authority below");
    let between = CertifiedIssuer::signed_by(between, KeyPair::generate().unwrap(), &root).unwrap();
    Authorities { root, between }
});

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// The certificate of the authority that a client is told to trust, as PEM.
pub(crate) fn trusted() -> String {
    AUTHORITIES.root.pem()
}

impl Certificate {
    /// A server's side of TLS that shows it.
    pub(crate) fn acceptor(self) -> TlsAcceptor {
        let name = if self == Self::OtherName { "elsewhere.example.com" } else { "localhost" };
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        match self {
            Self::Expired => {
                params.not_before = date_time_ymd(2020, 1, 1);
                params.not_after = date_time_ymd(2021, 1, 1);
            }
            Self::Early => params.not_before = date_time_ymd(2099, 1, 1),
            Self::Good | Self::OtherName | Self::SelfSigned | Self::NoChain => {}
        }
        let key = KeyPair::generate().unwrap();
        let Authorities { between, .. } = &*AUTHORITIES;
        let own = match self {
            Self::SelfSigned => params.self_signed(&key).unwrap(),
            _ => params.signed_by(&key, between).unwrap(),
        };
        let chain = match self {
            Self::SelfSigned | Self::NoChain => vec![own.der().clone()],
            _ => vec![own.der().clone(), between.der().clone()],
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}
