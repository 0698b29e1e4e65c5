//! The files that arguments name, read and checked.

use std::{
    fs,
    path::{Path, PathBuf},
};

use delivery::roots_from_pem;
use rustls::pki_types::CertificateDer;
use schemas::Profile;

use super::error::CliError;

/// The text of a file.
pub(in crate::cli) fn text(path: &Path) -> Result<String, CliError> {
    fs::read_to_string(path).map_err(|source| CliError::Unreadable { path: path.to_owned(), source })
}

pub(in crate::cli) fn profile(path: PathBuf) -> Result<Profile, CliError> {
    Profile::parse(&text(&path)?).map_err(|source| CliError::Profile { path, source })
}

pub(super) fn roots(path: PathBuf) -> Result<Vec<CertificateDer<'static>>, CliError> {
    match fs::read(&path) {
        Ok(pem) => roots_from_pem(&pem).map_err(|source| CliError::Ca { path, source }),
        Err(source) => Err(CliError::Unreadable { path, source }),
    }
}
