//! How a destination authenticates, with references to the secrets, so that it can be stored in the outbox and logged.

use schemas::{
    Authentication, AuthenticationKind, BasicCredentials, ClientSecret, SecretReference, authentication::LimitError,
    reference::ReferenceError,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The authentication of `json/webhook.schema.json`, with a reference for each secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CredentialReference {
    /// Nothing is applied: the default of a new webhook.
    #[default]
    None,
    ClientSecret {
        #[serde(serialize_with = "write_reference", deserialize_with = "read_reference")]
        client_secret: SecretReference,
    },
    /// Username and password in the `authorization` header.
    Basic {
        /// The username itself.
        username: String,
        #[serde(serialize_with = "write_reference", deserialize_with = "read_reference")]
        password: SecretReference,
    },
}

fn write_reference<S: Serializer>(reference: &SecretReference, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(reference)
}

/// A text that is not a reference may be the secret itself, so the error does not hold it.
fn read_reference<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretReference, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

/// Why credentials are not available. No secret is repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The secret breaks a limit of the product's webhook form.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

impl CredentialReference {
    pub fn kind(&self) -> AuthenticationKind {
        match self {
            Self::None => AuthenticationKind::None,
            Self::ClientSecret { .. } => AuthenticationKind::ClientSecret,
            Self::Basic { .. } => AuthenticationKind::Basic,
        }
    }

    /// The same with another reference for each.
    #[must_use]
    pub(crate) fn map(self, map: impl FnOnce(SecretReference) -> SecretReference) -> Self {
        match self {
            Self::None => Self::None,
            Self::ClientSecret { client_secret } => Self::ClientSecret { client_secret: map(client_secret) },
            Self::Basic { username, password } => Self::Basic { username, password: map(password) },
        }
    }

    /// Resolves the references and checks the secrets against the limits of the product's form.
    ///
    /// # Errors
    /// When a reference cannot be resolved, or the secret is empty, too long or not possible in a header.
    pub fn resolve(&self) -> Result<Authentication, CredentialError> {
        Ok(match self {
            Self::None => Authentication::None,
            Self::ClientSecret { client_secret } => {
                Authentication::ClientSecret { client_secret: ClientSecret::exact(client_secret.resolve()?)? }
            }
            Self::Basic { username, password } => {
                let username = BasicCredentials::parse_username(username).map_err(|errors| errors[0])?;
                Authentication::Basic(BasicCredentials::exact(username, password.resolve()?)?)
            }
        })
    }
}
