//! How a destination authenticates, by reference: it says where the secrets lie and holds none, so it can stand in a
//! file, in the outbox and in a log.

use schemas::{
    Authentication, BasicCredentials, ClientSecret, SecretReference, authentication::LimitError,
    reference::ReferenceError,
};

/// Where the credentials lie. The words are those of `json/webhook.schema.json`, with a reference in the place of each
/// secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CredentialReference {
    /// Nothing is applied: the default of a new webhook.
    #[default]
    None,
    /// A secret inside the message.
    ClientSecret {
        /// Where it lies.
        client_secret: SecretReference,
    },
    /// Username and password in the `authorization` header.
    Basic {
        /// The username itself.
        username: String,
        /// Where the password lies.
        password: SecretReference,
    },
}

/// Why the credentials cannot be had. No secret is repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The reference leads to no secret.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// What it leads to breaks a limit of the product's webhook form.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

impl CredentialReference {
    /// Fetches the secrets and checks them against the limits of the product's form.
    ///
    /// # Errors
    /// When a reference leads nowhere, or what it leads to is empty, too long or cannot stand in a header.
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
