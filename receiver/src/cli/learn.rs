//! `learn`: from captured messages to a profile.

mod input;
mod report;

use std::{
    fs,
    path::{Path, PathBuf},
};

use console::{Error, credentials::fetch, output::write_stdout};

use self::report::{PROFILE_FILE, SCHEMA_FILE};
use super::failure::Failure;
use crate::learn::{self, Learned};

#[derive(Debug, clap::Args)]
pub(super) struct LearnArgs {
    /// Captured messages: ids (a prefix is enough), files with one body each, or files of `messages export`.
    #[arg(required = true, value_name = "FILE|ID")]
    messages: Vec<String>,
    /// Step that the messages are about, spelt as in the modeler; may be repeated.
    #[arg(long = "step", required = true, value_name = "NAME")]
    steps: Vec<String>,
    /// Client secret in the messages: env:NAME or file:PATH. Captures in the log do not need it: a placeholder replaced it.
    #[arg(long, value_name = "REF")]
    client_secret: Option<String>,
    /// Write the profile and a JSON Schema of the messages to this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(file: Option<&Path>, args: &LearnArgs) -> Result<(), Failure> {
    let secret = args.client_secret.as_deref().map(|reference| fetch("--client-secret", reference, None));
    let secret = secret.transpose().map_err(Error::from)?;
    let messages = input::read(file, &args.messages, secret.as_ref())?;
    let learned = learn::learn(&messages, &args.steps);
    write_stdout(&report::text(&learned, messages.len()))?;
    let missing: Vec<String> =
        learned.missing.iter().filter(|missing| missing.required).map(|missing| missing.role.to_string()).collect();
    match &learned.profile {
        Some((profile, text)) if missing.is_empty() => {
            if let Some(folder) = &args.out {
                let schema = learn::envelope(&messages, profile);
                let schema = serde_json::to_string_pretty(&schema).map_err(Failure::failed)? + "\n";
                write(folder, &[(PROFILE_FILE, text), (SCHEMA_FILE, &schema)])?;
            }
            Ok(write_stdout(&report::next(args.out.as_deref()))?)
        }
        _ => Err(failure(&learned, &missing)),
    }
}

fn failure(learned: &Learned, missing: &[String]) -> Failure {
    if missing.is_empty() {
        // Such as a role inside an array and another next to it.
        let found = learned.findings.len();
        return Failure::failed(format_args!("the {found} roles that were found do not fit into one profile"));
    }
    Failure::failed(format_args!("there is no profile without {}; see above what to do", missing.join(", ")))
}

fn write(folder: &Path, files: &[(&str, &str)]) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(Error::write(folder))?;
    for (name, text) in files {
        let path = folder.join(name);
        // A profile that was corrected by hand must not be lost.
        fs::File::create_new(&path)
            .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
            .map_err(Error::write(&path))?;
    }
    Ok(())
}
