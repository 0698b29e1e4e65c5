//! `--client-secret`, `--username` and `--password`. Secrets are references on the command line, never values.

use std::io;

use clap::Args;
use schemas::{
    Authentication, BasicCredentials, ClientSecret, SecretReference, authentication::LimitError,
    reference::ReferenceError,
};
use secrecy::SecretString;

/// The credentials that a webhook is configured with. Flattened under a heading that names the forms of REF.
#[derive(Args)]
pub struct CredentialArgs {
    /// Client secret in the message.
    // A plain text and not a parsed reference: clap's own error would repeat it, and it may be the secret.
    #[arg(long, value_name = "REF", conflicts_with_all = ["username", "password"])]
    client_secret: Option<String>,

    /// Username of Basic authentication.
    #[arg(long, value_name = "TEXT", requires = "password")]
    username: Option<String>,

    /// Password of Basic authentication.
    #[arg(long, value_name = "REF", requires = "username")]
    password: Option<String>,
}

/// How to ask for a secret on the terminal; the argument is what to ask for.
pub type Prompt = fn(&str) -> io::Result<String>;

/// Why an option does not lead to a secret. No error repeats a value, which may be the secret itself.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages describe the variants and their fields")]
pub enum SecretError {
    #[error(transparent)]
    Limit(#[from] LimitError),

    #[error("{option} takes a reference to a secret, never the secret itself")]
    NotAReference { option: &'static str },

    #[error("cannot ask for the {what}: {source}")]
    Prompt { what: &'static str, source: io::Error },

    #[error("{option}: {source}")]
    Reference { option: &'static str, source: ReferenceError },
}

impl CredentialArgs {
    /// The reference of `--client-secret`, as it was written.
    pub fn client_secret(&self) -> Option<&str> {
        self.client_secret.as_deref()
    }

    /// `--username`, and the reference of `--password`, as they were written.
    pub fn basic(&self) -> Option<(&str, &str)> {
        self.username.as_deref().zip(self.password.as_deref())
    }

    /// Fetches the secrets and checks them against the limits of the product's form; `None` without any.
    ///
    /// # Errors
    /// When a reference leads to no secret, or the product's form does not take it.
    pub fn resolve(&self, prompt: Option<Prompt>) -> Result<Option<Authentication>, SecretError> {
        if let Some(text) = self.client_secret() {
            let client_secret = ClientSecret::exact(fetch("--client-secret", text, prompt)?)?;
            return Ok(Some(Authentication::ClientSecret { client_secret }));
        }
        let Some((username, text)) = self.basic() else { return Ok(None) };
        let username = BasicCredentials::parse_username(username).map_err(|errors| errors[0])?;
        let password = fetch("--password", text, prompt)?;
        Ok(Some(Authentication::Basic(BasicCredentials::exact(username, password)?)))
    }
}

/// The reference of an option.
///
/// # Errors
/// When the text is not a reference.
pub fn parse_reference(option: &'static str, text: &str) -> Result<SecretReference, SecretError> {
    text.parse().map_err(|_| SecretError::NotAReference { option })
}

/// The secret that an option's reference leads to.
///
/// # Errors
/// When the text is not a reference, or leads to no secret.
pub fn fetch(option: &'static str, text: &str, prompt: Option<Prompt>) -> Result<SecretString, SecretError> {
    let reference = parse_reference(option, text)?;
    let secret = match (&reference, prompt) {
        (SecretReference::Prompt, Some(prompt)) => {
            let what = if option == "--password" { "password" } else { "client secret" };
            let typed = prompt(what).map_err(|source| SecretError::Prompt { what, source })?;
            reference.checked(typed.into())
        }
        _ => reference.resolve(),
    };
    secret.map_err(|source| SecretError::Reference { option, source })
}

impl SecretError {
    /// What to do next.
    pub fn tip(&self) -> Option<String> {
        let tip = match self {
            Self::Limit(_) => "give the credential exactly as the product's webhook form has it",
            Self::NotAReference { .. } | Self::Reference { source: ReferenceError::NoPrompt, .. } => {
                "write env:NAME or file:PATH; this keeps the secret out of the shell history and the process list"
            }
            Self::Prompt { .. } => "`prompt` works only on a terminal; write env:NAME or file:PATH",
            // The error contains the advice.
            Self::Reference {
                source: ReferenceError::InvisibleEdges { .. } | ReferenceError::SeveralLines { .. },
                ..
            } => return None,
            Self::Reference { source: ReferenceError::Env { .. }, .. } => "set the variable, or write file:PATH",
            Self::Reference { .. } => "correct the path, or write env:NAME",
        };
        Some(tip.to_owned())
    }
}
