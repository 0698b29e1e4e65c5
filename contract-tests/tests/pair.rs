//! The sender against the receiver over real sockets, by their libraries; and the sender against an endpoint that knows
//! only the contract.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use std::{collections::HashSet, fs, net::SocketAddr};

use receiver::{
    config::Config,
    log::{Entry, Position, Record, Segments},
    server::{DataFolder, Server},
};
use schemas::{Authentication, BasicCredentials, ClientSecret, Document, Profile, Sample, Schema, StepMessage};
use secrecy::ExposeSecret as _;
use sender::{
    Composed,
    delivery::{Client, ClientOptions, Outcome},
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use wiremock::{MockServer, ResponseTemplate, matchers};

const SECRET: &str = "correct \"horse\" \\ battery 🐎";
const PASSWORD: &str = "päss:wörd";

fn client_secret(text: &str) -> Authentication {
    Authentication::ClientSecret { client_secret: ClientSecret::new(text.to_owned()).unwrap() }
}

fn basic(username: &str, password: &str) -> Authentication {
    Authentication::Basic(BasicCredentials::new(username, password.to_owned()).unwrap())
}

/// A receiver with an endpoint for each kind of authentication.
struct Running {
    address: SocketAddr,
    folder: TempDir,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Running {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("secret"), SECRET).unwrap();
        fs::write(folder.path().join("password"), PASSWORD).unwrap();
        let file = folder.path().join("receiver.toml");
        fs::write(
            &file,
            r#"
            listen = "127.0.0.1:0"
            data_dir = "data"
            [[endpoint]]
            path = "/none"
            [[endpoint]]
            path = "/client-secret"
            authentication = { type = "client-secret", secret = "file:secret" }
            [[endpoint]]
            path = "/basic"
            authentication = { type = "basic", username = "jo", password = "file:password" }
            "#,
        )
        .unwrap();
        let server = Server::bind(Config::load(&file).unwrap()).await.unwrap();
        let address = server.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(server.run(async move { drop(stopped.await) }));
        Self { address, folder, stop, ended }
    }

    async fn deliver(&self, client: &Client, path: &str, composed: &Composed) -> Outcome {
        let target = format!("http://{}{path}", self.address).parse().unwrap();
        client.deliver(&target, composed.request().unwrap()).await
    }

    /// Ends it in order, and reads what it stored.
    async fn stop(self) -> Vec<Record> {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap().unwrap();
        let mut reader = Segments::read_beside(&DataFolder::log_in(&self.folder.path().join("data")), Position(0));
        let mut records = Vec::new();
        while let Some(entry) = reader.next_entry().unwrap() {
            let Entry::Record { record, .. } = entry else { panic!("{entry:?}") };
            records.push(record);
        }
        records
    }
}

fn client() -> Client {
    Client::new(&ClientOptions::default()).unwrap()
}

fn messages() -> impl Iterator<Item = (&'static str, StepMessage)> {
    Sample::valid().map(|sample| (sample.name, serde_json::from_slice(sample.body).unwrap()))
}

