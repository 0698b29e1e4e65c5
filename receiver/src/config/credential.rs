//! Resolves credentials: the keys that belong to their type, and references to their secrets.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path, time::SystemTime};

use schemas::{Authentication, AuthenticationKind, BasicCredentials, ClientSecret, SecretReference, timestamp};
use secrecy::SecretString;
use toml::Spanned;

use super::{file::CredentialTable, resolve::ConfigResolver};

impl ConfigResolver<'_> {
    /// The credential, if it is right. Each of its secrets is checked even if another key is wrong.
    pub(super) fn credential(&mut self, typed: &Spanned<CredentialTable>) -> Option<Authentication> {
        use AuthenticationKind::{Basic, ClientSecret};
        let table = typed.get_ref();
        let keys = [
            ("secret", table.secret.as_ref(), ClientSecret),
            ("username", table.username.as_ref(), Basic),
            ("password", table.password.as_ref(), Basic),
        ];
        // An invalid type has been reported; the secrets may be literal anyway.
        let [secret, username, password] = keys.map(|(key, value, owner)| {
            let belongs = table.kind.is_none_or(|kind| kind == owner);
            match (table.kind, value) {
                (Some(kind), None) if belongs => {
                    self.problem(typed, format!("`{key}` is missing; type \"{}\" requires it", kind.as_str()));
                }
                (Some(kind), Some(value)) if !belongs => self
                    .problem(value, format!("`{key}` does not belong to a credential of type \"{}\"", kind.as_str())),
                _ => {}
            }
            value.filter(|_| belongs)
        });
        if !self.secrets {
            return Some(Authentication::None);
        }
        let client_secret = secret.and_then(|typed| self.client_secret(typed));
        let username = username.and_then(|typed| self.username(typed));
        let password = password.and_then(|typed| self.password(typed));
        match table.kind? {
            AuthenticationKind::None => Some(Authentication::None),
            ClientSecret => Some(Authentication::ClientSecret { client_secret: client_secret? }),
            Basic => BasicCredentials::exact(username?, password?).ok().map(Authentication::Basic),
        }
    }

    fn client_secret(&mut self, typed: &Spanned<String>) -> Option<ClientSecret> {
        let secret = ClientSecret::exact(self.secret("secret", typed)?);
        secret.map_err(|error| self.problem(typed, format!("`secret`: {error}"))).ok()
    }

    fn username<'u>(&mut self, typed: &'u Spanned<String>) -> Option<&'u str> {
        let username = BasicCredentials::parse_username(typed.get_ref());
        let report = |error| self.problem(typed, format!("`username`: {error}"));
        username.map_err(|errors| errors.into_iter().for_each(report)).ok()
    }

    fn password(&mut self, typed: &Spanned<String>) -> Option<SecretString> {
        let password = self.secret("password", typed)?;
        // With a valid username, every error is about the password.
        match BasicCredentials::exact("valid", password.clone()) {
            Ok(_) => Some(password),
            Err(error) => {
                self.problem(typed, format!("`password`: {error}"));
                None
            }
        }
    }

    pub(super) fn not_after(&mut self, table: &CredentialTable) -> Option<SystemTime> {
        let typed = table.not_after.as_ref()?;
        match timestamp::parse_instant(&typed.get_ref().to_string()) {
            Ok(moment) => SystemTime::try_from(moment).ok(),
            Err(error) => {
                self.problem(typed, format!("`not_after`: {error}"));
                None
            }
        }
    }

    /// The secret that a reference points to. Text that is not a reference is not repeated: it may be the secret itself.
    pub(super) fn secret(&mut self, key: &str, typed: &Spanned<String>) -> Option<SecretString> {
        let reference = typed.get_ref().parse().map_err(|error| format!("`{key}`: {error}"));
        let reference = reference.map(|reference: SecretReference| reference.map_path(|path| self.resolve_path(path)));
        if let Some(file) = reference.as_ref().ok().and_then(SecretReference::path) {
            self.sources.note(file);
            self.warn_if_world_readable(key, typed, file);
        }
        let secret = reference.and_then(|reference| reference.resolve().map_err(|error| format!("`{key}`: {error}")));
        secret.map_err(|message| self.problem(typed, message)).ok()
    }

    pub(super) fn warn_if_world_readable(&mut self, key: &str, typed: &Spanned<String>, file: &Path) {
        if fs::metadata(file).is_ok_and(|metadata| metadata.mode() & 0o004 != 0) {
            let file = file.display();
            self.warning(typed,
                format!(
                    "`{key}`: everyone on this machine can read {file}; give it to the receiver's user or group, then run \
                     `chmod o= {file}`"
                ),
            );
        }
    }
}
