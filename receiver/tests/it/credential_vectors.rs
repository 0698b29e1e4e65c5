//! Every decode vector of the contract over real HTTP: one receiver, one endpoint for each accepted credential.

use std::{collections::HashMap, fmt::Write as _, fs};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{Raw, post},
};

fn vectors(file: &str) -> Value {
    let path = format!("{}/../schemas/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// A receiver that has one endpoint, `/0`, `/1` and so on, for each accepted credential.
struct Endpoints {
    folder: TempDir,
    toml: String,
    paths: HashMap<String, String>,
}

impl Endpoints {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), toml: String::new(), paths: HashMap::new() }
    }

    /// The path of the endpoint for a credential: its kind and username as TOML, and its secret.
    fn path(&mut self, credential: &str, key: &str, secret: &str) -> String {
        let number = self.paths.len();
        let known = self.paths.entry(format!("{credential} {secret}"));
        let fresh = || {
            // The reference takes off one line feed at the end, and no more.
            fs::write(self.folder.path().join(format!("secret-{number}")), secret).unwrap();
            writeln!(
                self.toml,
                "[[endpoint]]\npath = \"/{number}\"\nauthentication = {{ {credential}, {key} = \"exact:file:secret-{number}\" }}"
            )
            .unwrap();
            format!("/{number}")
        };
        known.or_insert_with(fresh).clone()
    }

    fn start(&self) -> Receiver {
        Receiver::start_in(self.folder.path(), &self.toml, &[])
    }
}

#[test]
fn every_authorization_header_gets_the_verdict_of_its_vector() {
    let vectors = vectors("basic-authorization.json");
    let cases = vectors["decode"].as_array().unwrap();
    let mut endpoints = Endpoints::new();
    let requests: Vec<Option<Vec<u8>>> = cases
        .iter()
        .map(|case| {
            let text = |pointer: &str| case.pointer(pointer).unwrap().as_str().unwrap();
            let username = serde_json::to_string(&format!("exact:{}", text("/accepted/username"))).unwrap();
            let credential = format!("type = \"basic\", username = {username}");
            let path = endpoints.path(&credential, "password", text("/accepted/password"));
            let values: Vec<&str> = case["headers"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
            let carried = values.iter().all(|value| !value.contains(['\r', '\n', '\0']));
            let headers = values.iter().fold(String::new(), |all, value| all + "authorization:" + value + "\r\n");
            carried.then(|| post(&path, &headers, r#"{"a":1}"#))
        })
        .collect();
    let receiver = endpoints.start();
    let mut skipped = 0;
    for (case, request) in cases.iter().zip(requests) {
        let Some(request) = request else {
            skipped += 1;
            continue;
        };
        let mut raw = Raw::connect(receiver.address);
        raw.send(request);
        let answer = raw.answer().unwrap();
        let expected = if case["verdict"] == "accept" { 200 } else { 401 };
        assert_eq!(answer.status, expected, "{case}");
        assert_eq!(answer.header("www-authenticate").is_some(), expected == 401, "{case}");
    }
    assert_eq!((cases.len() > 80, skipped), (true, 0), "HTTP can carry every value of the vectors");
}

#[test]
fn every_client_secret_gets_the_verdict_of_its_vector() {
    let vectors = vectors("client-secret.json");
    let cases = vectors["cases"].as_array().unwrap();
    let mut endpoints = Endpoints::new();
    let paths: Vec<String> = cases
        .iter()
        .map(|case| endpoints.path("type = \"client-secret\"", "secret", case["accepted"].as_str().unwrap()))
        .collect();
    let receiver = endpoints.start();
    for (case, path) in cases.iter().zip(paths) {
        let body = case["body"].as_str().unwrap();
        let mut raw = Raw::connect(receiver.address);
        raw.send(post(&path, "", body));
        let answer = raw.answer().unwrap();
        let message =
            serde_json::from_str::<Value>(body).is_ok_and(|body| body.as_object().is_some_and(|o| !o.is_empty()));
        let expected = match case["reason"].as_str() {
            None => 200,
            Some("not-json" | "ambiguous") => 400,
            Some("missing") if !message => 422,
            Some("missing" | "not-a-string" | "wrong") => 403,
            Some(other) => panic!("unknown reason {other}"),
        };
        assert_eq!(answer.status, expected, "{case}");
    }
    assert!(cases.len() > 80);
}

#[test]
fn while_a_credential_is_changed_both_are_accepted_and_an_expired_one_no_more() {
    let folder = TempDir::new().unwrap();
    for (file, secret) in [("new", "new"), ("old", "old"), ("expired", "expired")] {
        fs::write(folder.path().join(file), secret).unwrap();
    }
    let receiver = Receiver::start_in(
        folder.path(),
        r#"
        [[endpoint]]
        path = "/secret"
        authentication = { type = "client-secret", secret = "file:new" }
        also_accept = [
            { type = "client-secret", secret = "file:old", not_after = 2999-01-01T00:00:00Z },
            { type = "client-secret", secret = "file:expired", not_after = 2020-01-01T00:00:00Z },
        ]
        [[endpoint]]
        path = "/basic"
        authentication = { type = "basic", username = "a", password = "file:new" }
        also_accept = [{ type = "basic", username = "b", password = "file:old" }]
        "#,
        &[],
    );
    for (case, request, expected) in [
        ("the new secret", post("/secret", "", r#"{"clientSecret":"new"}"#), 200),
        ("the old secret", post("/secret", "", r#"{"clientSecret":"old"}"#), 200),
        ("the expired secret", post("/secret", "", r#"{"clientSecret":"expired"}"#), 403),
        ("a:new", post("/basic", "authorization: basic YTpuZXc=\r\n", r#"{"a":1}"#), 200),
        ("b:old", post("/basic", "authorization: basic YjpvbGQ=\r\n", r#"{"a":1}"#), 200),
        ("a:old", post("/basic", "authorization: basic YTpvbGQ=\r\n", r#"{"a":1}"#), 401),
        ("b:new", post("/basic", "authorization: basic YjpuZXc=\r\n", r#"{"a":1}"#), 401),
    ] {
        let mut raw = Raw::connect(receiver.address);
        raw.send(request);
        assert_eq!(raw.answer().unwrap().status, expected, "{case}");
    }
}
