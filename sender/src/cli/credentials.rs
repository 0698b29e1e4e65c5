//! The credentials: references on the command line, secrets only from where the references lead.

use clap::Args;
use console::{CredentialArgs, credentials::parse_reference, output::warn};
use schemas::{Authentication, SecretReference, redaction::is_sensitive_name};

use super::error::CliError;
use crate::credentials::CredentialReference;
use delivery::{EndpointUrl, Request};

#[derive(Args)]
#[command(next_help_heading = "Authentication (REF is env:NAME, file:PATH or prompt)")]
pub(super) struct AuthenticationArgs {
    #[command(flatten)]
    credentials: CredentialArgs,

    /// Send credentials over plain http to another machine anyway; Basic is refused there otherwise.
    #[arg(long)]
    pub(super) allow_plaintext: bool,
}

impl AuthenticationArgs {
    pub(super) fn has_client_secret(&self) -> bool {
        self.credentials.client_secret().is_some()
    }

    /// Only the references, for an outbox.
    pub(super) fn references(&self) -> Result<CredentialReference, CliError> {
        if let Some(text) = self.credentials.client_secret() {
            return Ok(CredentialReference::ClientSecret { client_secret: reference("--client-secret", text)? });
        }
        Ok(match self.credentials.basic() {
            None => CredentialReference::None,
            Some((username, text)) => {
                CredentialReference::Basic { username: username.to_owned(), password: reference("--password", text)? }
            }
        })
    }

    /// Fetches the secrets and checks them against the limits of the product's form.
    pub(super) fn resolve(&self) -> Result<Authentication, CliError> {
        let prompt = |what: &str| rpassword::prompt_password(format!("The {what}: "));
        let authentication = self.credentials.resolve(Some(prompt)).map_err(console::Error::from)?;
        Ok(authentication.unwrap_or(Authentication::None))
    }
}

/// A reference of an option, for an outbox.
pub(super) fn reference(option: &'static str, text: &str) -> Result<SecretReference, CliError> {
    match parse_reference(option, text).map_err(console::Error::from)? {
        SecretReference::Prompt => Err(CliError::PromptForOutbox { option }),
        place => Ok(lasting(place)),
    }
}

/// The same reference with an absolute path: an outbox may be read from another folder.
pub(super) fn lasting(reference: SecretReference) -> SecretReference {
    reference.map_path(|path| std::path::absolute(&path).unwrap_or(path))
}

/// Anyone on the way can read what goes to another machine over plain http. Basic is refused there, since it requires
/// https (RFC 7617 section 4; the help page asks for it); other secrets cause a warning.
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
    warn_plaintext(&exposed, target);
    Ok(())
}

/// Warns of secrets that go to another machine unencrypted.
pub(super) fn warn_plaintext(exposed: &[String], target: &EndpointUrl) {
    if exposed.is_empty() || target.is_encrypted() || target.is_loopback() {
        return;
    }
    let exposed = exposed.join(" and ");
    warn(format_args!("{exposed} can be read by anyone on the way to {target}; use an https URL"));
}
