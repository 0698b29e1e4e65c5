//! `--profile FILE`.

use std::{fs, path::Path};

use schemas::Profile;

use super::error::CliError;

/// Reads a profile.
pub(super) fn read(path: &Path) -> Result<Profile, CliError> {
    let unreadable = |why: String| CliError::Profile { path: path.to_owned(), why };
    let text = fs::read_to_string(path).map_err(|source| unreadable(source.to_string()))?;
    Profile::parse(&text).map_err(|error| unreadable(error.to_string()))
}
