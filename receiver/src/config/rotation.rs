//! Replaces a credential; the old one stays valid for a while.
//!
//! The old secret is kept in a file next to the new one, with its expiry in the name. With a configuration file, an entry
//! in `also_accept` has the same expiry; the first run goes by the file name. The old secret is accepted at every step,
//! also after a crash.

mod edit;
mod kept;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use schemas::{SecretReference, uri::normalize_path};
use secrecy::{ExposeSecret as _, SecretString};
use storage::{atomic_file::replace, durable_dir};

pub use self::kept::Kept;
use super::{Config, ConfigError, DEFAULT_PATH, FIRST_RUN_FOLDER, Origin, SECRET_FILE, Sources, draw_secret, resolve};

/// The new file keeps the readers of the old one, which the receiver may need; only its owner may write it.
const SECRET_MODE: u32 = 0o644;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    pub endpoint: String,
    /// With Basic authentication the username, which does not change.
    pub username: Option<String>,
    pub file: PathBuf,
    /// The old secret, if it was kept.
    pub kept: Option<Kept>,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotateError {
    #[error("{0}")]
    Config(#[from] ConfigError),
    #[error("several endpoints are configured; choose one: {}", endpoints.join(", "))]
    Which { endpoints: Vec<String> },
    #[error("there is no endpoint {endpoint}; the endpoints are {}", endpoints.join(", "))]
    NoEndpoint { endpoint: String, endpoints: Vec<String> },
    #[error("endpoint {endpoint} has no credential to replace; add an `authentication` to its configuration first")]
    NoCredential { endpoint: String },
    #[error(
        "the secret of endpoint {endpoint} is in the environment variable {name}, which this command cannot change; set a new \
         value there and restart the receiver, or refer to a file: \"file:PATH\""
    )]
    Environment { endpoint: String, name: String },
    #[error(
        "the secret of endpoint {endpoint} is every byte of its file (`exact:`), but a new one is written with a line end; \
         change the reference to \"file:PATH\" first"
    )]
    Exact { endpoint: String },
    #[error("{} is a symbolic link, so something else manages it; replace the file that it points to", file.display())]
    Linked { file: PathBuf },
    #[error(
        "another credential in the configuration also refers to {} and would lose its secret; give each its own file",
        file.display()
    )]
    Shared { file: PathBuf },
    /// The entry for the old secret cannot be added to the configuration file.
    #[error("cannot edit {} so that it stays valid; nothing was changed", file.display())]
    Edit { file: PathBuf },
    #[error("cannot replace the secret, nothing was changed: {}: {source}", file.display())]
    Io { file: PathBuf, source: io::Error },
}

impl Rotation {
    /// Replaces the secret of an endpoint, given by name or path if there are several; the old one stays valid for `keep`.
    /// Zero also revokes the secrets that earlier rotations kept.
    pub fn run(origin: &Origin, endpoint: Option<&str>, keep: Duration) -> Result<Self, RotateError> {
        match origin {
            Origin::FirstRun(folder) => first_run(folder, endpoint, keep),
            Origin::File(path) => configured(path, endpoint, keep, Timestamp::now()),
        }
    }
}

/// Replaces a secret whose file is all there is to change; the old one stays valid for `keep`. Zero also revokes the
/// secrets that earlier rotations kept.
///
/// # Errors
/// When the file is missing, a symbolic link, or cannot be written. The secret is unchanged then.
pub fn rotate_file(file: &Path, keep: Duration) -> Result<Option<Kept>, RotateError> {
    let _lock = lock(file)?;
    let now = Timestamp::now();
    let kept = keep_old(file, keep, now)?;
    write_new(file, kept.as_ref())?;
    remove_old(file, if keep.is_zero() { Timestamp::MAX } else { now });
    Ok(kept)
}

fn first_run(working_directory: &Path, endpoint: Option<&str>, keep: Duration) -> Result<Rotation, RotateError> {
    if let Some(endpoint) = endpoint.filter(|endpoint| *endpoint != DEFAULT_PATH) {
        let endpoints = vec![DEFAULT_PATH.to_owned()];
        return Err(RotateError::NoEndpoint { endpoint: endpoint.to_owned(), endpoints });
    }
    let file = working_directory.join(FIRST_RUN_FOLDER).join(SECRET_FILE);
    let kept = rotate_file(&file, keep)?;
    Ok(Rotation { endpoint: DEFAULT_PATH.to_owned(), username: None, file, kept })
}

