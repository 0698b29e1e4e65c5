//! The sender against the receiver over real sockets, by their libraries; and the sender against an endpoint that knows
//! only the contract.

mod endpoint;
mod learned;
mod running;
mod stored;

use delivery::{AddressGuard, AllowedAddresses, Client, ClientOptions};
use schemas::{Authentication, BasicCredentials, ClientSecret, Profile, Sample, StepMessage};
use sender::WireMessage;
use serde_json::Value;

const SECRET: &str = "correct \"horse\" \\ battery 🐎";
/// A part of the secret that needs no JSON escape and is in no sample.
const PART_OF_SECRET: &str = "battery 🐎";
const USERNAME: &str = "jo";
const PASSWORD: &str = "päss:wörd";
/// The base64 of `jo:päss:wörd`, written out by hand.
const BASIC: &str = "basic am86cMOkc3M6d8O2cmQ=";

fn client_secret(text: &str) -> Authentication {
    Authentication::ClientSecret { client_secret: ClientSecret::exact(text.to_owned()).unwrap() }
}

fn basic(username: &str, password: &str) -> Authentication {
    Authentication::Basic(BasicCredentials::exact(username, password.to_owned()).unwrap())
}

fn client() -> Client {
    let guard = AddressGuard::default().allow(AllowedAddresses::Loopback);
    Client::new(&ClientOptions { guard, ..ClientOptions::default() }).unwrap()
}

fn message(sample: &Sample) -> StepMessage {
    serde_json::from_slice(sample.body).unwrap()
}

fn without_secret(sample: &Sample) -> StepMessage {
    StepMessage { client_secret: None, ..message(sample) }
}

/// A sample sent in both ways: as a message that is serialized again, and as its own bytes.
fn composed(sample: &Sample, authentication: &Authentication) -> [(&'static str, WireMessage); 2] {
    [
        ("message", WireMessage::from_message(&message(sample), authentication, Profile::v1()).unwrap()),
        ("body", WireMessage::from_body(sample.body, authentication, Profile::v1()).unwrap()),
    ]
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