fn without_secret(message: &StepMessage) -> StepMessage {
    StepMessage { client_secret: None, ..message.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_with_every_authentication_is_accepted_and_stored_as_it_was_sent_less_the_secret() {
    let running = Running::start().await;
    let client = client();
    let kinds =
        [("/none", Authentication::None), ("/client-secret", client_secret(SECRET)), ("/basic", basic("jo", PASSWORD))];
    let mut sent = Vec::new();
    for (name, message) in messages() {
        for (path, authentication) in &kinds {
            let composed = Composed::from_message(&message, authentication, Profile::v1()).unwrap();
            let outcome = running.deliver(&client, path, &composed).await;
            assert!(
                matches!(&outcome, Outcome::Accepted(answer) if answer.status == 200),
                "{name} to {path}: {outcome:?}"
            );
            sent.push((name, *path, message.clone(), composed.body));
        }
    }
    let records = running.stop().await;
    assert_eq!(records.len(), sent.len());
    for (record, (name, path, message, body)) in records.iter().zip(sent) {
        assert_eq!((record.header.endpoint.as_str(), record.header.trigger), (path, Some(message.trigger)), "{name}");
        assert_eq!(record.header.flow.as_deref(), Some(message.flow.flow_identifier.as_str()), "{name}");
        assert_eq!(record.header.step.as_deref(), Some(message.step.step_identifier.as_str()), "{name}");
        let span = Document::read(&body, Profile::v1()).unwrap().secret_span();
        assert_eq!(record.header.secret_at, span.as_ref().map(|span| span.start), "{name}");
        let expected = match span {
            Some(span) => [&body[..span.start], b"\"\"", &body[span.end..]].concat(),
            None => body.to_vec(),
        };
        assert_eq!(record.body, expected, "{name} to {path}");
        assert!(!record.body.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_declined_and_nothing_is_stored() {
    let running = Running::start().await;
    let client = client();
    let message = without_secret(&messages().next().unwrap().1);
    for (case, path, authentication, status) in [
        ("no secret", "/client-secret", Authentication::None, 403),
        ("a wrong secret", "/client-secret", client_secret("correct"), 403),
        ("the secret in upper case", "/client-secret", client_secret(&SECRET.to_uppercase()), 403),
        ("basic for a secret", "/client-secret", basic("jo", PASSWORD), 403),
        ("no header", "/basic", Authentication::None, 401),
        ("a wrong password", "/basic", basic("jo", "päss"), 401),
        ("a wrong username", "/basic", basic("joe", PASSWORD), 401),
        ("a secret for basic", "/basic", client_secret(SECRET), 401),
    ] {
        let composed = Composed::from_message(&message, &authentication, Profile::v1()).unwrap();
        let outcome = running.deliver(&client, path, &composed).await;
        assert!(matches!(&outcome, Outcome::Declined(answer) if answer.status == status), "{case}: {outcome:?}");
        let shown = format!("{:?}", outcome.answer().unwrap().body);
        assert!(!shown.contains("horse") && !shown.contains("ss:w"), "{case}: {shown}");
    }
    assert_eq!(running.stop().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_the_contract_is_stored_and_what_is_no_message_is_declined() {
    let running = Running::start().await;
    let client = client();
    let mut stored = 0;
    for sample in Sample::invalid() {
        let value: Value = serde_json::from_slice(sample.body).unwrap();
        let is_message = value.as_object().is_some_and(|members| !members.is_empty());
        let composed = Composed::from_bytes(sample.body.into(), None);
        let outcome = running.deliver(&client, "/none", &composed).await;
        let expected = if is_message { 200 } else { 422 };
        assert_eq!(outcome.answer().unwrap().status, expected, "{}", sample.name);
        stored += usize::from(is_message);
    }
    assert_eq!(running.stop().await.len(), stored);
}

/// The endpoint is wiremock, which shares no code with the sender; headers are literals.
#[tokio::test(flavor = "multi_thread")]
async fn the_sender_keeps_the_contract_towards_any_endpoint() {
    let client = client();
    // `basic` and the base64 of `jo:päss:wörd`.
    let literal = "basic am86cMOkc3M6d8O2cmQ=";
    for (case, authentication, header) in [
        ("none", Authentication::None, None),
        ("client secret", client_secret(SECRET), None),
        ("basic", basic("jo", PASSWORD), Some(literal)),
    ] {
        let endpoint = MockServer::start().await;
        let accept = wiremock::Mock::given(matchers::method("POST"))
            .and(matchers::path("/hooks"))
            .and(matchers::header("content-type", "application/json"));
        accept.respond_with(ResponseTemplate::new(204)).mount(&endpoint).await;
        let target = format!("{}/hooks", endpoint.uri()).parse().unwrap();
        for (name, message) in messages() {
            let message = without_secret(&message);
            let composed = Composed::from_message(&message, &authentication, Profile::v1()).unwrap();
            assert_eq!(composed.authorization.as_ref().map(|value| value.expose_secret()), header, "{case}");
            let outcome = client.deliver(&target, composed.request().unwrap()).await;
            assert!(matches!(outcome, Outcome::Accepted(_)), "{case}: {name}: {outcome:?}");
        }
        let requests = endpoint.received_requests().await.unwrap();
        assert_eq!(requests.len(), messages().count());
        for request in requests {
            let values: Vec<_> = request.headers.get_all("authorization").iter().collect();
            assert_eq!(values, Vec::from_iter(header), "{case}");
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(Schema::StepMessage.violations(&body), [], "{case}");
            let secret = (case == "client secret").then_some(SECRET);
            assert_eq!(body.get("clientSecret").and_then(Value::as_str), secret, "{case}");
            let names: HashSet<&str> = request.headers.keys().map(|name| name.as_str()).collect();
            let due = ["host", "content-type", "content-length", "user-agent", "authorization"];
            assert!(names.iter().all(|name| due.contains(name)), "{case}: {names:?}");
        }
    }
}
