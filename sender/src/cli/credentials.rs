//! The credentials: references on the command line, secrets only from where they lead.

use std::io::Write as _;

use clap::Args;
use delivery::{EndpointUrl, Request};
use schemas::{Authentication, BasicCredentials, ClientSecret, SecretReference, redaction::is_sensitive_name};
use secrecy::SecretString;

use super::{error::CliError, output};
use crate::credentials::CredentialReference;

const AUTHENTICATION: &str = "Authentication (REF is env:NAME, file:PATH or prompt)";

#[derive(Args)]
pub(super) struct CredentialArgs {
    /// Put this client secret into the message
    // A plain text and not a parsed reference: clap's own error would repeat it, and it may be the secret.
    #[arg(long, value_name = "REF", help_heading = AUTHENTICATION, conflicts_with_all = ["username", "password"])]
    client_secret: Option<String>,

    /// Username for Basic authentication
    #[arg(long, value_name = "TEXT", help_heading = AUTHENTICATION, requires = "password")]
    username: Option<String>,

    /// Password for Basic authentication
    #[arg(long, value_name = "REF", help_heading = AUTHENTICATION, requires = "username")]
    password: Option<String>,

    /// Send credentials over plain http to another machine all the same; Basic is refused there otherwise
    #[arg(long, help_heading = AUTHENTICATION)]
    pub(super) allow_plaintext: bool,
}

impl CredentialArgs {
    pub(super) fn has_client_secret(&self) -> bool {
        self.client_secret.is_some()
    }

    /// The references alone, for an outbox.
    pub(super) fn references(&self) -> Result<CredentialReference, CliError> {
        if let Some(text) = &self.client_secret {
            return Ok(CredentialReference::ClientSecret { client_secret: reference("--client-secret", text)? });
        }
        Ok(match self.username.as_ref().zip(self.password.as_ref()) {
            None => CredentialReference::None,
            Some((username, text)) => {
                CredentialReference::Basic { username: username.clone(), password: reference("--password", text)? }
            }
        })
    }

    /// Fetches the secrets and checks them against the limits of the product's form.
    pub(super) fn resolve(self) -> Result<Authentication, CliError> {
        if let Some(reference) = self.client_secret {
            let secret = fetch("--client-secret", &reference, "client secret")?;
            return Ok(Authentication::ClientSecret { client_secret: ClientSecret::exact(secret)? });
        }
        match self.username.zip(self.password) {
            None => Ok(Authentication::None),
            Some((username, reference)) => {
                let username = BasicCredentials::parse_username(&username).map_err(|errors| errors[0])?;
                let password = fetch("--password", &reference, "password")?;
                Ok(Authentication::Basic(BasicCredentials::exact(username, password)?))
            }
        }
    }
}

/// A reference of an option, for an outbox.
pub(super) fn reference(option: &'static str, text: &str) -> Result<SecretReference, CliError> {
    match text.parse().map_err(|_| CliError::NotAReference { option })? {
        SecretReference::Prompt => Err(CliError::PromptForOutbox { option }),
        place => Ok(lasting(place)),
    }
}

/// The same reference with its file named from the root on: an outbox may be read elsewhere.
pub(super) fn lasting(reference: SecretReference) -> SecretReference {
    reference.map_path(|path| std::path::absolute(&path).unwrap_or(path))
}

/// What goes to another machine over plain http can be read on the way. Basic is refused there, for its username and
/// password are made for https (RFC 7617 section 4; the help page asks for it); other secrets are warned of.
pub(super) fn check_plaintext(
    request: &Request,
    target: &EndpointUrl,
    authentication: &Authentication,
    allowed: bool,
) -> Result<(), CliError> {
    if allowed || target.is_encrypted() || target.is_loopback() {
        return Ok(());
    }
    if request.headers().contains_key(schemas::wire::AUTHORIZATION_HEADER) {
        return Err(CliError::Plaintext { target: target.to_string() });
    }
    let names = request.headers().keys().map(http::HeaderName::as_str);
    let mut exposed: Vec<String> =
        names.filter(|name| is_sensitive_name(name)).map(|name| format!("`{name}`")).collect();
    if matches!(authentication, Authentication::ClientSecret { .. }) {
        exposed.insert(0, "the client secret".to_owned());
    }
    warn_plaintext(&exposed, target)
}

/// Warns of secrets that go to another machine unencrypted.
pub(super) fn warn_plaintext(exposed: &[String], target: &EndpointUrl) -> Result<(), CliError> {
    if exposed.is_empty() || target.is_encrypted() || target.is_loopback() {
        return Ok(());
    }
    let exposed = exposed.join(" and ");
    output::say(writeln!(
        anstream::stderr(),
        "{}{exposed} can be read by anyone on the way to {target}; use an https URL",
        output::WARNING
    ))
}

fn fetch(option: &'static str, reference: &str, what: &'static str) -> Result<SecretString, CliError> {
    match reference.parse().map_err(|_| CliError::NotAReference { option })? {
        SecretReference::Prompt => {
            let typed = rpassword::prompt_password(format!("The {what}: "));
            let typed = typed.map(SecretString::from).map_err(|source| CliError::Prompt { what, source })?;
            SecretReference::Prompt.checked(typed).map_err(|source| CliError::Reference { option, source })
        }
        place => place.resolve().map_err(|source| CliError::Reference { option, source }),
    }
}
