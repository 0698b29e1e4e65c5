//! A body that holds no client secret: where one stood or is to stand, there is `""`, and its place is known.

use std::fmt;

use bytes::Bytes;
use schemas::{
    Authentication, BasicCredentials, ClientSecret, Document, Profile, StepMessage,
    json::{self, Edited},
    profile::Dropped,
};
use serde_json::Value;

use crate::{
    compose::{ComposeError, Composed},
    credentials::CredentialReference,
};

/// What stands at an emptied secret's place.
const EMPTY: &[u8] = b"\"\"";

/// A body without its client secret. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Emptied {
    body: Bytes,
    secret_at: Option<usize>,
}

/// At the place that was named for a client secret there is no `""`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no \"\" at byte {at} of the body, where its client secret is said to have stood")]
pub struct NotEmptied {
    /// The place, in bytes.
    pub at: usize,
}

impl Emptied {
    /// A body that was emptied before, such as one that a receiver has kept.
    ///
    /// # Errors
    /// When there is no `""` at the place.
    pub fn kept(body: Bytes, secret_at: Option<usize>) -> Result<Self, NotEmptied> {
        match secret_at {
            Some(at) if !body.get(at..).is_some_and(|rest| rest.starts_with(EMPTY)) => Err(NotEmptied { at }),
            _ => Ok(Self { body, secret_at }),
        }
    }

    /// A body of the wire's form, readied for credentials: for a client secret its place is emptied, or made where there
    /// is none; Basic takes a secret out, as [`Composed::from_body`] does; without either a secret is emptied. Every
    /// other byte stays.
    ///
    /// # Errors
    /// When the body cannot be read, so that nobody knows whether there is a secret in it, or it has no place for one.
    pub fn from_body(body: &[u8], credentials: &CredentialReference, profile: &Profile) -> Result<Self, ComposeError> {
        let emptied = Self::at_its_place(body, profile)?;
        match credentials {
            CredentialReference::None => Ok(emptied),
            CredentialReference::ClientSecret { .. } if emptied.secret_at.is_some() => Ok(emptied),
            CredentialReference::ClientSecret { .. } | CredentialReference::Basic { .. } => {
                let composed = Composed::from_body(&emptied.body, &stand_in(credentials), profile)?;
                Self::at_its_place(&composed.body, profile)
            }
        }
    }

    /// A message, written as the profile has it and readied for credentials; and what the profile cannot carry.
    ///
    /// # Errors
    /// When the profile has no place for the client secret.
    pub fn from_message(
        message: &StepMessage,
        credentials: &CredentialReference,
        profile: &Profile,
    ) -> Result<(Self, Vec<Dropped>), ComposeError> {
        let composed = Composed::from_message(message, &stand_in(credentials), profile)?;
        Ok((Self::at_its_place(&composed.body, profile)?, composed.dropped))
    }

    fn at_its_place(body: &[u8], profile: &Profile) -> Result<Self, ComposeError> {
        Ok(match Document::read(body, profile)?.with_secret("") {
            None => Self { body: Bytes::copy_from_slice(body), secret_at: None },
            Some(Edited { body, at }) => Self { body: body.into(), secret_at: Some(at) },
        })
    }

    /// The body with the secret at its place; without a place, as it is.
    pub fn filled(&self, secret: &ClientSecret) -> Bytes {
        self.with(secret.expose())
    }

    /// The body with `shown` in the place of the secret.
    pub fn with(&self, shown: &str) -> Bytes {
        let Some(at) = self.secret_at else { return self.body.clone() };
        json::replace(&self.body, at..at + EMPTY.len(), &Value::from(shown).to_string()).into()
    }

    /// The body without the emptied secret's member, for an endpoint that expects no client secret.
    pub fn without_secret(&self) -> Bytes {
        let removed = self.secret_at.and_then(|at| json::remove_at(&self.body, at));
        removed.map_or_else(|| self.body.clone(), Bytes::from)
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Where the emptied secret's `""` stands, in bytes.
    pub fn secret_at(&self) -> Option<usize> {
        self.secret_at
    }
}

/// Credentials of the same kind, which are nobody's.
fn stand_in(credentials: &CredentialReference) -> Authentication {
    let none = "a constant within the limits";
    match credentials {
        CredentialReference::None => Authentication::None,
        CredentialReference::ClientSecret { .. } => {
            Authentication::ClientSecret { client_secret: ClientSecret::new("-").expect(none) }
        }
        CredentialReference::Basic { .. } => Authentication::Basic(BasicCredentials::new("-", "-").expect(none)),
    }
}

impl fmt::Debug for Emptied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emptied").field("bytes", &self.body.len()).field("secret_at", &self.secret_at).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> CredentialReference {
        CredentialReference::ClientSecret { client_secret: "env:SECRET".parse().unwrap() }
    }

    fn basic() -> CredentialReference {
        CredentialReference::Basic { username: "jo".to_owned(), password: "env:PASSWORD".parse().unwrap() }
    }

    #[test]
    fn a_body_keeps_its_bytes_and_loses_its_secret() {
        let none = CredentialReference::None;
        for (name, body, credentials, emptied, filled) in [
            (
                "replaced",
                "{ \"clientSecret\" :\"s\\u0033\", \"n\":1e2 }\r\n",
                secret(),
                "{ \"clientSecret\" :\"\", \"n\":1e2 }\r\n",
                "{ \"clientSecret\" :\"q\\\"\", \"n\":1e2 }\r\n",
            ),
            (
                "of another type",
                r#"{"clientSecret":[1]}"#,
                secret(),
                r#"{"clientSecret":""}"#,
                r#"{"clientSecret":"q\""}"#,
            ),
            ("put in", r#"{"a":1}"#, secret(), r#"{"a":1,"clientSecret":""}"#, r#"{"a":1,"clientSecret":"q\""}"#),
            (
                "emptied",
                r#"{"clientSecret":"s3"}"#,
                none.clone(),
                r#"{"clientSecret":""}"#,
                r#"{"clientSecret":"q\""}"#,
            ),
            ("none there", "{ }", none, "{ }", "{ }"),
            ("taken out", r#"{"a":1,"clientSecret":"s3"}"#, basic(), r#"{"a":1}"#, r#"{"a":1}"#),
        ] {
            let found = Emptied::from_body(body.as_bytes(), &credentials, Profile::v1()).unwrap();
            assert_eq!(found.body(), emptied, "{name}");
            assert_eq!(found.filled(&ClientSecret::new("q\"").unwrap()), filled, "{name}");
            assert!(!found.without_secret().windows(12).any(|name| name == b"clientSecret"), "{name}");
            assert_eq!(Emptied::kept(found.body().clone(), found.secret_at()), Ok(found), "{name}");
        }
    }

    #[test]
    fn where_a_secret_may_hide_nothing_is_kept() {
        for body in ["", "no JSON", r#"{"clientSecret":"a","clientSecret":"b"}"#] {
            assert!(Emptied::from_body(body.as_bytes(), &CredentialReference::None, Profile::v1()).is_err(), "{body}");
        }
        assert!(Emptied::from_body(b"[]", &secret(), Profile::v1()).is_err());
    }

    #[test]
    fn a_kept_place_is_checked() {
        let body = Bytes::from_static(br#"{"clientSecret":"","x":"ab"}"#);
        for (at, is_there) in [(16, true), (15, false), (23, false), (27, false), (28, false), (usize::MAX, false)] {
            assert_eq!(Emptied::kept(body.clone(), Some(at)).is_ok(), is_there, "{at}");
        }
        assert!(Emptied::kept(body, None).is_ok());
    }
}
