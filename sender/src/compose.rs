//! A message, its authentication and a profile, made into what goes over the wire: a body and perhaps an
//! `authorization` header. Nothing else in the kit writes that header; a client secret is put into a message here, and
//! where the outbox fills the place that it emptied.

use std::fmt;

use bytes::Bytes;
use schemas::{
    Authentication, BasicCredentials, ClientSecret, Document, Pointer, Profile, Role, StepMessage,
    document::{PresentedSecret, ReadError},
    json,
    profile::{Dropped, Written},
};
use secrecy::SecretString;
use serde_json::Value;

use crate::delivery::{HeaderError, Request};

/// A message as it goes over the wire. `Debug` shows neither body nor credential.
#[derive(Clone)]
pub struct Composed {
    /// The body.
    pub body: Bytes,
    /// The value of the `authorization` header, with Basic authentication.
    pub authorization: Option<SecretString>,
    /// What the message says and the profile could not carry.
    pub dropped: Vec<Dropped>,
    /// The secrets in the body or, encoded, in the header, to be masked where an answer repeats them.
    secrets: Vec<SecretString>,
}

/// Why a message cannot be composed. Nothing of the message is repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// The profile carries no client secret, so that the endpoint would miss it.
    #[error("the profile `{profile}` has no place for a client secret")]
    NoPlaceForSecret {
        /// The profile's name.
        profile: String,
    },
    /// The body is no JSON object, so that no client secret can stand in it.
    #[error("the body is no JSON object, so it has no place for a client secret")]
    NoObject,
    /// The body is no JSON, or ambiguous where the profile looks.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
}

impl Composed {
    /// A message, written as the profile has it. A client secret is put at its place; Basic takes out the one that is
    /// there; with no authentication the message's own stays.
    ///
    /// # Errors
    /// When the profile has no place for the client secret.
    pub fn from_message(
        message: &StepMessage,
        authentication: &Authentication,
        profile: &Profile,
    ) -> Result<Self, ComposeError> {
        let mut message = message.clone();
        match authentication {
            Authentication::None => {}
            Authentication::ClientSecret { client_secret } => {
                place_of_secret(profile)?;
                message.client_secret = Some(client_secret.clone());
            }
            Authentication::Basic(_) => message.client_secret = None,
        }
        let Written { body, dropped } = profile.write(&message);
        let mut secrets = secrets(authentication);
        secrets.extend(message.client_secret.map(|secret| secret.expose().into()));
        Ok(Self { body: body.to_string().into(), authorization: authorization(authentication), dropped, secrets })
    }

    /// A body that is in the wire's form already. The client secret is replaced, put in or taken out as by
    /// [`Self::from_message`], and every other byte stays. It need not keep the contract.
    ///
    /// # Errors
    /// When a secret must be put into or taken out of a body that cannot be read, or that has no place for one.
    pub fn from_body(body: &[u8], authentication: &Authentication, profile: &Profile) -> Result<Self, ComposeError> {
        let body = match authentication {
            Authentication::None => Bytes::copy_from_slice(body),
            Authentication::ClientSecret { client_secret } => with_secret(body, client_secret, profile)?,
            Authentication::Basic(_) => without_secret(body, profile)?,
        };
        let mut secrets = secrets(authentication);
        if let Ok(document) = Document::read(&body, profile)
            && let PresentedSecret::Text(secret) = document.secret()
        {
            secrets.push(secret.into());
        }
        let authorization = authorization(authentication);
        Ok(Self { body, authorization, dropped: Vec::new(), secrets })
    }

    /// Exactly these bytes, whatever they are.
    pub fn from_bytes(body: Bytes, credentials: Option<&BasicCredentials>) -> Self {
        let secrets = credentials.map(|credentials| credentials.expose_password().into()).into_iter().collect();
        Self { body, authorization: credentials.map(BasicCredentials::header), dropped: Vec::new(), secrets }
    }

    /// The request that delivers it.
    ///
    /// # Errors
    /// When the credential cannot stand in a header; one of [`schemas`] always can.
    pub fn request(&self) -> Result<Request, HeaderError> {
        let request = Request::new(self.body.clone());
        let request = self.secrets.iter().cloned().fold(request, Request::with_secret);
        match &self.authorization {
            Some(value) => request.with_authorization(value),
            None => Ok(request),
        }
    }
}

fn authorization(authentication: &Authentication) -> Option<SecretString> {
    match authentication {
        Authentication::Basic(credentials) => Some(credentials.header()),
        Authentication::None | Authentication::ClientSecret { .. } => None,
    }
}

/// What the header holds encoded.
fn secrets(authentication: &Authentication) -> Vec<SecretString> {
    match authentication {
        Authentication::Basic(credentials) => vec![credentials.expose_password().into()],
        Authentication::None | Authentication::ClientSecret { .. } => Vec::new(),
    }
}

fn place_of_secret(profile: &Profile) -> Result<&Pointer, ComposeError> {
    let place = profile.pointer(Role::ClientSecret);
    place.ok_or_else(|| ComposeError::NoPlaceForSecret { profile: profile.name().to_owned() })
}

