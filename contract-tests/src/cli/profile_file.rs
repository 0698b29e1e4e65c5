//! `--profile FILE`.

use std::{fs, path::PathBuf};

use schemas::Profile;

use super::error::CliError;

/// Reads a profile; v1 without a file.
pub(super) fn read(path: Option<PathBuf>) -> Result<Profile, CliError> {
    let Some(path) = path else { return Ok(Profile::v1().clone()) };
    match fs::read_to_string(&path) {
        Err(source) => Err(CliError::ProfileFile { path, source }),
        Ok(text) => Profile::parse(&text).map_err(|source| CliError::Profile { path, source }),
    }
}
