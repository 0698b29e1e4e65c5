//! A message body without its client secret: there is `""` in the secret's place, and the place is known.

use std::fmt;

use serde_json::Value;

use crate::{
    authentication::{AuthenticationKind, ClientSecret},
    document::{Document, ReadError},
    json::{self, Edited},
    message::StepMessage,
    pointer::Pointer,
    profile::{Dropped, Profile, Role, Written},
};

/// What replaces the client secret.
const PLACEHOLDER: &str = "\"\"";

/// A body without its client secret. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct BodyTemplate {
    body: Vec<u8>,
    secret_at: Option<usize>,
}

/// Why a body cannot be prepared for a credential. Nothing of the body is repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages describe the fields")]
pub enum BodyTemplateError {
    /// The profile has no place for a client secret, which the endpoint requires.
    #[error("the profile `{profile}` has no place for a client secret")]
    NoPlaceForSecret { profile: String },
    /// The body is not a JSON object, so it cannot contain a client secret.
    #[error("the body is not a JSON object, so it has no place for a client secret")]
    NoObject,
    /// The body is not JSON, or is ambiguous where the profile looks.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
}

/// The given place of a client secret does not hold `""`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no \"\" at byte {at} of the body, where its client secret is said to have stood")]
pub struct MissingPlaceholder {
    /// The place, in bytes.
    pub at: usize,
}

impl BodyTemplate {
    /// A body that is a template already, such as one that a receiver stored.
    ///
    /// # Errors
    /// When there is no `""` at the place.
    pub fn from_stored(body: impl Into<Vec<u8>>, secret_at: Option<usize>) -> Result<Self, MissingPlaceholder> {
        let body = body.into();
        match secret_at {
            Some(at) if !body.get(at..).is_some_and(|rest| rest.starts_with(PLACEHOLDER.as_bytes())) => {
                Err(MissingPlaceholder { at })
            }
            _ => Ok(Self { body, secret_at }),
        }
    }

    /// Prepares a body for an authentication: a client secret is emptied, or its member is added; for Basic, the member
    /// is removed; without authentication, a secret is emptied. Every other byte stays.
    ///
    /// # Errors
    /// When the body cannot be read, so that it may contain an unknown secret, or has no place for one.
    pub fn from_body(body: &[u8], kind: AuthenticationKind, profile: &Profile) -> Result<Self, BodyTemplateError> {
        let emptied = Document::read(body, profile)?.with_secret("");
        match (kind, emptied) {
            (AuthenticationKind::Basic, _) => {
                let place = profile.pointer(Role::ClientSecret);
                let removed = place.map(|place| json::remove(body, place)).transpose();
                let removed = removed.map_err(|_| BodyTemplateError::NoObject)?.flatten();
                Ok(Self { body: removed.unwrap_or_else(|| body.to_vec()), secret_at: None })
            }
            (_, Some(Edited { body, at })) => Ok(Self { body, secret_at: Some(at) }),
            (AuthenticationKind::ClientSecret, None) => {
                let edited = json::put(body, place_for_secret(profile)?, PLACEHOLDER);
                let Edited { body, at } = edited.map_err(|_| BodyTemplateError::NoObject)?;
                Ok(Self { body, secret_at: Some(at) })
            }
            (AuthenticationKind::None, None) => Ok(Self { body: body.to_vec(), secret_at: None }),
        }
    }

    /// Writes a message as the profile has it, prepared for an authentication as by [`Self::from_body`]; and what the
    /// profile cannot carry.
    ///
    /// # Errors
    /// When the profile has no place for the client secret.
    pub fn from_message(
        message: &StepMessage,
        kind: AuthenticationKind,
        profile: &Profile,
    ) -> Result<(Self, Vec<Dropped>), BodyTemplateError> {
        let mut message = message.clone();
        match kind {
            AuthenticationKind::None => {}
            AuthenticationKind::ClientSecret => {
                place_for_secret(profile)?;
                // Any secret keeps the place that the profile's order gives it.
                message.client_secret = Some(ClientSecret::new("-").expect("one character is within the limits"));
            }
            AuthenticationKind::Basic => message.client_secret = None,
        }
        let Written { body, dropped } = profile.write(&message);
        Ok((Self::from_body(body.to_string().as_bytes(), kind, profile)?, dropped))
    }

