//! A destination: the endpoint and its credentials, by reference if secret.

use std::{fmt, sync::Arc};

use delivery::EndpointUrl;
use schemas::{Authentication, SecretReference};
use secrecy::ExposeSecret as _;

use super::OutboxError;
use crate::credentials::CredentialReference;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Its unique name, which is not secret.
    pub name: Arc<str>,
    pub address: Address,
    pub credentials: CredentialReference,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    Url(EndpointUrl),
    Reference(SecretReference),
}

impl Address {
    /// The URL, with its reference resolved.
    ///
    /// # Errors
    /// When the reference cannot be resolved, or not to a URL.
    pub(super) fn url(&self, destination: &Arc<str>) -> Result<EndpointUrl, OutboxError> {
        let destination = || Arc::clone(destination);
        match self {
            Self::Url(url) => Ok(url.clone()),
            Self::Reference(reference) => {
                let url = reference
                    .resolve()
                    .map_err(|source| OutboxError::Reference { destination: destination(), source })?;
                let url = url.expose_secret().parse();
                url.map_err(|source| OutboxError::Url { destination: destination(), source })
            }
        }
    }
}

impl Destination {
    /// The URL and the credentials, with their references resolved.
    ///
    /// # Errors
    /// When a reference cannot be resolved, or to an invalid value.
    pub fn resolve(&self) -> Result<(EndpointUrl, Authentication), OutboxError> {
        let url = self.address.url(&self.name)?;
        let credentials = self.credentials.resolve();
        let credentials =
            credentials.map_err(|source| OutboxError::Credentials { destination: Arc::clone(&self.name), source })?;
        Ok((url, credentials))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => url.fmt(f),
            Self::Reference(reference) => reference.fmt(f),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}
