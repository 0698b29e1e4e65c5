//! The files that arguments name, read and checked.

use std::{fs, path::PathBuf};

use rustls::pki_types::CertificateDer;
use schemas::Profile;

use super::error::CliError;
use crate::delivery::roots_from_pem;

pub(in crate::cli) fn profile(path: PathBuf) -> Result<Profile, CliError> {
    match fs::read_to_string(&path) {
        Ok(text) => Profile::parse(&text).map_err(|source| CliError::Profile { path, source }),
        Err(source) => Err(CliError::Unreadable { path, source }),
    }
}

pub(super) fn roots(path: PathBuf) -> Result<Vec<CertificateDer<'static>>, CliError> {
    match fs::read(&path) {
        Ok(pem) => roots_from_pem(&pem).map_err(|source| CliError::Ca { path, source }),
        Err(source) => Err(CliError::Unreadable { path, source }),
    }
}
