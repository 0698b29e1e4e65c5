//! Every valid sample with every authentication keeps the contract, and the secret stands where it belongs.

use schemas::{Authentication, BasicCredentials, ClientSecret, Profile, Role, Sample, Schema, StepMessage};
use sender::WireMessage;
use serde_json::Value;

const SECRET: &str = "quote\" back\\slash \u{1F30A}";

fn authentications() -> [(&'static str, Authentication); 3] {
    let client_secret = ClientSecret::new(SECRET).unwrap();
    [
        ("none", Authentication::None),
        ("client secret", Authentication::ClientSecret { client_secret }),
        ("basic", Authentication::Basic(BasicCredentials::new("Aladdin", "open sesame").unwrap())),
    ]
}

/// What must stand at the client secret's place.
fn expected_secret(authentication: &Authentication, sample: &Value) -> Option<Value> {
    match authentication {
        Authentication::None => sample.get("clientSecret").cloned(),
        Authentication::ClientSecret { .. } => Some(SECRET.into()),
        Authentication::Basic(_) => None,
    }
}

fn check_header(composed: &WireMessage, authentication: &Authentication, name: &str) {
    let request = composed.request();
    let header = request.headers().get("authorization").map(|header| header.to_str().unwrap());
    // RFC 7617 section 2 prints this pair and its base64.
    let expected = matches!(authentication, Authentication::Basic(_)).then_some("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert_eq!(header, expected, "{name}");
}

#[test]
fn every_sample_with_every_authentication_keeps_the_contract() {
    for sample in Sample::valid() {
        let original: Value = serde_json::from_slice(sample.body).unwrap();
        for (kind, authentication) in authentications() {
            let name = format!("{} with {kind}", sample.name);
            let composed = WireMessage::from_body(sample.body, &authentication, Profile::v1()).unwrap();
            check_header(&composed, &authentication, &name);
            let body: Value = serde_json::from_slice(&composed.body).unwrap();
            assert_eq!(Schema::StepMessage.violations(&body), [], "{name}");
            assert_eq!(body.get("clientSecret").cloned(), expected_secret(&authentication, &original), "{name}");

            // All else is as it was.
            let without_secret = |mut value: Value| {
                value.as_object_mut().unwrap().remove("clientSecret");
                value
            };
            assert_eq!(without_secret(body), without_secret(original.clone()), "{name}");
            if authentication == Authentication::None {
                assert_eq!(composed.body, sample.body, "{name}");
            }
        }
    }
}

#[test]
fn every_sample_goes_through_a_profile() {
    let text = include_str!("../../../schemas/profiles/v1.toml")
        .replace("name = \"v1\"", "name = \"captured\"")
        .replace("\"/clientSecret\"", "\"/Auth/Secret\"")
        .replace("stepCompleted = \"stepCompleted\"", "stepCompleted = 2");
    let profile = Profile::parse(&text).unwrap();
    for sample in Sample::valid() {
        let original: Value = serde_json::from_slice(sample.body).unwrap();
        let message: StepMessage = serde_json::from_value(original.clone()).unwrap();
        for (kind, authentication) in authentications() {
            let name = format!("{} with {kind}", sample.name);
            let composed = WireMessage::from_message(&message, &authentication, &profile).unwrap();
            check_header(&composed, &authentication, &name);
            assert_eq!(composed.dropped, [], "{name}");
            let body: Value = serde_json::from_slice(&composed.body).unwrap();
            assert_eq!(profile.violations(&body), [], "{name}");
            assert_eq!(body.pointer("/Auth/Secret").cloned(), expected_secret(&authentication, &original), "{name}");
            assert_eq!(body.get("clientSecret"), None, "{name}");
            assert_eq!(profile.pointer(Role::ClientSecret).unwrap().to_string(), "/Auth/Secret");
        }
    }
}
