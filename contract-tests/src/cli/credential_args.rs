//! Which authentication a webhook is configured with: references on the command line, secrets only from where they
//! lead.

use clap::Args;
use schemas::{Authentication, BasicCredentials, ClientSecret, SecretReference};
use secrecy::SecretString;

use super::error::CliError;

const AUTHENTICATION: &str = "Authentication as the webhook is configured (REF is env:NAME or file:PATH)";

#[derive(Args)]
// Required, so that nobody tests a protected endpoint as one that believes anybody.
#[group(required = true, multiple = true)]
pub(super) struct CredentialArgs {
    /// No authentication
    #[arg(
        long,
        help_heading = AUTHENTICATION,
        conflicts_with_all = ["client_secret", "username", "password"]
    )]
    no_authentication: bool,

    /// Client secret in the message
    // A plain text and not a parsed reference: clap's own error would repeat it, and it may be the secret.
    #[arg(long, value_name = "REF", help_heading = AUTHENTICATION, conflicts_with_all = ["username", "password"])]
    client_secret: Option<String>,

    /// Username of Basic authentication
    #[arg(long, value_name = "TEXT", help_heading = AUTHENTICATION, requires = "password")]
    username: Option<String>,

    /// Password of Basic authentication
    #[arg(long, value_name = "REF", help_heading = AUTHENTICATION, requires = "username")]
    password: Option<String>,
}

impl CredentialArgs {
    /// Fetches the secrets and checks them against the limits of the product's form.
    pub(super) fn resolve(self) -> Result<Authentication, CliError> {
        if let Some(reference) = self.client_secret {
            let client_secret = ClientSecret::exact(fetch("--client-secret", &reference)?)?;
            return Ok(Authentication::ClientSecret { client_secret });
        }
        match self.username.zip(self.password) {
            None => Ok(Authentication::None),
            Some((username, reference)) => {
                let username = BasicCredentials::parse_username(&username).map_err(|errors| errors[0])?;
                let password = fetch("--password", &reference)?;
                Ok(Authentication::Basic(BasicCredentials::exact(username, password)?))
            }
        }
    }
}

fn fetch(option: &'static str, reference: &str) -> Result<SecretString, CliError> {
    let reference: SecretReference = reference.parse().map_err(|_| CliError::NotAReference { option })?;
    reference.resolve().map_err(|source| CliError::Reference { option, source })
}
