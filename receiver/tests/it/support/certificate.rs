//! Certificates for tests, and clients that trust them.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
    version::{TLS12, TLS13},
};

use crate::support::{
    program::Receiver,
    raw_client::{PATIENCE, Raw},
};

/// A certificate of `localhost`, signed by itself.
pub(crate) struct Certificate {
    pub(crate) pem: String,
    pub(crate) key: String,
    certificate: CertificateDer<'static>,
}

/// What `receiver.toml` says of TLS; the files are those of [`Certificate::install`].
pub(crate) const TLS: &str = "[tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n";

impl Certificate {
    pub(crate) fn make() -> Self {
        Self::ending_in(4096)
    }

    /// One whose last moment is the first of that year.
    pub(crate) fn ending_in(year: i32) -> Self {
        let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        parameters.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let made = parameters.self_signed(&key).unwrap();
        Self { pem: made.pem(), key: key.serialize_pem(), certificate: made.der().clone() }
    }

    pub(crate) fn install(&self, folder: &Path) {
        fs::write(folder.join("certificate.pem"), &self.pem).unwrap();
        fs::write(folder.join("key.pem"), &self.key).unwrap();
    }

    /// A client that trusts this certificate alone.
    pub(crate) fn client(&self, versions: &[&'static SupportedProtocolVersion], protocols: &[&str]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_protocol_versions(versions).unwrap();
        let mut client = builder.with_root_certificates(roots).with_no_client_auth();
        client.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        client
    }

    /// HTTP/1.1 over TLS; an error when the receiver shows another certificate.
    pub(crate) fn try_connect(&self, receiver: &Receiver) -> std::io::Result<Raw> {
        let client = self.client(&[&TLS13, &TLS12], &["http/1.1"]);
        connect(receiver, client).map(Raw::over)
    }

    pub(crate) fn connect(&self, receiver: &Receiver) -> Raw {
        self.try_connect(receiver).unwrap()
    }
}

/// A connection whose handshake is done.
pub(crate) fn connect(
    receiver: &Receiver,
    client: ClientConfig,
) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
    connect_to(receiver.address, client)
}

/// As [`connect`], to another of its listeners.
pub(crate) fn connect_to(
    address: SocketAddr,
    client: ClientConfig,
) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let client = ClientConnection::new(Arc::new(client), ServerName::try_from("localhost").unwrap()).unwrap();
    let mut stream = StreamOwned::new(client, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}
