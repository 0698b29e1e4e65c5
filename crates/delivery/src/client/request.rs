//! A request: the body to post and its headers. `Debug` shows neither body nor credentials.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use schemas::{
    Authentication, BasicCredentials, BodyTemplate, Redactor,
    authentication::PresentedBasic,
    redaction::{MIN_CREDENTIAL_BYTES, is_sensitive_name},
    wire,
};
use secrecy::{ExposeSecret as _, SecretString};

/// Headers that frame the message and manage the connection: only the client sets them.
const FRAMING_HEADERS: [HeaderName; 4] =
    [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::UPGRADE];

/// A body to post and its headers.
#[derive(Clone)]
pub struct Request {
    headers: HeaderMap,
    body: Bytes,
    secrets: Vec<SecretString>,
}

/// Why a header cannot be sent. The value is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages describe the fields")]
pub enum HeaderError {
    /// The name is not a token (RFC 9110 section 5.1).
    #[error("`{name}` is not a header name")]
    Name { name: String },
    /// The value contains a line end or another control character (RFC 9110 section 5.5).
    #[error("the value of the header `{name}` contains a control character")]
    Value { name: String },
    /// The header frames the message, so only the client sets it.
    #[error("the header `{name}` is set by the sender itself")]
    Framing { name: String },
}

