//! Credentials as they are typed: a type, what belongs to it, and references to where the secrets lie.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path, time::SystemTime};

use schemas::{Authentication, BasicCredentials, ClientSecret, SecretReference, timestamp};
use secrecy::SecretString;
use toml::Spanned;

use super::{
    check::Check,
    file::{Credential, Kind},
};

impl Check<'_> {
    pub(super) fn credential(&mut self, typed: &Spanned<Credential>) -> Option<(Authentication, Option<SystemTime>)> {
        let credential = typed.get_ref();
        let keys = [
            ("secret", credential.secret.as_ref(), credential.kind == Kind::ClientSecret),
            ("username", credential.username.as_ref(), credential.kind == Kind::Basic),
            ("password", credential.password.as_ref(), credential.kind == Kind::Basic),
        ];
        for (key, value, belongs) in keys {
            match value {
                None if belongs => self.problem(typed.span().start, format!("`{key}` is missing for this type")),
                Some(value) if !belongs => {
                    self.problem(value.span().start, format!("`{key}` does not belong to this type"));
                }
                _ => {}
            }
        }
        if !self.secrets {
            return Some((Authentication::None, None));
        }
        let authentication = match credential.kind {
            Kind::None => Authentication::None,
            Kind::ClientSecret => {
                let (secret, offset) = self.secret("secret", credential.secret.as_ref()?)?;
                let client_secret =
                    ClientSecret::exact(secret).map_err(|error| self.problem(offset, error.to_string()));
                Authentication::ClientSecret { client_secret: client_secret.ok()? }
            }
            Kind::Basic => {
                let username = credential.username.as_ref()?;
                let (password, _) = self.secret("password", credential.password.as_ref()?)?;
                let credentials = BasicCredentials::parse_username(username.get_ref())
                    .map_err(|errors| errors[0])
                    .and_then(|username| BasicCredentials::exact(username, password));
                let credentials = credentials.map_err(|error| self.problem(username.span().start, error.to_string()));
                Authentication::Basic(credentials.ok()?)
            }
        };
        let not_after = match &credential.not_after {
            None => None,
            Some(typed) => Some(self.moment(typed)?),
        };
        Some((authentication, not_after))
    }

    fn moment(&mut self, typed: &Spanned<toml::value::Datetime>) -> Option<SystemTime> {
        match timestamp::parse_instant(&typed.get_ref().to_string()) {
            Ok(moment) => SystemTime::try_from(moment).ok(),
            Err(error) => {
                self.problem(typed.span().start, format!("`not_after`: {error}"));
                None
            }
        }
    }

    /// The secret that a reference leads to. What is no reference is not repeated: it may be the secret itself.
    pub(super) fn secret(&mut self, key: &str, typed: &Spanned<String>) -> Option<(SecretString, usize)> {
        let offset = typed.span().start;
        let reference = typed.get_ref().parse().map_err(|error| format!("`{key}`: {error}"));
        let reference = reference.map(|reference: SecretReference| reference.map_path(|path| self.beside(path)));
        if let Some(file) = reference.as_ref().ok().and_then(SecretReference::path) {
            self.sources.note(file);
            self.warn_if_everyone_reads(key, typed, file);
        }
        let secret = reference.and_then(|reference| reference.resolve().map_err(|error| format!("`{key}`: {error}")));
        secret.map_err(|message| self.problem(offset, message)).ok().map(|secret| (secret, offset))
    }

    pub(super) fn warn_if_everyone_reads(&mut self, key: &str, typed: &Spanned<String>, file: &Path) {
        let everyone_reads = fs::metadata(file).is_ok_and(|metadata| metadata.mode() & 0o004 != 0);
        if everyone_reads {
            let file = file.display();
            let words = "everyone on this machine can read";
            let way_out = "give it the receiver's group, or its user as its owner, then";
            self.warning(typed.span().start, format!("`{key}`: {words} {file}; {way_out} `chmod o= {file}`"));
        }
    }
}
