//! A message as it goes over the wire, made from a message, its authentication and a profile.

use std::fmt;

use bytes::Bytes;
use delivery::Request;
use schemas::{
    Authentication, BasicCredentials, BodyTemplate, BodyTemplateError, Document, Profile, Role, StepMessage,
    document::PresentedSecret,
    profile::{Dropped, Written},
};
use secrecy::SecretString;

/// A message as it goes over the wire. `Debug` shows neither body nor credential.
#[derive(Clone)]
pub struct WireMessage {
    /// The body.
    pub body: Bytes,
    /// What the message has and the profile could not carry.
    pub dropped: Vec<Dropped>,
    basic: Option<BasicCredentials>,
    /// The secret in the body, to be masked where an answer repeats it.
    secret: Option<SecretString>,
}

impl WireMessage {
    /// Writes a message as the profile has it. A client secret is put in its place; Basic removes the one that is there;
    /// without authentication the message's own stays.
    ///
    /// # Errors
    /// When the profile has no place for the client secret.
    pub fn from_message(
        message: &StepMessage,
        authentication: &Authentication,
        profile: &Profile,
    ) -> Result<Self, BodyTemplateError> {
        if *authentication == Authentication::None {
            let Written { body, dropped } = profile.write(message);
            let secret = message.client_secret.as_ref().map(|secret| secret.expose().into());
            return Ok(Self { body: body.to_string().into(), dropped, basic: None, secret });
        }
        let (template, dropped) = BodyTemplate::from_message(message, authentication.kind(), profile)?;
        Ok(Self { dropped, ..Self::from_template(&template, authentication) })
    }

    /// Takes a body in the wire's form. The client secret is replaced, added or removed as by [`Self::from_message`],
    /// and every other byte stays. The body need not keep the contract.
    ///
    /// # Errors
    /// When a secret must be added to or removed from a body that cannot be read or has no place for one.
    pub fn from_body(
        body: &[u8],
        authentication: &Authentication,
        profile: &Profile,
    ) -> Result<Self, BodyTemplateError> {
        match authentication {
            Authentication::None => {
                let document = Document::read(body, profile).ok();
                let secret = document.as_ref().and_then(|document| match document.secret() {
                    PresentedSecret::Text(secret) => Some(secret.into()),
                    PresentedSecret::Absent | PresentedSecret::NotText => None,
                });
                Ok(Self { secret, ..Self::from_bytes(Bytes::copy_from_slice(body), None) })
            }
            Authentication::Basic(credentials) if profile.pointer(Role::ClientSecret).is_none() => {
                Ok(Self::from_bytes(Bytes::copy_from_slice(body), Some(credentials)))
            }
            Authentication::ClientSecret { .. } | Authentication::Basic(_) => {
                let template = BodyTemplate::from_body(body, authentication.kind(), profile)?;
                Ok(Self::from_template(&template, authentication))
            }
        }
    }

    /// Takes these bytes as they are.
    pub fn from_bytes(body: Bytes, credentials: Option<&BasicCredentials>) -> Self {
        Self { body, dropped: Vec::new(), basic: credentials.cloned(), secret: None }
    }

    fn from_template(template: &BodyTemplate, authentication: &Authentication) -> Self {
        match authentication {
            Authentication::ClientSecret { client_secret } => {
                let secret = Some(client_secret.expose().into());
                Self { secret, ..Self::from_bytes(template.with_secret(client_secret).into(), None) }
            }
            Authentication::Basic(credentials) => Self::from_bytes(template.without_secret().into(), Some(credentials)),
            Authentication::None => Self::from_bytes(template.without_secret().into(), None),
        }
    }

    /// The request that delivers it.
    pub fn request(&self) -> Request {
        let request = Request::new(self.body.clone());
        let request = self.secret.iter().cloned().fold(request, Request::with_secret);
        match &self.basic {
            Some(credentials) => request.with_basic(credentials),
            None => request,
        }
    }
}

impl fmt::Debug for WireMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WireMessage")
            .field("bytes", &self.body.len())
            .field("basic", &self.basic.is_some())
            .field("dropped", &self.dropped)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use schemas::{ClientSecret, document::ReadError};

    use super::*;

    fn secret(text: &str) -> Authentication {
        Authentication::ClientSecret { client_secret: ClientSecret::new(text).unwrap() }
    }

    fn basic() -> Authentication {
        Authentication::Basic(BasicCredentials::new("Aladdin", "open sesame").unwrap())
    }

    fn body(text: &str, authentication: &Authentication) -> String {
        let composed = WireMessage::from_body(text.as_bytes(), authentication, Profile::v1()).unwrap();
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
        let no_object = WireMessage::from_body(b"[]", &secret("x"), Profile::v1());
        assert!(matches!(no_object, Err(BodyTemplateError::NoObject)));
        let ambiguous = br#"{"clientSecret":"a","clientSecret":"b"}"#;
        assert!(matches!(
            WireMessage::from_body(ambiguous, &basic(), Profile::v1()),
            Err(BodyTemplateError::Unreadable(ReadError::Duplicate(_)))
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
            WireMessage::from_message(&message, &secret("x"), &profile),
            Err(BodyTemplateError::NoPlaceForSecret { profile }) if profile == "bare"
        ));
        let composed = WireMessage::from_message(&message, &basic(), &profile).unwrap();
        assert!(composed.dropped.contains(&Dropped::Role(Role::FlowName)), "{:?}", composed.dropped);
    }

    #[test]
    fn the_header_is_that_of_the_help_page() {
        let composed = WireMessage::from_bytes(Bytes::new(), None);
        assert!(composed.request().headers().get("authorization").is_none());
        let composed = WireMessage::from_body(b"{}", &basic(), Profile::v1()).unwrap();
        // RFC 7617 section 2 prints this pair and its base64.
        let header = &composed.request().headers()["authorization"].clone();
        assert_eq!(header, "basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(header.is_sensitive());
        let shown = format!("{composed:?}");
        assert!(!shown.contains("QWxh"), "{shown}");
    }
}
