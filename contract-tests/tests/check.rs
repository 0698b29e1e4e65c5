//! The catalogue against the reference receiver, in which every case must pass, and against endpoints with one fault,
//! where the run must say so.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use std::{fs, net::SocketAddr, time::Duration};

use contract_tests::{Report, Target, check, report::CaseOutcome};
use receiver::{config::Config, server::Server};
use schemas::{Authentication, BasicCredentials, ClientSecret};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::oneshot,
};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

/// The characters of credentials with which nearly every case tells something: one to four bytes, both forms of
/// Unicode, a colon, what JSON escapes.
const ALPHABET: [char; 14] = ['a', 'Z', '9', '-', 'é', '€', '🐎', 'ß', ':', '"', '\\', ' ', '漢', 'ñ'];

fn telling(characters: usize) -> String {
    let middle = (1..characters - 1).map(|index| ALPHABET[(index * 5 + index / 13) % ALPHABET.len()]);
    ['K'].into_iter().chain(middle).chain(['q']).collect()
}

fn username() -> String {
    telling(100).replace([':', '"', '\\'], "u")
}

fn client_secret(text: &str) -> Authentication {
    Authentication::ClientSecret { client_secret: ClientSecret::new(text.to_owned()).unwrap() }
}

fn basic() -> Authentication {
    Authentication::Basic(BasicCredentials::new(username(), telling(100)).unwrap())
}

struct Reference {
    address: SocketAddr,
    folder: TempDir,
    _stop: oneshot::Sender<()>,
}

impl Reference {
    async fn start(tls: bool) -> Self {
        let folder = TempDir::new().unwrap();
        let file = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        file("secret", &telling(250));
        file("password", &telling(100));
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
            username()
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
        Self { address, folder, _stop: stop }
    }

    fn target(&self, scheme: &str, path: &str, authentication: Authentication) -> Target {
        Target::new(&format!("{scheme}://{}{path}", self.address), authentication).unwrap().seed(7)
    }
}

fn failures(report: &Report) -> Vec<String> {
    let failed = |result: &contract_tests::report::CaseResult| match &result.outcome {
        CaseOutcome::Failed(failure) => Some(format!("{} {}: {}", result.id, result.title, failure.came)),
        CaseOutcome::Passed | CaseOutcome::Skipped { .. } => None,
    };
    report.results.iter().filter_map(failed).collect()
}

fn failed_clauses(report: &Report) -> Vec<&str> {
    let failed = report.results.iter().filter(|result| matches!(result.outcome, CaseOutcome::Failed(_)));
    let mut clauses: Vec<&str> = failed.map(|result| result.clause.as_str()).collect();
    clauses.dedup();
    clauses
}

