//! TLS: the platform's roots do not know our authority, `--ca` does, and each refusal has its sentence.

use std::{io::Write as _, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::NamedTempFile;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use crate::{run, webhook_sender};

/// A server for one connection that shows the certificate of an authority, as `openssl req -x509` makes it, and the file
/// with that certificate.
async fn server_with_an_authoritys_certificate() -> (u16, NamedTempFile) {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let mut ca = NamedTempFile::new().unwrap();
    ca.write_all(certificate.pem().as_bytes()).unwrap();
    (serve(certificate.der().clone(), &key).await, ca)
}

/// A server for one connection, and the file with the certificate of its authority.
pub(crate) async fn server(host: &str) -> (u16, NamedTempFile) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "An authority of our own");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let mut ca = NamedTempFile::new().unwrap();
    ca.write_all(authority.pem().as_bytes()).unwrap();

    (serve(certificate.der().clone(), &key).await, ca)
}

/// Serves one connection with a certificate, and gives the port.
async fn serve(certificate: CertificateDer<'static>, key: &KeyPair) -> u16 {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else { return };
        let mut beginning = [0; 16];
        stream.read_exact(&mut beginning).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        let _ = stream.shutdown().await;
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_of_our_own_is_trusted_with_ca_only() {
    let (port, ca) = server("localhost").await;
    let to = format!("https://localhost:{port}/hook");
    let ca = ca.path().to_str().unwrap();
    let sent = run(webhook_sender().args(["send", "--to", &to, "--ca", ca]));
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);

    let (port, _) = server("localhost").await;
    let sent = run(webhook_sender().args(["send", "--to", &format!("https://localhost:{port}/hook")]));
    assert_eq!(sent.code, Some(3));
    let expected = "error: nothing answered: the server's certificate is not accepted: \
                    no trusted authority signed it\n";
    assert!(sent.stderr.starts_with(expected), "{}", sent.stderr);
    assert!(sent.stderr.contains("--ca FILE"), "{}", sent.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_host_is_not_accepted() {
    let (port, ca) = server("hooks.example.com").await;
    let (to, ca) = (format!("https://localhost:{port}/hook"), ca.path().to_str().unwrap().to_owned());
    let sent = run(webhook_sender().args(["send", "--to", &to, "--ca", &ca]));
    assert_eq!(sent.code, Some(3));
    assert!(sent.stderr.contains("it is valid for hooks.example.com, and not for localhost"), "{}", sent.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_certificate_is_explained_with_what_to_do() {
    let mut said = Vec::new();
    for (case, (port, ca), gives_ca) in [
        ("a self-signed authority", server_with_an_authoritys_certificate().await, true),
        ("an unknown authority", server("localhost").await, false),
        ("another host", server("hooks.example.com").await, true),
    ] {
        let (to, ca) = (format!("https://localhost:{port}/hook"), ca.path().to_str().unwrap().to_owned());
        let mut arguments = vec!["send", "--to", &to];
        arguments.extend(gives_ca.then_some(["--ca", &ca]).into_iter().flatten());
        let sent = run(webhook_sender().args(arguments));
        said.push(format!("{case}: exit {}\n{}", sent.code.unwrap(), sent.stderr));
    }
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"localhost:\d+", "localhost:PORT");
    settings.add_filter(r"took .* ms", "took TIME");
    settings.bind(|| insta::assert_snapshot!("certificates", said.join("\n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_to_a_tls_port_says_what_to_try() {
    let (port, _) = server("localhost").await;
    let sent = run(webhook_sender().args(["send", "--to", &format!("http://localhost:{port}/hook")]));
    assert_eq!(sent.code, Some(3), "{}", sent.stderr);
    assert!(sent.stderr.starts_with("error: nothing answered: what came back is not HTTP/1.1"), "{}", sent.stderr);
    assert!(sent.stderr.contains("https://"), "{}", sent.stderr);
}