fn configured(path: &Path, endpoint: Option<&str>, keep: Duration, now: Timestamp) -> Result<Rotation, RotateError> {
    let _lock = lock(path)?;
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Read { file: path.to_owned(), source })?;
    // The environment variables of other endpoints may be missing here, so no secret is resolved.
    let config = resolve::resolve(&text, path, false, &mut Sources::default())?;
    let at = position(&config, endpoint)?;
    let endpoint = config.endpoints[at].path.clone();
    let mut document = edit::ConfigDocument::parse(&text).ok_or_else(|| RotateError::Edit { file: path.to_owned() })?;
    let Some(credential) = document.credential(at) else {
        return Err(RotateError::NoCredential { endpoint });
    };
    let resolve_path = |file: PathBuf| path.parent().unwrap_or(Path::new("")).join(file);
    let file = match credential.reference.parse() {
        Ok(SecretReference::File(file)) => resolve_path(file),
        Ok(SecretReference::Env(name)) => return Err(RotateError::Environment { endpoint, name }),
        Ok(SecretReference::Exact(_)) => return Err(RotateError::Exact { endpoint }),
        _ => return Err(RotateError::Edit { file: path.to_owned() }),
    };
    let is_same_file = |reference: &String| {
        let other: Option<SecretReference> = reference.parse().ok();
        other
            .as_ref()
            .and_then(SecretReference::path)
            .is_some_and(|other| is_same(&resolve_path(other.to_owned()), &file))
    };
    if document.references().iter().filter(|reference| is_same_file(reference)).count() > 1 {
        return Err(RotateError::Shared { file });
    }
    let kept = keep_old(&file, keep, now)?;
    let is_revoked = |reference: &str| match reference.parse() {
        Ok(SecretReference::File(other)) => {
            let other = resolve_path(other);
            is_same(durable_dir::of(&other), durable_dir::of(&file))
                && kept::until(&file, &other).is_some_and(|until| keep.is_zero() || until < now)
        }
        _ => false,
    };
    let edited = document.accept_old(at, &credential, kept.as_ref(), is_revoked);
    let written = match resolve::resolve(&edited, path, false, &mut Sources::default()) {
        Err(_) => Err(RotateError::Edit { file: path.to_owned() }),
        Ok(_) if edited == text => Ok(()),
        // A symbolic link to the configuration is kept.
        Ok(_) => fs::canonicalize(path)
            .and_then(|path| replace(&path, edited.as_bytes(), &path, 0o777))
            .map_err(|source| RotateError::Io { file: path.to_owned(), source }),
    };
    if let (Err(_), Some(kept)) = (&written, &kept) {
        // Nothing refers to it.
        let _ = fs::remove_file(&kept.file);
    }
    written?;
    write_new(&file, None)?;
    remove_old(&file, if keep.is_zero() { Timestamp::MAX } else { now });
    Ok(Rotation { endpoint, username: credential.username, file, kept })
}

fn position(config: &Config, endpoint: Option<&str>) -> Result<usize, RotateError> {
    let endpoints = || config.endpoints.iter().map(|endpoint| endpoint.name.clone()).collect();
    match endpoint {
        None if config.endpoints.len() == 1 => Ok(0),
        None => Err(RotateError::Which { endpoints: endpoints() }),
        Some(endpoint) => config
            .endpoints
            .iter()
            .position(|other| other.name == endpoint || other.normal_path() == normalize_path(endpoint))
            .ok_or_else(|| RotateError::NoEndpoint { endpoint: endpoint.to_owned(), endpoints: endpoints() }),
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other
        || fs::canonicalize(one).ok().zip(fs::canonicalize(other).ok()).is_some_and(|(one, other)| one == other)
}

/// Two commands at the same time would lose each other's changes.
fn lock(file: &Path) -> Result<File, RotateError> {
    let folder = durable_dir::of(file);
    let io = |source| RotateError::Io { file: folder.to_owned(), source };
    let opened = File::open(folder).map_err(io)?;
    opened.lock().map_err(io)?;
    Ok(opened)
}

/// Copies the present secret to a file with the expiry in its name.
fn keep_old(file: &Path, keep: Duration, now: Timestamp) -> Result<Option<Kept>, RotateError> {
    let io = |source| RotateError::Io { file: file.to_owned(), source };
    if fs::symlink_metadata(file).map_err(io)?.is_symlink() {
        return Err(RotateError::Linked { file: file.to_owned() });
    }
    if keep.is_zero() {
        return Ok(None);
    }
    let old = SecretString::from(fs::read_to_string(file).map_err(io)?);
    let kept = Kept::new(file, now, keep);
    let io = |source| RotateError::Io { file: kept.file.clone(), source };
    replace(&kept.file, old.expose_secret().as_bytes(), file, SECRET_MODE).map_err(io)?;
    Ok(Some(kept))
}

fn write_new(file: &Path, kept: Option<&Kept>) -> Result<(), RotateError> {
    let line = SecretString::from(format!("{}\n", draw_secret().expose_secret()));
    let written = replace(file, line.expose_secret().as_bytes(), file, SECRET_MODE);
    written.map_err(|source| {
        if let Some(kept) = kept {
            // The old secret is still in use.
            let _ = fs::remove_file(&kept.file);
        }
        RotateError::Io { file: file.to_owned(), source }
    })
}

/// Removes old secrets that are no longer accepted. Failing is harmless with a configuration file, which has the expiry too;
/// without one, only the file grants access.
fn remove_old(file: &Path, before: Timestamp) {
    for kept in Kept::all(file).into_iter().filter(|kept| kept.until < before) {
        let _ = fs::remove_file(&kept.file);
    }
}
