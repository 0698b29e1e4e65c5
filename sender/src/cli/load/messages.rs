//! What a load sends: messages generated from the samples or a flow model, one sample, or the bodies of files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use schemas::{Authentication, Document, Profile};

use super::super::{error::CliError, run, samples};
use crate::{
    WireMessage,
    load::{MessageError, Messages},
    replay::json_files,
};

const SOURCE_HEADING: &str = "What to send (default: messages generated from the samples, no two equal)";

#[derive(Args)]
pub(super) struct MessageArgs {
    /// Seed of an earlier summary, to send the same messages again [default: a new one].
    #[arg(long, value_name = "N", help_heading = SOURCE_HEADING, conflicts_with_all = ["sample", "from"])]
    seed: Option<u64>,

    /// Send messages generated from all paths of a flow model, no two equal.
    #[arg(long, value_name = "FILE", help_heading = SOURCE_HEADING, conflicts_with_all = ["sample", "from"])]
    model: Option<PathBuf>,

    /// Send one sample message, as `samples list` names it, every time.
    #[arg(long, value_name = "NAME", help_heading = SOURCE_HEADING, conflicts_with = "from")]
    sample: Option<String>,

    /// Send the body in a file, or the *.json files of a folder in order of their names, repeatedly.
    #[arg(long, value_name = "PATH", help_heading = SOURCE_HEADING)]
    from: Option<PathBuf>,
}

impl MessageArgs {
    /// Reads and composes them. A file's body is sent as it is, except for the credentials.
    pub(super) fn read(self, authentication: &Authentication, profile: Option<&Profile>) -> Result<Messages, CliError> {
        let composed = match (self.sample, self.from) {
            (Some(name), _) => vec![sample(&name, authentication, profile)?],
            (None, Some(path)) => {
                let compose = |path: PathBuf| file(path, authentication, profile.unwrap_or(Profile::v1()));
                files(&path)?.into_iter().map(compose).collect::<Result<_, _>>()?
            }
            (None, None) => {
                let seed = self.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
                let profile = profile.unwrap_or(Profile::v1());
                let generated = match self.model {
                    Some(model) => Messages::generated(seed, run::every_message(&model)?, authentication, profile),
                    None => Messages::generated(seed, Messages::samples(), authentication, profile),
                };
                return generated.map_err(from);
            }
        };
        Messages::repeated(&composed).map_err(from)
    }
}

fn from(error: MessageError) -> CliError {
    match error {
        MessageError::Compose(source) => CliError::Compose { source },
        MessageError::Empty => CliError::NoMessages { path: PathBuf::new() },
    }
}

fn sample(name: &str, authentication: &Authentication, profile: Option<&Profile>) -> Result<WireMessage, CliError> {
    let sample = samples::find(name)?;
    let composed = match profile {
        None => WireMessage::from_body(sample.body, authentication, Profile::v1()),
        Some(profile) => {
            let read = Document::read(sample.body, Profile::v1()).ok();
            let message = read.and_then(|document| Profile::v1().read(&document.to_value()).ok());
            let Some(message) = message else {
                let clause = sample.clause().unwrap_or_default();
                return Err(CliError::SampleThroughProfile { name: sample.name, clause });
            };
            WireMessage::from_message(&message, authentication, profile)
        }
    };
    composed.map_err(|source| CliError::Compose { source })
}

fn file(path: PathBuf, authentication: &Authentication, profile: &Profile) -> Result<WireMessage, CliError> {
    let body = fs::read(&path).map_err(console::Error::read(&path))?;
    WireMessage::from_body(&body, authentication, profile).map_err(|source| CliError::ComposeFile { path, source })
}

/// The file itself, or a folder's `*.json` files by name.
fn files(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    if !fs::metadata(path).map_err(console::Error::read(path))?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let files = json_files(path).map_err(console::Error::read(path))?;
    if files.is_empty() { Err(CliError::NoMessages { path: path.to_owned() }) } else { Ok(files) }
}
