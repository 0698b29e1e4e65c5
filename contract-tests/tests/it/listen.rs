//! The listener: this kit's sender keeps the contract before it, wrong senders break the clause they should and no
//! other, and nothing that is kept or reported holds a credential.

mod challenge;
mod kit;
mod program;
mod recordings;
mod standing;
mod wire;
mod wrong;

use schemas::{Authentication, BasicCredentials, ClientSecret};

const SECRET: &str = "correct \"horse\" \\ battery 🐎";
const USERNAME: &str = "jo";
const PASSWORD: &str = "päss:wörd/längst";
/// The base64 of `jo:päss:wörd/längst`, by another program.
const PAIR: &str = "am86cMOkc3M6d8O2cmQvbMOkbmdzdA==";

/// A message that keeps every clause.
const BODY: &str = r#"{"trigger":"stepCompleted","flow":{"flowIdentifier":"FLOW-1"},"step":{"stepIdentifier":"a","type":"task","fields":[{"name":"n","type":"Text","value":"v"}]}}"#;

fn client_secret() -> Authentication {
    Authentication::ClientSecret { client_secret: ClientSecret::new(SECRET.to_owned()).unwrap() }
}

fn basic() -> Authentication {
    Authentication::Basic(BasicCredentials::new(USERNAME, PASSWORD.to_owned()).unwrap())
}

/// The body with the client secret that is configured, or another value at its place.
fn with_secret(json: &str) -> String {
    BODY.replacen('{', &format!("{{\"clientSecret\":{json},"), 1)
}

/// The secret as JSON.
fn secret_json() -> String {
    serde_json::Value::from(SECRET).to_string()
}

/// A request as it goes over the wire, with these lines before the length.
fn request(lines: &[&str], body: &str) -> Vec<u8> {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    format!("POST /hooks HTTP/1.1\r\n{lines}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

const HOST: &str = "host: x";
const JSON: &str = "content-type: application/json";
