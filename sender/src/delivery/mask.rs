//! A mask over the credentials of one request, for everything that is shown or kept of it or of its answer.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::request::Request;

/// What stands in a credential's place.
pub(crate) const MASK: &str = "***";

/// The credentials of a request, in the spellings in which an endpoint may echo them.
pub(crate) struct Mask {
    /// Longest first, so that a credential within another leaves nothing of it.
    credentials: Vec<SecretString>,
}

impl Mask {
    /// Over the request's sensitive headers, the secrets that it knows of, and `besides`.
    pub(crate) fn new(request: &Request, besides: Vec<String>) -> Self {
        let mut plain = besides;
        plain.extend(request.secrets().iter().map(|secret| secret.expose_secret().to_owned()));
        for value in request.headers().values().filter(|value| value.is_sensitive()) {
            let value = String::from_utf8_lossy(value.as_bytes());
            plain.extend(value.split_once(' ').map(|(_, parameter)| parameter.trim().to_owned()));
            plain.push(value.into_owned());
        }
        let escaped: Vec<String> = plain.iter().map(|text| escaped(text)).collect();
        let mut credentials: Vec<String> = plain.into_iter().chain(escaped).filter(|text| !text.is_empty()).collect();
        credentials.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        credentials.dedup();
        Self { credentials: credentials.into_iter().map(SecretString::from).collect() }
    }

    /// The text, with each credential masked.
    pub(crate) fn text(&self, text: &str) -> String {
        let masked = |text: String, credential: &SecretString| text.replace(credential.expose_secret(), MASK);
        self.credentials.iter().fold(text.to_owned(), masked)
    }

    /// The value, with each credential in its names and texts masked, however they were escaped.
    pub(crate) fn value(&self, value: Value) -> Value {
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
        let request = Request::new(Bytes::new())
            .with_authorization(&"basic am86Y2FuYXJ5LTE=".into())
            .unwrap()
            .with_headers([("x-api-key", "canary-2")])
            .unwrap()
            .with_secret("canary \"9\"".into());
        let mask = Mask::new(&request, vec!["canary-1".to_owned()]);
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