fn passed(report: &Report, id: &str) -> bool {
    report.results.iter().any(|result| result.id == id && result.outcome == CaseOutcome::Passed)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_receiver_keeps_every_clause() {
    let reference = Reference::start(false).await;
    for (path, authentication, least) in [
        ("/none", Authentication::None, 130),
        ("/client-secret", client_secret(&telling(250)), 200),
        ("/basic", basic(), 200),
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
    let target = reference.target("https", "/basic", basic());
    let unknown = check(&target.clone()).await.unwrap();
    assert_eq!(failed_clauses(&unknown), ["AUTH-27"], "{:?}", unknown.notices);

    let report = check(&target.ca(Some(reference.folder.path().join("certificate.pem")))).await.unwrap();
    assert_eq!(failures(&report), Vec::<String>::new());
    assert!(report.results.iter().any(|result| result.clause == "HTTP-21" && result.outcome == CaseOutcome::Passed));
    assert!(report.results.iter().any(|result| result.clause == "AUTH-26" && result.outcome == CaseOutcome::Passed));
}

async fn mock(answer: impl Fn(&Request) -> ResponseTemplate + Send + Sync + 'static) -> (MockServer, String) {
    let server = MockServer::start().await;
    Mock::given(matchers::any()).respond_with(answer).mount(&server).await;
    let url = format!("{}/hooks", server.uri());
    (server, url)
}

fn plain(url: &str, authentication: Authentication) -> Target {
    Target::new(url, authentication).unwrap().timeout(Duration::from_millis(500)).only(["AUTH-*".to_owned()])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_plain_message_is_one_failure() {
    for (status, said) in [
        (401, "either the credential given is not the one"),
        (403, "either the credential given is not the one"),
        (404, "path is not that of the endpoint"),
        (302, "is not quite that of the endpoint"),
        (500, "fails on a valid message"),
        (501, "takes no POST"),
    ] {
        let (_server, url) = mock(move |_| ResponseTemplate::new(status)).await;
        let report = check(&plain(&url, client_secret("short-secret"))).await.unwrap();
        assert!(!report.holds(false), "{status}");
        assert!(report.notices[0].contains(said), "{status}: {:?}", report.notices);
        let failed = failed_clauses(&report);
        assert!(failed.contains(&"AUTH-3") && failed.len() <= 2, "{status}: {failed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_accepts_everything_is_told_so_and_a_leak_is_found() {
    let (_server, url) = mock(|request| ResponseTemplate::new(200).set_body_bytes(request.body.clone())).await;
    let report = check(&plain(&url, client_secret("a secret with ä"))).await.unwrap();
    let failed = failed_clauses(&report);
    for clause in ["AUTH-4", "AUTH-5", "AUTH-6", "AUTH-9", "AUTH-24"] {
        assert!(failed.contains(&clause), "{clause}: {failed:?}");
    }
    assert!(passed(&report, "AUTH-SECRET-001"));
    let written = serde_json::to_string(&report).unwrap();
    for spelling in ["a secret with ä", "a secret with \\u00e4", "YSBzZWNyZXQgd2l0aCDDpA==", "a%20secret%20with"] {
        assert!(!written.contains(spelling), "the report holds a credential");
    }
}

/// Answers nothing on any connection, or closes each.
async fn mute(closes: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            if !closes {
                kept.push(stream);
            }
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_answer_nothing_is_tested() {
    for (closes, said) in [(true, "closed each of 3 connections"), (false, "gave no answer to a plain valid message")] {
        let target = plain(&mute(closes).await, Authentication::None).timeout(Duration::from_millis(100));
        let report = check(&target).await.unwrap();
        assert!(report.results.is_empty() && report.notices[0].contains(said), "{:?}", report.notices);
    }
    let reference = Reference::start(false).await;
    let report = check(&reference.target("https", "/none", Authentication::None)).await.unwrap();
    assert!(report.results.is_empty() && report.notices[0].contains("does not speak TLS"), "{:?}", report.notices);
    let reference = Reference::start(true).await;
    let report = check(&reference.target("http", "/none", Authentication::None)).await.unwrap();
    assert!(report.results.is_empty() && report.notices[0].contains("https://"), "{:?}", report.notices);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_always_late_ends_the_run() {
    let (_server, url) = mock(|_| ResponseTemplate::new(200).set_delay(Duration::from_millis(300))).await;
    let report = check(&plain(&url, Authentication::None).timeout(Duration::from_millis(100))).await.unwrap();
    assert_eq!(failed_clauses(&report), ["AUTH-2"]);
    assert!(report.notices[0].contains("takes too long"), "{:?}", report.notices);
}

#[tokio::test(flavor = "multi_thread")]
async fn safe_sends_valid_messages_only_and_a_seed_makes_the_same_requests() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let (server, url) = mock(|_| ResponseTemplate::new(200)).await;
        let target = Target::new(&url, client_secret("short-secret")).unwrap().safe(true).seed(5);
        assert!(check(&target).await.unwrap().holds(false));
        let mut bodies = Vec::new();
        for request in server.received_requests().await.unwrap() {
            let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(body["clientSecret"], "short-secret");
            assert_eq!(request.method.as_str(), "POST");
            bodies.push(request.body);
        }
        bodies.sort();
        runs.push(bodies);
    }
    assert!(runs[0].len() > 80 && runs[0] == runs[1], "{} and {}", runs[0].len(), runs[1].len());
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_yet_is_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let target = Target::new(&format!("http://{address}/"), Authentication::None).unwrap();
    let target = target.only(["AUTH-2".to_owned()]).wait_ready(Duration::from_secs(10));
    let late = async {
        tokio::task::yield_now().await;
        let listener = TcpListener::bind(address).await.unwrap();
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut room = [0; 16 * 1024];
                if stream.read(&mut room).await.is_ok_and(|read| read > 0) {
                    let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
                }
            });
        }
    };
    let report = tokio::select! { report = check(&target) => report.unwrap(), () = late => unreachable!() };
    assert!(report.holds(true) && report.results.len() == 2, "{:?}", report.notices);
}
