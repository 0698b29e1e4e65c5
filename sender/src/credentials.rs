//! How a destination authenticates, with references to the secrets, so that it can be stored in the outbox and logged.

use schemas::{
    Authentication, AuthenticationKind, BasicCredentials, ClientSecret, SecretReference, authentication::LimitError,
    reference::ReferenceError,
};

/// The authentication of `json/webhook.schema.json`, with a reference for each secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CredentialReference {
    /// Nothing is applied: the default of a new webhook.
    #[default]
    None,
    ClientSecret {
        client_secret: SecretReference,
    },
    /// Username and password in the `authorization` header.
    Basic {
        /// The username itself.
        username: String,
        password: SecretReference,
    },
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
