//! What the receiver answers to the sender, and what it stores. What is expected is found by `serde_json` alone.

use std::collections::HashMap;

use delivery::{Answer, Outcome};
use receiver::log::Record;
use schemas::{Authentication, Profile, Sample};
use sender::WireMessage;
use serde_json::{Value, value::RawValue};

use crate::pair::{
    BASIC, PART_OF_SECRET, PASSWORD, SECRET, USERNAME, basic, client, client_secret, composed, contains, json,
    running::{Left, Running},
    without_secret,
};

/// A body that was sent and accepted.
struct Sent {
    what: String,
    path: &'static str,
    body: Vec<u8>,
}

fn kinds() -> [(&'static str, Authentication); 3] {
    [("/none", Authentication::None), ("/client-secret", client_secret(SECRET)), ("/basic", basic(USERNAME, PASSWORD))]
}

/// Where the client secret's value stands, of whatever type it is, and the body with `""` in its place.
fn emptied(body: &[u8]) -> (Option<usize>, Vec<u8>) {
    let members: HashMap<String, &RawValue> = serde_json::from_slice(body).unwrap();
    let Some(secret) = members.get("clientSecret") else { return (None, body.to_vec()) };
    let start = secret.get().as_ptr().addr() - body.as_ptr().addr();
    (Some(start), [&body[..start], b"\"\"", &body[start + secret.get().len()..]].concat())
}

/// Each record is what was sent, in this order, without the secret, and its header agrees with the body.
fn assert_stored(left: &Left, sent: &[Sent]) {
    assert_eq!(left.records.len(), sent.len());
    for (Record { header, body }, Sent { what, path, body: sent }) in left.records.iter().zip(sent) {
        let (secret_at, expected) = emptied(sent);
        assert_eq!(String::from_utf8_lossy(body), String::from_utf8_lossy(&expected), "{what}");
        assert_eq!(header.secret_at, secret_at, "{what}");
        assert_eq!(header.endpoint, *path, "{what}");
        let sent = json(sent);
        let text = |pointer| sent.pointer(pointer).and_then(Value::as_str);
        let trigger = text("/trigger").filter(|trigger| ["stepCompleted", "stepCreated"].contains(trigger));
        assert_eq!(serde_json::to_value(header.trigger).unwrap(), Value::from(trigger), "{what}");
        assert_eq!(header.flow.as_deref(), text("/flow/flowIdentifier"), "{what}");
        assert_eq!(header.step.as_deref(), text("/step/stepIdentifier"), "{what}");
    }
    for credential in [PART_OF_SECRET, PASSWORD, BASIC.trim_start_matches("basic ")] {
        assert!(!left.files.iter().any(|file| contains(file, credential)), "{credential} rests in the data folder");
    }
}

fn assert_declined(outcome: &Outcome, status: u16, what: &str) {
    let Outcome::Declined(Answer { status: answered, headers, body, .. }) = outcome else {
        panic!("{what}: {outcome:?}")
    };
    assert_eq!(*answered, status, "{what}");
    assert_eq!(headers["content-type"], "application/problem+json", "{what}");
    assert_eq!(headers.contains_key("www-authenticate"), status == 401, "{what}");
    let shown = format!("{headers:?}").into_bytes();
    for part in ["horse", "battery", "wörd", "am86"] {
        assert!(!contains(body, part) && !contains(&shown, part), "{what}: the answer holds {part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_with_every_authentication_is_accepted_and_stored_as_it_was_sent_less_the_secret() {
    let (running, client) = (Running::start().await, client());
    let mut sent = Vec::new();
    for sample in Sample::valid() {
        for (path, authentication) in kinds() {
            for (way, composed) in composed(&sample, &authentication) {
                let what = format!("{} as {way} to {path}", sample.name);
                assert_eq!(contains(&composed.body, PART_OF_SECRET), path == "/client-secret", "{what}");
                let outcome = running.deliver(&client, path, &composed).await;
                assert!(matches!(&outcome, Outcome::Accepted(answer) if answer.status == 200), "{what}: {outcome:?}");
                sent.push(Sent { what, path, body: composed.body.to_vec() });
            }
        }
    }
    assert_eq!(sent.len(), Sample::valid().count() * 6);
    assert_stored(&running.stop().await, &sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_and_missing_credentials_are_declined_and_nothing_is_stored() {
    let (running, client) = (Running::start().await, client());
    let cases = [
        ("no secret", "/client-secret", Authentication::None, 403),
        ("a prefix of the secret", "/client-secret", client_secret("correct"), 403),
        ("the secret in upper case", "/client-secret", client_secret(&SECRET.to_uppercase()), 403),
        ("the secret and a space", "/client-secret", client_secret(&format!("{SECRET} ")), 403),
        ("Basic for a secret", "/client-secret", basic(USERNAME, PASSWORD), 403),
        ("no header", "/basic", Authentication::None, 401),
        ("a prefix of the password", "/basic", basic(USERNAME, "päss"), 401),
        ("the password in upper case", "/basic", basic(USERNAME, "PÄSS:WÖRD"), 401),
        ("another username", "/basic", basic("joe", PASSWORD), 401),
        ("a secret for Basic", "/basic", client_secret(SECRET), 401),
    ];
    for sample in Sample::valid() {
        let message = without_secret(&sample);
        for (case, path, authentication, status) in &cases {
            let composed = WireMessage::from_message(&message, authentication, Profile::v1()).unwrap();
            let outcome = running.deliver(&client, path, &composed).await;
            assert_declined(&outcome, *status, &format!("{case}: {}", sample.name));
        }
    }
    assert_stored(&running.stop().await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authentic_object_that_breaks_the_contract_is_stored_and_what_is_no_message_is_declined() {
    let (running, client) = (Running::start().await, client());
    let mut sent = Vec::new();
    for sample in Sample::invalid() {
        let is_message = json(sample.body).as_object().is_some_and(|members| !members.is_empty());
        for (path, authentication) in kinds() {
            let what = format!("{} to {path}", sample.name);
            // Unchanged, except for the secret: what is not a message has no place for one.
            let composed = match &authentication {
                Authentication::Basic(credentials) => WireMessage::from_bytes(sample.body.into(), Some(credentials)),
                Authentication::ClientSecret { .. } if is_message => {
                    WireMessage::from_body(sample.body, &authentication, Profile::v1()).unwrap()
                }
                _ => WireMessage::from_bytes(sample.body.into(), None),
            };
            let outcome = running.deliver(&client, path, &composed).await;
            if is_message {
                assert!(matches!(&outcome, Outcome::Accepted(answer) if answer.status == 200), "{what}: {outcome:?}");
                sent.push(Sent { what, path, body: composed.body.to_vec() });
            } else {
                assert_declined(&outcome, 422, &what);
            }
        }
        let unauthentic = WireMessage::from_bytes(sample.body.into(), None);
        let secret_missing = if is_message { 403 } else { 422 };
        for (path, status) in [("/client-secret", secret_missing), ("/basic", 401)] {
            let outcome = running.deliver(&client, path, &unauthentic).await;
            assert_declined(&outcome, status, &format!("{} without a credential to {path}", sample.name));
        }
    }
    assert_stored(&running.stop().await, &sent);
}
