//! The folder that messages are written to, one body per file. Secrets are not read: a placeholder replaces a client
//! secret.

use std::{
    fs,
    path::{Path, PathBuf},
};

use schemas::{Authentication, ClientSecret, Profile, profile::Dropped, redaction::CLIENT_SECRET_PLACEHOLDER};

use super::file_name::file_name;
use crate::{
    WireMessage,
    cli::{error::CliError, run_error::RunError},
    credentials::CredentialReference,
    flow::Run,
};

pub(super) struct OutputFolder {
    pub(super) path: PathBuf,
    /// Number of replaced files with the same names.
    pub(super) replaced: usize,
    /// Number of other *.json files that were there before.
    pub(super) others: usize,
    /// Digits of the largest flow number.
    digits: usize,
    /// What the profile could not carry, each once.
    pub(super) dropped: Vec<Dropped>,
}

impl OutputFolder {
    /// Creates the folder if necessary, for the messages of `flows` flows.
    pub(super) fn prepare(path: PathBuf, force: bool, flows: usize) -> Result<Self, RunError> {
        if path.exists() && !path.is_dir() {
            return Err(RunError::NoFolder { path });
        }
        let found = fs::create_dir_all(&path).and_then(|()| count_json(&path));
        let others = match found {
            Ok(count) if count > 0 && !force => return Err(RunError::Occupied { path, count }),
            Ok(count) => count,
            Err(source) => return Err(RunError::Folder { path, source }),
        };
        Ok(Self { path, replaced: 0, others, digits: flows.to_string().len(), dropped: Vec::new() })
    }

    /// Writes the messages of a flow, each as the endpoint would get it except for the secret.
    pub(super) fn write(&mut self, run: &Run<'_>, profile: &Profile) -> Result<(), CliError> {
        for (number, message) in (1..).zip(&run.messages) {
            let authentication = placeholder(&message.webhook.authentication);
            let composed = WireMessage::from_message(&message.message, &authentication, profile)
                .map_err(|source| CliError::Compose { source })?;
            let path = self.path.join(file_name(&message.message, self.digits, number, run.messages.len()));
            if path.exists() {
                self.replaced += 1;
                self.others = self.others.saturating_sub(1);
            }
            fs::write(&path, &composed.body).map_err(console::Error::write(&path))?;
            for dropped in composed.dropped {
                if !self.dropped.contains(&dropped) {
                    self.dropped.push(dropped);
                }
            }
        }
        Ok(())
    }
}

fn count_json(path: &Path) -> std::io::Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        count += usize::from(Path::new(&name).extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("json")));
    }
    Ok(count)
}

/// An authentication that makes the same body, without the secret.
fn placeholder(authentication: &CredentialReference) -> Authentication {
    match authentication {
        CredentialReference::ClientSecret { .. } => Authentication::ClientSecret {
            client_secret: ClientSecret::new(CLIENT_SECRET_PLACEHOLDER).expect("the word is neither empty nor long"),
        },
        // Basic is in a header, not in the body.
        CredentialReference::None | CredentialReference::Basic { .. } => Authentication::None,
    }
}
