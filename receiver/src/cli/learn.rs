//! `learn`: from captured messages to a profile.

mod input;
mod report;

use std::{
    fs,
    path::{Path, PathBuf},
};

use schemas::SecretReference;

use super::{Failure, exit, say};
use crate::learn::{self, Learned};

/// The profile's file, below `--out`.
pub(super) const PROFILE_FILE: &str = "profile.toml";
/// The JSON Schema's file, below `--out`.
pub(super) const SCHEMA_FILE: &str = "envelope.schema.json";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Captured messages: ids (their beginning is enough), or files with one body each, or with lines of `messages
    /// export`.
    #[arg(required = true, value_name = "FILE|ID")]
    messages: Vec<String>,
    /// A step that the messages are of, spelt as in the modeler; may be repeated.
    #[arg(long = "step", required = true, value_name = "NAME")]
    steps: Vec<String>,
    /// Where the client secret lies that the messages hold: env:NAME or file:PATH. Captures in the log need none, for
    /// they have a marker there.
    #[arg(long, value_name = "REF")]
    client_secret: Option<String>,
    /// Write the profile and a JSON Schema of the messages to this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(file: Option<&Path>, args: &Args) -> Result<(), Failure> {
    let secret = match &args.client_secret {
        Some(reference) => {
            let reference: SecretReference = reference.parse().map_err(usage)?;
            Some(reference.resolve().map_err(usage)?)
        }
        None => None,
    };
    let messages = input::read(file, &args.messages, secret.as_ref())?;
    let learned = learn::learn(&messages, &args.steps);
    say(&report::text(&learned, messages.len()))?;
    let lacking: Vec<String> =
        learned.missing.iter().filter(|missing| missing.required).map(|missing| missing.role.to_string()).collect();
    match &learned.profile {
        Some((profile, text)) if lacking.is_empty() => {
            if let Some(folder) = &args.out {
                let schema = learn::envelope(&messages, profile);
                let schema = serde_json::to_string_pretty(&schema).map_err(Failure::failed)? + "\n";
                write(folder, &[(PROFILE_FILE, text), (SCHEMA_FILE, &schema)])?;
            }
            say(&report::next(args.out.as_deref()))
        }
        _ => Err(failure(&learned, &lacking)),
    }
}

fn usage(error: impl std::fmt::Display) -> Failure {
    Failure::new(exit::USAGE, format_args!("--client-secret: {error}"))
}

fn failure(learned: &Learned, lacking: &[String]) -> Failure {
    if lacking.is_empty() {
        // What was found cannot stand together, such as a role inside an array and another beside it.
        let found = learned.findings.len();
        return Failure::failed(format_args!("the {found} roles that were found make no profile together"));
    }
    Failure::failed(format_args!("no profile without {}; what to do stands above", lacking.join(", ")))
}

fn write(folder: &Path, files: &[(&str, &str)]) -> Result<(), Failure> {
    let failed = |path: &Path, error| Failure::failed(format_args!("cannot write {}: {error}", path.display()));
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for (name, text) in files {
        let path = folder.join(name);
        // A profile that somebody corrected by hand is not to be lost.
        fs::File::create_new(&path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
            .map_err(|error| failed(&path, error))?;
    }
    Ok(())
}
