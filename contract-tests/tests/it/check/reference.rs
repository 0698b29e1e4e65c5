//! The kit's receiver, with telling credentials: every case must pass.

use std::{fs, net::SocketAddr, path::PathBuf};

use contract_tests::{Target, check, report::CaseOutcome, strong_credentials};
use receiver::{config::Config, server::Server};
use schemas::{Authentication, BasicCredentials, ClientSecret};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::check::failures;

/// A running receiver, with an endpoint for each kind of authentication; dropping it stops it.
pub(crate) struct Reference {
    pub(crate) address: SocketAddr,
    folder: TempDir,
    client_secret: ClientSecret,
    basic: BasicCredentials,
    _stop: oneshot::Sender<()>,
}

impl Reference {
    pub(crate) async fn start(tls: bool) -> Self {
        let folder = TempDir::new().unwrap();
        let (client_secret, basic) = (strong_credentials::client_secret(), strong_credentials::basic());
        let file = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        file("secret", client_secret.expose());
        file("password", basic.expose_password());
        let mut config = format!(
            r#"
                listen = "127.0.0.1:0"
                data_dir = "data"
                log_payloads = false
                [[endpoint]]
                path = "/none"
                [[endpoint]]
                path = "/client-secret"
                authentication = {{ type = "client-secret", secret = "file:secret" }}
                [[endpoint]]
                path = "/basic"
                authentication = {{ type = "basic", username = "{}", password = "file:password" }}
            "#,
            basic.username()
        );
        if tls {
            let signed = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
            file("certificate.pem", &signed.cert.pem());
            file("key.pem", &signed.signing_key.serialize_pem());
            config.push_str("[tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n");
        }
        file("receiver.toml", &config);
        let server = Server::bind(Config::load(&folder.path().join("receiver.toml")).unwrap()).await.unwrap();
        let address = server.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(server.run(async move { drop(stopped.await) }));
        Self { address, folder, client_secret, basic, _stop: stop }
    }

    pub(crate) fn target(&self, scheme: &str, path: &str, authentication: Authentication) -> Target {
        Target::new(&format!("{scheme}://{}{path}", self.address), authentication).unwrap().seed(7)
    }

    pub(crate) fn client_secret(&self) -> Authentication {
        Authentication::ClientSecret { client_secret: self.client_secret.clone() }
    }

    pub(crate) fn basic(&self) -> Authentication {
        Authentication::Basic(self.basic.clone())
    }

    /// The file with the client secret.
    pub(crate) fn secret_file(&self) -> PathBuf {
        self.folder.path().join("secret")
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_receiver_keeps_every_clause() {
    let reference = Reference::start(false).await;
    for (path, authentication, least) in [
        ("/none", Authentication::None, 130),
        ("/client-secret", reference.client_secret(), 200),
        ("/basic", reference.basic(), 200),
    ] {
        let report = check(&reference.target("http", path, authentication)).await.unwrap();
        assert_eq!(failures(&report), Vec::<String>::new(), "{path}");
        let run = report.results.iter().filter(|result| result.outcome == CaseOutcome::Passed).count();
        assert!(run >= least, "{path}: {run}, {:?}", report.notices);
        assert!(report.took_ms < 10_000, "{path}: {} ms", report.took_ms);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_too_and_only_with_a_certificate_that_holds() {
    let reference = Reference::start(true).await;
    let target = reference.target("https", "/basic", reference.basic());
    let unknown = check(&target.clone()).await.unwrap();
    assert_eq!(crate::check::failed_clauses(&unknown), ["AUTH-27"], "{:?}", unknown.notices);

    let report = check(&target.ca(Some(reference.certificate()))).await.unwrap();
    assert_eq!(failures(&report), Vec::<String>::new());
    assert!(report.results.iter().any(|result| result.clause == "HTTP-21" && result.outcome == CaseOutcome::Passed));
    assert!(report.results.iter().any(|result| result.clause == "AUTH-26" && result.outcome == CaseOutcome::Passed));
}
