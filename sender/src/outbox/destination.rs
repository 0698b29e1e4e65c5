//! A destination: where deliveries go and how they authenticate, by reference where it is a secret.

use std::{fmt, sync::Arc};

use schemas::{Authentication, SecretReference};
use secrecy::ExposeSecret as _;

use super::OutboxError;
use crate::{credentials::CredentialReference, delivery::Target};

/// A destination. Its name tells it from others: rates hold, a 410 disables and flows keep their order per name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Its name; shown to people, so it holds no secret.
    pub name: Arc<str>,
    /// Its URL, or where that lies.
    pub address: Address,
    /// How it authenticates.
    pub credentials: CredentialReference,
}

/// The URL of a destination.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// The URL itself; it is written into the outbox.
    Url(Target),
    /// Where a URL lies that is a secret.
    Reference(SecretReference),
}

impl Address {
    /// The URL itself.
    ///
    /// # Errors
    /// When the reference leads nowhere, or to no URL.
    pub(super) fn target(&self, destination: &Arc<str>) -> Result<Target, OutboxError> {
        let destination = || Arc::clone(destination);
        match self {
            Self::Url(target) => Ok(target.clone()),
            Self::Reference(reference) => {
                let url = reference
                    .resolve()
                    .map_err(|source| OutboxError::Reference { destination: destination(), source })?;
                let url = url.expose_secret().parse();
                url.map_err(|source| OutboxError::Target { destination: destination(), source })
            }
        }
    }
}

impl Destination {
    /// The URL and the credentials, fetched now.
    ///
    /// # Errors
    /// When a reference leads nowhere, or to something that cannot be used.
    pub fn resolve(&self) -> Result<(Target, Authentication), OutboxError> {
        let target = self.address.target(&self.name)?;
        let credentials = self.credentials.resolve();
        let credentials =
            credentials.map_err(|source| OutboxError::Credentials { destination: Arc::clone(&self.name), source })?;
        Ok((target, credentials))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(target) => target.fmt(f),
            Self::Reference(reference) => reference.fmt(f),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}
