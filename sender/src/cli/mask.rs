//! A mask over the credentials of one request, for everything that is shown of it or of its answer.

use schemas::{Document, Profile, document::PresentedSecret};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::delivery::Request;

/// What stands in a credential's place.
pub(super) const MASK: &str = "***";

/// The credentials of a request, in the spellings in which an endpoint may echo them.
pub(super) struct Mask {
    /// Longest first, so that a credential within another leaves nothing of it.
    credentials: Vec<SecretString>,
}

impl Mask {
    /// Over the request's sensitive headers, the client secret in its body, and `password`.
    pub(super) fn new(request: &Request, profile: &Profile, password: Option<&str>) -> Self {
        let mut plain: Vec<String> = password.map(str::to_owned).into_iter().collect();
        for value in request.headers().values().filter(|value| value.is_sensitive()) {
            let value = String::from_utf8_lossy(value.as_bytes());
            plain.extend(value.split_once(' ').map(|(_, parameter)| parameter.trim().to_owned()));
            plain.push(value.into_owned());
        }
        if let Ok(document) = Document::read(request.body(), profile)
            && let PresentedSecret::Text(secret) = document.secret()
        {
            plain.push(secret.to_owned());
        }
        let escaped: Vec<String> = plain.iter().map(|text| escaped(text)).collect();
        let mut credentials: Vec<String> = plain.into_iter().chain(escaped).filter(|text| !text.is_empty()).collect();
        credentials.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        credentials.dedup();
        Self { credentials: credentials.into_iter().map(SecretString::from).collect() }
    }

    /// The text, with each credential masked.
    pub(super) fn text(&self, text: &str) -> String {
        let masked = |text: String, credential: &SecretString| text.replace(credential.expose_secret(), MASK);
        self.credentials.iter().fold(text.to_owned(), masked)
    }

    /// The value, with each credential in its names and texts masked, however they were escaped.
    pub(super) fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.text(&text).into(),
            Value::Array(elements) => elements.into_iter().map(|element| self.value(element)).collect(),
            Value::Object(members) => {
                members.into_iter().map(|(name, value)| (self.text(&name), self.value(value))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }
}

/// The text as it stands between the quotes of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_spelling_of_a_credential_is_masked() {
        let request = Request::new(Bytes::from_static(br#"{"clientSecret":"can\u0061ry \"9\""}"#))
            .with_authorization(&"basic am86Y2FuYXJ5LTE=".into())
            .unwrap()
            .with_headers([("x-api-key", "canary-2")])
            .unwrap();
        let mask = Mask::new(&request, Profile::v1(), Some("canary-1"));
        for (text, expected) in [
            ("nothing to see", "nothing to see"),
            ("got basic am86Y2FuYXJ5LTE=.", "got ***."),
            ("got am86Y2FuYXJ5LTE=.", "got ***."),
            ("jo:canary-1, canary-2", "jo:***, ***"),
            (r#"{"clientSecret":"canary \"9\""}"#, r#"{"clientSecret":"***"}"#),
            (r#"secret canary "9" wrong"#, "secret *** wrong"),
        ] {
            assert_eq!(mask.text(text), expected);
        }
        let echoed = json!({"got": ["canary \"9\"", 7], "canary-1": null});
        assert_eq!(mask.value(echoed), json!({"got": ["***", 7], "***": null}));
    }
}