fn with_secret(body: &[u8], secret: &ClientSecret, profile: &Profile) -> Result<Bytes, ComposeError> {
    let place = place_of_secret(profile)?;
    Document::read(body, profile)?;
    // What the profile reads is JSON and unambiguous at this place.
    let edited = json::put(body, place, &Value::from(secret.expose()).to_string());
    edited.map(|edited| edited.body.into()).map_err(|_| ComposeError::NoObject)
}

fn without_secret(body: &[u8], profile: &Profile) -> Result<Bytes, ComposeError> {
    let Some(place) = profile.pointer(Role::ClientSecret) else { return Ok(Bytes::copy_from_slice(body)) };
    Document::read(body, profile)?;
    let removed = json::remove(body, place).map_err(|_| ComposeError::NoObject)?;
    Ok(removed.map_or_else(|| Bytes::copy_from_slice(body), Bytes::from))
}

impl fmt::Debug for Composed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composed")
            .field("bytes", &self.body.len())
            .field("authorization", &self.authorization.is_some())
            .field("dropped", &self.dropped)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn secret(text: &str) -> Authentication {
        Authentication::ClientSecret { client_secret: ClientSecret::new(text).unwrap() }
    }

    fn basic() -> Authentication {
        Authentication::Basic(BasicCredentials::new("Aladdin", "open sesame").unwrap())
    }

    fn body(text: &str, authentication: &Authentication) -> String {
        let composed = Composed::from_body(text.as_bytes(), authentication, Profile::v1()).unwrap();
        String::from_utf8(composed.body.to_vec()).unwrap()
    }

    /// What a reader of JSON would print otherwise.
    const NUMBERS: &str =
        r#"{ "a" : [12345678901234567890123, 5000.50, 1e2, -0, 0.00000012, "\u00fc\/"], "b" : 1, "b" : 2}"#;

    #[test]
    fn a_secret_is_replaced_put_in_or_taken_out() {
        for (name, text, authentication, expected) in [
            ("kept", r#"{ "clientSecret": "a" }"#, Authentication::None, r#"{ "clientSecret": "a" }"#),
            (
                "replaced",
                r#"{ "clientSecret": "a", "n":1e2 }"#,
                secret("x\"y"),
                r#"{ "clientSecret": "x\"y", "n":1e2 }"#,
            ),
            ("of another type", r#"{"clientSecret":[1]}"#, secret("x"), r#"{"clientSecret":"x"}"#),
            ("put in", r#"{"a":1}"#, secret("x"), r#"{"a":1,"clientSecret":"x"}"#),
            ("taken out", r#"{"a":1,"clientSecret":"x","b":2}"#, basic(), r#"{"a":1,"b":2}"#),
            ("none to take out", r#"{ "a":  1 }"#, basic(), r#"{ "a":  1 }"#),
            ("put in, digits kept", NUMBERS, secret("x"), &NUMBERS.replace('}', r#", "clientSecret" : "x"}"#)),
            ("taken out, digits kept", &NUMBERS.replace('}', r#","clientSecret":"x"}"#), basic(), NUMBERS),
            ("null for Basic", "null", basic(), "null"),
        ] {
            assert_eq!(body(text, &authentication), expected, "{name}");
        }
        let no_object = Composed::from_body(b"[]", &secret("x"), Profile::v1());
        assert!(matches!(no_object, Err(ComposeError::NoObject)));
        let ambiguous = br#"{"clientSecret":"a","clientSecret":"b"}"#;
        assert!(matches!(
            Composed::from_body(ambiguous, &basic(), Profile::v1()),
            Err(ComposeError::Unreadable(ReadError::Duplicate(_)))
        ));
    }

    #[test]
    fn a_profile_without_a_place_for_the_secret_is_refused() {
        let text = "name = \"bare\"\n[roles]\ntrigger = \"/t\"\nflowIdentifier = \"/f\"\nstepIdentifier = \"/s\"\n\
                    stepFields = \"/d\"\n[triggers]\nstepCreated = 1\nstepCompleted = 2\n[fields]\nform = \"map\"\n\
                    key = \"name\"\n";
        let profile = Profile::parse(text).unwrap();
        let message = crate::Draft::default().message(jiff::Timestamp::UNIX_EPOCH);
        assert!(matches!(
            Composed::from_message(&message, &secret("x"), &profile),
            Err(ComposeError::NoPlaceForSecret { profile }) if profile == "bare"
        ));
        let composed = Composed::from_message(&message, &basic(), &profile).unwrap();
        assert!(composed.dropped.contains(&Dropped::Role(Role::FlowName)), "{:?}", composed.dropped);
    }

    #[test]
    fn the_header_is_that_of_the_help_page() {
        let composed = Composed::from_bytes(Bytes::new(), None);
        assert!(composed.request().unwrap().headers().get("authorization").is_none());
        let composed = Composed::from_body(b"{}", &basic(), Profile::v1()).unwrap();
        // RFC 7617 section 2 prints this pair and its base64.
        assert_eq!(composed.authorization.as_ref().unwrap().expose_secret(), "basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(composed.request().unwrap().headers()["authorization"].is_sensitive());
        let shown = format!("{composed:?}");
        assert!(!shown.contains("QWxh"), "{shown}");
    }
}
