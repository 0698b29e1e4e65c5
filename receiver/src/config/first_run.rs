//! The first run, without a configuration file: it creates a folder with a random client secret, for one endpoint.

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

use super::{Config, DEFAULT_LISTEN, DEFAULT_PATH, EndpointConfig, InspectConfig, Kept, Limits, Sources};
use crate::{ingest::Nonconforming, log::Retention};

/// The first run's folder, below the working directory.
pub const FIRST_RUN_FOLDER: &str = "flowingly";
/// In the first run's folder, outside the data folder.
pub const SECRET_FILE: &str = "client-secret";
pub(super) const DATA_FOLDER: &str = "flowingly/data";

const SECRET_BYTES: usize = 32;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FirstRunError {
    #[error("cannot create {}: {source}", path.display())]
    Create { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Secret(#[from] ReferenceError),
    #[error("the secret in {}: {source}", path.display())]
    Limit { path: PathBuf, source: schemas::authentication::LimitError },
}

impl Config {
    /// The configuration without a file. Creates the folder and the secret if they do not exist.
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
        listen: DEFAULT_LISTEN.parse().expect("the default address is valid"),
        admin: None,
        inspect: cfg!(feature = "inspect").then(InspectConfig::local),
        tls: None,
        behind_tls_proxy: false,
        trusted_proxies: Vec::new(),
        data_dir: working_directory.join(DATA_FOLDER),
        log_payloads: io::stdout().is_terminal(),
        keep_refused_bodies: false,
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

/// A client secret of 256 random bits, in characters that need no escaping anywhere.
pub fn draw_secret() -> SecretString {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    URL_SAFE_NO_PAD.encode(bytes).into()
}

/// Writes a secret to a new file that only its owner can read, and creates its folder (0700) if needed.
pub fn write_secret(file: &Path, secret: &SecretString) -> Result<(), FirstRunError> {
    let create = |source| FirstRunError::Create { path: file.to_owned(), source };
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        storage::durable_dir::make(folder).map_err(create)?;
    }
    let mut opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(create)?;
    opened.write_all(secret.expose_secret().as_bytes()).and_then(|()| opened.write_all(b"\n")).map_err(create)?;
    opened.sync_all().map_err(create)
}