impl Request {
    /// A JSON body, with `content-type: application/json`.
    pub fn new(body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(wire::JSON_MEDIA_TYPE));
        Self { headers, body: body.into(), secrets: Vec::new() }
    }

    /// A JSON body with a credential: a client secret in its place, or Basic credentials in the header. A place for a
    /// client secret that is not needed is removed.
    pub fn from_template(template: &BodyTemplate, authentication: &Authentication) -> Self {
        match authentication {
            Authentication::None => Self::new(template.without_secret()),
            Authentication::ClientSecret { client_secret } => {
                Self::new(template.with_secret(client_secret)).with_secret(client_secret.expose().into())
            }
            Authentication::Basic(credentials) => Self::new(template.without_secret()).with_basic(credentials),
        }
    }

    /// Sets the `authorization` header. It is marked as sensitive, so that no log shows it.
    #[must_use]
    pub fn with_basic(mut self, credentials: &BasicCredentials) -> Self {
        let mut value = HeaderValue::from_str(credentials.header().expose_secret()).expect("base64 is a header value");
        value.set_sensitive(true);
        self.headers.insert(header::AUTHORIZATION, value);
        self.with_secret(credentials.expose_password().into())
    }

    /// Registers a credential that is in the body, or encoded in a header, so that it is masked where an answer repeats
    /// it. The request itself stays the same.
    #[must_use]
    pub fn with_secret(mut self, secret: SecretString) -> Self {
        self.secrets.push(secret);
        self
    }

    /// Sets headers, replacing those of the same name. A name that `headers` has twice is sent twice.
    ///
    /// # Errors
    /// When a name or value is invalid, or the header is one that only the client sets.
    pub fn with_headers<'h>(
        mut self,
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    ) -> Result<Self, HeaderError> {
        let mut given = HeaderMap::new();
        for (name, value) in headers {
            let checked: HeaderName = name.parse().map_err(|_| HeaderError::Name { name: name.to_owned() })?;
            if FRAMING_HEADERS.contains(&checked) {
                return Err(HeaderError::Framing { name: checked.to_string() });
            }
            // Not `from_str`, which accepts only visible ASCII: a value may be any text (`obs-text`).
            let mut value = HeaderValue::from_bytes(value.as_bytes())
                .map_err(|_| HeaderError::Value { name: checked.to_string() })?;
            value.set_sensitive(is_sensitive_name(checked.as_str()));
            given.append(checked, value);
        }
        for name in given.keys() {
            self.headers.remove(name);
        }
        self.headers.extend(given);
        Ok(self)
    }

    /// The same request with another body.
    pub fn with_body(&self, body: Bytes) -> Self {
        Self { headers: self.headers.clone(), body, secrets: self.secrets.clone() }
    }

    /// The headers, without those that the client sets (`host`, `content-length`, and `user-agent` if missing).
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Finds the request's credentials in an answer: those of [`Self::with_secret`], and the values of its sensitive
    /// headers, whole and in parts.
    pub fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::default();
        redactor.extend(&self.secrets);
        for (name, value) in self.headers.iter().filter(|(_, value)| value.is_sensitive()) {
            if let Ok(basic) = PresentedBasic::parse(value.as_bytes()) {
                redactor = redactor.with_basic(basic.username(), basic.expose_password());
            }
            let value = String::from_utf8_lossy(value.as_bytes());
            // `Bearer abc`, `a=b; c=d`, `sha256=abc`. The scheme is not secret.
            let skipped = usize::from(name.as_str().ends_with("authorization"));
            let parts = value.split([' ', ';', ',']).skip(skipped).filter(|part| part.len() >= MIN_CREDENTIAL_BYTES);
            let values =
                parts.clone().filter_map(|part| part.split_once('=')).map(|(_, value)| value.trim_matches('"'));
            let values = values.filter(|value| value.len() >= MIN_CREDENTIAL_BYTES);
            redactor = parts.chain(values).fold(redactor.with(&*value), Redactor::with);
        }
        redactor
    }

    pub(super) fn into_parts(self) -> (HeaderMap, Bytes) {
        (self.headers, self.body)
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("headers", &self.headers).field("bytes", &self.body.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request::new(Bytes::from_static(b"{\"clientSecret\":\"canary-91\"}"))
    }

    #[test]
    fn given_headers_replace_and_repeat() {
        let request = request()
            .with_headers([("Content-Type", "text/plain"), ("x-tag", "a"), ("X-Tag", "b"), ("x-name", "Zoë")])
            .unwrap();
        let all = |name: &str| request.headers().get_all(name).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>();
        assert_eq!(all("content-type"), [b"text/plain"]);
        assert_eq!(all("x-tag"), [b"a", b"b"]);
        assert_eq!(all("x-name"), ["Zoë".as_bytes()]);
    }

    #[test]
    fn what_would_break_the_framing_is_refused() {
        for (name, value, expected) in [
            ("content-length", "3", "the header `content-length` is set by the sender itself"),
            ("Transfer-Encoding", "chunked", "the header `transfer-encoding` is set by the sender itself"),
            ("x y", "z", "`x y` is not a header name"),
            ("", "z", "`` is not a header name"),
            ("x", "canary\r\ny: z", "the value of the header `x` contains a control character"),
        ] {
            let error = request().with_headers([(name, value)]).unwrap_err().to_string();
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn the_credentials_of_a_request_are_masked() {
        let request = Request::new(Bytes::new())
            .with_basic(&BasicCredentials::new("jo", "canary-1").unwrap())
            .with_headers([
                ("x-functions-key", "canary-2"),
                ("x-hub-signature-256", "sha256=canary-3"),
                ("cookie", "a=canary-4; b=1"),
                ("proxy-authorization", "Bearer canary-6"),
                ("x-plain", "canary-5"),
            ])
            .unwrap()
            .with_secret("canary \"9\"".into());
        let redactor = request.redactor();
        for (text, expected) in [
            ("nothing to see, no Bearer", "nothing to see, no Bearer"),
            ("got canary-6", "got ***"),
            ("got basic am86Y2FuYXJ5LTE=.", "got ***."),
            ("got am86Y2FuYXJ5LTE=.", "got ***."),
            ("jo:canary-1, canary-2", "***, ***"),
            ("canary-1, canary-3, canary-4, canary-5", "***, ***, ***, canary-5"),
            (r#"{"clientSecret":"canary \"9\""}"#, r#"{"clientSecret":"***"}"#),
            ("secret canary &quot;9&quot; wrong", "secret *** wrong"),
        ] {
            assert_eq!(redactor.mask(text), expected);
        }
    }

    #[test]
    fn debug_shows_no_credential() {
        let request = request().with_basic(&BasicCredentials::new("jo", "canary-91").unwrap());
        let request = request.with_headers([("x-api-key", "canary-91"), ("x-plain", "seen")]).unwrap();
        let shown = format!("{request:?}");
        assert!(!shown.contains("canary") && shown.contains("seen"), "{shown}");
    }
}
