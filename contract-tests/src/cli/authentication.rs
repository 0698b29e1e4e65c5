//! The authentication that a webhook is configured with.

use clap::Args;
use console::CredentialArgs;
use schemas::Authentication;

use super::error::CliError;

#[derive(Args)]
#[command(next_help_heading = "Authentication as configured in the webhook (REF is env:NAME or file:PATH)")]
pub(super) struct AuthenticationArgs {
    /// No authentication.
    #[arg(long, conflicts_with_all = ["client_secret", "username", "password"])]
    no_authentication: bool,

    #[command(flatten)]
    credentials: CredentialArgs,
}

impl AuthenticationArgs {
    /// Fetches the secrets. One option is required, so that nobody tests a protected endpoint as an open one.
    pub(super) fn resolve(&self) -> Result<Authentication, CliError> {
        match self.credentials.resolve(None).map_err(console::Error::from)? {
            Some(authentication) => Ok(authentication),
            None if self.no_authentication => Ok(Authentication::None),
            None => Err(CliError::AuthenticationMissing),
        }
    }
}
