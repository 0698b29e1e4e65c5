//! The vectors of `vectors/`, on the Rust side. Node and Python read the same files in `tests/peers/`.

use schemas::{
    BasicCredentials, ClientSecret, Document, Profile,
    authentication::{BasicError, LimitError, PresentedBasic},
    document::{PresentedSecret, ReadError},
};
use secrecy::ExposeSecret as _;
use serde_json::Value;

fn vectors(file: &str) -> Value {
    let text = std::fs::read_to_string(format!("{}/vectors/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn text<'v>(case: &'v Value, key: &str) -> &'v str {
    case[key].as_str().unwrap_or_else(|| panic!("{key} in {case}"))
}

#[test]
fn credentials_are_encoded_as_the_vectors_say() {
    let vectors = vectors("basic-authorization.json");
    for case in vectors["encode"].as_array().unwrap() {
        let name = text(case, "name");
        let credentials = BasicCredentials::exact(text(case, "username"), text(case, "password").to_owned());
        match case.get("error").and_then(Value::as_str) {
            None => assert_eq!(credentials.unwrap().header().expose_secret(), text(case, "header"), "{name}"),
            Some(expected) => {
                let actual = match credentials.unwrap_err() {
                    LimitError::UsernameColon => "username-contains-colon".to_owned(),
                    LimitError::ControlCharacter { what } => format!("{what}-control-character"),
                    LimitError::Empty { what } => format!("{what}-empty"),
                    LimitError::TooLong { what, .. } => format!("{what}-too-long"),
                    other => panic!("{name}: {other}"),
                };
                assert_eq!(actual, expected, "{name}");
            }
        }
    }
}

#[test]
fn headers_are_decoded_as_the_vectors_say() {
    let vectors = vectors("basic-authorization.json");
    for case in vectors["decode"].as_array().unwrap() {
        let name = text(case, "name");
        let headers: Vec<&str> =
            case["headers"].as_array().unwrap().iter().map(|header| header.as_str().unwrap()).collect();
        let reason = match headers.as_slice() {
            [] => Some("missing"),
            [header] => match PresentedBasic::parse(header.as_bytes()) {
                Ok(presented) => {
                    let accepted = (text(&case["accepted"], "username"), text(&case["accepted"], "password"));
                    ((presented.username(), presented.expose_password()) != accepted).then_some("wrong")
                }
                Err(BasicError::Empty) => Some("missing"),
                Err(BasicError::Scheme) => Some("scheme"),
                Err(BasicError::Base64) => Some("base64"),
                Err(BasicError::Utf8) => Some("utf-8"),
                Err(BasicError::NoColon) => Some("no-colon"),
                Err(BasicError::TooLong) => Some("wrong"),
                Err(other) => panic!("{name}: {other}"),
            },
            _ => Some("ambiguous"),
        };
        assert_eq!(reason, case["reason"].as_str(), "{name}");
        assert_eq!(if reason.is_none() { "accept" } else { "refuse" }, text(case, "verdict"), "{name}");
    }
}

#[test]
fn secrets_are_found_as_the_vectors_say() {
    let vectors = vectors("client-secret.json");
    for case in vectors["cases"].as_array().unwrap() {
        let name = text(case, "name");
        let accepted = ClientSecret::exact(text(case, "accepted").to_owned()).unwrap();
        let reason = match Document::read(text(case, "body").as_bytes(), Profile::v1()) {
            Err(ReadError::Duplicate(_)) => Some("ambiguous"),
            Err(_) => Some("not-json"),
            Ok(document) => match document.secret() {
                PresentedSecret::Absent => Some("missing"),
                PresentedSecret::NotText => Some("not-a-string"),
                PresentedSecret::Text(presented) => (presented != accepted.expose()).then_some("wrong"),
            },
        };
        assert_eq!(reason, case["reason"].as_str(), "{name}");
        assert_eq!(if reason.is_none() { "accept" } else { "refuse" }, text(case, "verdict"), "{name}");
    }
}
