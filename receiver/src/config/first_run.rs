//! The first run needs nothing: a folder, a fresh client secret in it, and the endpoint that the README speaks of.

use std::{
    fs::OpenOptions,
    io::{self, IsTerminal as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use schemas::{Authentication, ClientSecret, Profile, SecretReference, reference::ReferenceError};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Config, DEFAULT_LISTEN, DEFAULT_PATH, EndpointConfig, Kept, Limits, Sources};
use crate::{ingest::Nonconforming, log::Retention};

/// The first run's folder, below the working directory.
pub const FIRST_RUN_FOLDER: &str = "flowingly";
/// The file that holds the client secret, in the first run's folder: outside the data folder.
pub const SECRET_FILE: &str = "client-secret";
/// The data folder, unless configured otherwise.
pub(super) const DATA_FOLDER: &str = "flowingly/data";

/// Random bytes of a drawn secret: 256 bits.
const SECRET_BYTES: usize = 32;

/// The first run's folder or secret cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FirstRunError {
    /// The folder or file cannot be made.
    #[error("cannot make {}: {source}", path.display())]
    Make {
        /// The folder or file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The secret cannot be read.
    #[error(transparent)]
    Secret(#[from] ReferenceError),
    /// The secret breaks a limit.
    #[error("the secret in {}: {source}", path.display())]
    Limit {
        /// The file.
        path: PathBuf,
        /// Which limit.
        source: schemas::authentication::LimitError,
    },
}

impl Config {
    /// The configuration of a receiver that was told nothing. The folder and the secret are made if they are not there.
    ///
    /// # Errors
    /// When the folder cannot be made, or the secret not be read.
    pub fn first_run(working_directory: &Path) -> Result<Self, FirstRunError> {
        read(working_directory, &mut Sources::default())
    }
}

pub(super) fn read(working_directory: &Path, sources: &mut Sources) -> Result<Config, FirstRunError> {
    let folder = working_directory.join(FIRST_RUN_FOLDER);
    let secret_file = folder.join(SECRET_FILE);
    if !secret_file.exists() {
        write_secret(&secret_file, &draw_secret())?;
    }
    let authentication = secret_in(&secret_file, sources)?;
    let mut also_accept = Vec::new();
    for kept in Kept::all(&secret_file) {
        also_accept.push((secret_in(&kept.file, sources)?, SystemTime::try_from(kept.until).ok()));
    }
    Ok(Config {
        listen: DEFAULT_LISTEN.parse().expect("the default address is one"),
        admin: None,
        tls: None,
        behind_tls_proxy: false,
        trusted_proxies: Vec::new(),
        data_dir: working_directory.join(DATA_FOLDER),
        log_payloads: io::stdout().is_terminal(),
        limits: Limits::default(),
        retention: Retention::default(),
        endpoints: vec![EndpointConfig {
            path: DEFAULT_PATH.to_owned(),
            name: DEFAULT_PATH.to_owned(),
            authentication,
            also_accept,
            profile: Profile::v1().clone(),
            nonconforming: Nonconforming::Store,
            capture: false,
        }],
        #[cfg(feature = "relay")]
        destinations: [].into(),
        warnings: Vec::new(),
    })
}

fn secret_in(file: &Path, sources: &mut Sources) -> Result<Authentication, FirstRunError> {
    sources.note(file);
    let secret = SecretReference::File(file.to_owned()).resolve()?;
    let client_secret = ClientSecret::exact(secret);
    let client_secret = client_secret.map_err(|source| FirstRunError::Limit { path: file.to_owned(), source })?;
    Ok(Authentication::ClientSecret { client_secret })
}

/// Draws a client secret of 256 random bits, in characters that survive every form.
pub fn draw_secret() -> SecretString {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    URL_SAFE_NO_PAD.encode(bytes).into()
}

/// Writes a secret to a new file that only its owner can read, making its folder (0700) where there is none.
///
/// # Errors
/// When the file is there already, or cannot be written.
pub fn write_secret(file: &Path, secret: &SecretString) -> Result<(), FirstRunError> {
    let make = |source| FirstRunError::Make { path: file.to_owned(), source };
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        crate::folder::make(folder).map_err(make)?;
    }
    let mut opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(make)?;
    opened.write_all(secret.expose_secret().as_bytes()).and_then(|()| opened.write_all(b"\n")).map_err(make)?;
    opened.sync_all().map_err(make)
}