    /// The body with the secret in its place; unchanged if it has no place for one.
    pub fn with_secret(&self, secret: &ClientSecret) -> Vec<u8> {
        self.with_text(secret.expose())
    }

    /// The body with `text` at the secret's place.
    pub fn with_text(&self, text: &str) -> Vec<u8> {
        let Some(at) = self.secret_at else { return self.body.clone() };
        json::replace(&self.body, at..at + PLACEHOLDER.len(), &Value::from(text).to_string())
    }

    /// The body without the secret's member, for an endpoint that expects no client secret.
    pub fn without_secret(&self) -> Vec<u8> {
        let removed = self.secret_at.and_then(|at| json::remove_at(&self.body, at));
        removed.unwrap_or_else(|| self.body.clone())
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Where the `""` of the secret begins, in bytes.
    pub fn secret_at(&self) -> Option<usize> {
        self.secret_at
    }
}

fn place_for_secret(profile: &Profile) -> Result<&Pointer, BodyTemplateError> {
    let place = profile.pointer(Role::ClientSecret);
    place.ok_or_else(|| BodyTemplateError::NoPlaceForSecret { profile: profile.name().to_owned() })
}

impl fmt::Debug for BodyTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyTemplate").field("bytes", &self.body.len()).field("secret_at", &self.secret_at).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_keeps_its_bytes_and_loses_its_secret() {
        use AuthenticationKind::{Basic, ClientSecret as Secret, None as Nothing};
        for (name, body, kind, emptied, filled) in [
            (
                "replaced",
                "{ \"clientSecret\" :\"s\\u0033\", \"n\":1e2 }\r\n",
                Secret,
                "{ \"clientSecret\" :\"\", \"n\":1e2 }\r\n",
                "{ \"clientSecret\" :\"q\\\"\", \"n\":1e2 }\r\n",
            ),
            (
                "of another type",
                r#"{"clientSecret":[1]}"#,
                Secret,
                r#"{"clientSecret":""}"#,
                r#"{"clientSecret":"q\""}"#,
            ),
            ("put in", r#"{"a":1}"#, Secret, r#"{"a":1,"clientSecret":""}"#, r#"{"a":1,"clientSecret":"q\""}"#),
            ("emptied", r#"{"clientSecret":"s3"}"#, Nothing, r#"{"clientSecret":""}"#, r#"{"clientSecret":"q\""}"#),
            ("none there", "{ }", Nothing, "{ }", "{ }"),
            ("taken out", r#"{"a":1,"clientSecret":"s3"}"#, Basic, r#"{"a":1}"#, r#"{"a":1}"#),
        ] {
            let found = BodyTemplate::from_body(body.as_bytes(), kind, Profile::v1()).unwrap();
            assert_eq!(found.body(), emptied.as_bytes(), "{name}");
            assert_eq!(found.with_secret(&ClientSecret::new("q\"").unwrap()), filled.as_bytes(), "{name}");
            assert!(!found.without_secret().windows(12).any(|name| name == b"clientSecret"), "{name}");
            assert_eq!(BodyTemplate::from_stored(found.body(), found.secret_at()), Ok(found), "{name}");
        }
    }

    #[test]
    fn where_a_secret_may_hide_nothing_is_kept() {
        for body in ["", "no JSON", r#"{"clientSecret":"a","clientSecret":"b"}"#] {
            assert!(
                BodyTemplate::from_body(body.as_bytes(), AuthenticationKind::None, Profile::v1()).is_err(),
                "{body}"
            );
        }
        assert!(BodyTemplate::from_body(b"[]", AuthenticationKind::ClientSecret, Profile::v1()).is_err());
    }

    #[test]
    fn a_kept_place_is_checked() {
        let body = br#"{"clientSecret":"","x":"ab"}"#;
        for (at, is_there) in [(16, true), (15, false), (23, false), (27, false), (28, false), (usize::MAX, false)] {
            assert_eq!(BodyTemplate::from_stored(body, Some(at)).is_ok(), is_there, "{at}");
        }
        assert!(BodyTemplate::from_stored(body, None).is_ok());
    }
}
