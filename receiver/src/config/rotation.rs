//! A new credential in the place of an old one, which stays valid for a while.
//!
//! The old secret's file is kept beside the new one's, and its name says until when. With a configuration file, an
//! entry in `also_accept` says the same; the first run, which has no file, goes by the name. At every step in between,
//! and after a crash at any, the old secret is accepted.

mod edit;
mod kept;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use schemas::{SecretReference, uri::normalize_path};
use secrecy::{ExposeSecret as _, SecretString};

pub use self::kept::Kept;
use super::{Config, ConfigError, DEFAULT_PATH, FIRST_RUN_FOLDER, Origin, SECRET_FILE, Sources, check, draw_secret};
use crate::{folder, replace::replace};

/// Who could read a secret's file can read the new one, or a receiver would lose it; only its owner may write it.
const SECRET_MODE: u32 = 0o644;

/// A credential was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The endpoint's path.
    pub endpoint: String,
    /// With Basic authentication the username, which stays.
    pub username: Option<String>,
    /// The file that holds the new secret.
    pub file: PathBuf,
    /// The old secret, if it was kept.
    pub kept: Option<Kept>,
}

/// A credential cannot be replaced.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotateError {
    /// The configuration is wrong already.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// There are several endpoints.
    #[error("which endpoint? There are {}", endpoints.join(", "))]
    Which {
        /// Their names.
        endpoints: Vec<String>,
    },
    /// There is no endpoint of that name or path.
    #[error("there is no endpoint {endpoint}; there are {}", endpoints.join(", "))]
    NoEndpoint {
        /// What was asked for.
        endpoint: String,
        /// The names of those there are.
        endpoints: Vec<String>,
    },
    /// The endpoint accepts everybody.
    #[error("endpoint {endpoint} has no credential to replace; give it an `authentication` in the configuration first")]
    NoCredential {
        /// The endpoint's path.
        endpoint: String,
    },
    /// The secret is in the environment.
    #[error(
        "the secret of endpoint {endpoint} lies in the environment variable {name}, which no other program can change; \
         give that another value and start the receiver again, or name a file in the configuration: \"file:PATH\""
    )]
    Environment {
        /// The endpoint's path.
        endpoint: String,
        /// The variable.
        name: String,
    },
    /// The secret is read as its file is, and a new one would be written with a line end.
    #[error(
        "the secret of endpoint {endpoint} is every character of its file (`exact:`), and a new one is written as a line; \
         write \"file:PATH\" in the configuration first"
    )]
    Exact {
        /// The endpoint's path.
        endpoint: String,
    },
    /// The secret's file is a symbolic link.
    #[error("{} is a symbolic link, so something else looks after it; put the new secret where it leads", file.display())]
    Linked {
        /// The link.
        file: PathBuf,
    },
    /// More than one credential refers to the file.
    #[error(
        "another credential in the configuration refers to {} too, and would lose its secret; give each its own file",
        file.display()
    )]
    Shared {
        /// The file.
        file: PathBuf,
    },
    /// The entry for the old secret cannot be put into the configuration.
    #[error("{} could not be changed so that it still holds; nothing was changed", file.display())]
    Edit {
        /// The configuration file.
        file: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("cannot replace the secret, nothing was changed: {}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Rotation {
    /// Replaces an endpoint's secret by a fresh one; the old one stays valid for `keep`. With no time at all also those that
    /// earlier rotations kept are refused. The endpoint is told by name or
    /// path, or is the only one.
    ///
    /// # Errors
    /// When there is no such endpoint, its secret is no file of its own, or a file cannot be written. Then the secret is
    /// the old one.
    pub fn of(origin: &Origin, endpoint: Option<&str>, keep: Duration) -> Result<Self, RotateError> {
        let now = Timestamp::now();
        match origin {
            Origin::FirstRun(folder) => first_run(folder, endpoint, keep, now),
            Origin::File(path) => configured(path, endpoint, keep, now),
        }
    }
}

fn first_run(
    working_directory: &Path,
    endpoint: Option<&str>,
    keep: Duration,
    now: Timestamp,
) -> Result<Rotation, RotateError> {
    if let Some(endpoint) = endpoint.filter(|endpoint| *endpoint != DEFAULT_PATH) {
        let endpoints = vec![DEFAULT_PATH.to_owned()];
        return Err(RotateError::NoEndpoint { endpoint: endpoint.to_owned(), endpoints });
    }
    let file = working_directory.join(FIRST_RUN_FOLDER).join(SECRET_FILE);
    let _alone = lock(&file)?;
    let kept = keep_old(&file, keep, now)?;
    write_new(&file, kept.as_ref())?;
    remove_old(&file, if keep.is_zero() { Timestamp::MAX } else { now });
    Ok(Rotation { endpoint: DEFAULT_PATH.to_owned(), username: None, file, kept })
}

fn configured(path: &Path, endpoint: Option<&str>, keep: Duration, now: Timestamp) -> Result<Rotation, RotateError> {
    let _alone = lock(path)?;
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Read { file: path.to_owned(), source })?;
    // Only whoever starts the receiver may have the environment that other endpoints need, so no secret is resolved.
    let config = check::check(&text, path, false, &mut Sources::default())?;
    let at = position(&config, endpoint)?;
    let endpoint = config.endpoints[at].path.clone();
    let mut document = edit::Document::parse(&text).ok_or_else(|| RotateError::Edit { file: path.to_owned() })?;
    let Some(credential) = document.credential(at) else {
        return Err(RotateError::NoCredential { endpoint });
    };
    let beside = |file: PathBuf| path.parent().unwrap_or(Path::new("")).join(file);
    let file = match credential.reference.parse() {
        Ok(SecretReference::File(file)) => beside(file),
        Ok(SecretReference::Env(name)) => return Err(RotateError::Environment { endpoint, name }),
        Ok(SecretReference::Exact(_)) => return Err(RotateError::Exact { endpoint }),
        _ => return Err(RotateError::Edit { file: path.to_owned() }),
    };
    let same = |reference: &String| {
        let other: Option<SecretReference> = reference.parse().ok();
        other.as_ref().and_then(SecretReference::path).is_some_and(|other| is_same(&beside(other.to_owned()), &file))
    };
    if document.references().iter().filter(|reference| same(reference)).count() > 1 {
        return Err(RotateError::Shared { file });
    }
    let kept = keep_old(&file, keep, now)?;
    let goes = |reference: &str| match reference.parse() {
        Ok(SecretReference::File(other)) => {
            let other = beside(other);
            is_same(folder::of(&other), folder::of(&file))
                && kept::until(&file, &other).is_some_and(|until| keep.is_zero() || until < now)
        }
        _ => false,
    };
    let edited = document.accept_old(at, &credential, kept.as_ref(), goes);
    let written = match check::check(&edited, path, false, &mut Sources::default()) {
        Err(_) => Err(RotateError::Edit { file: path.to_owned() }),
        Ok(_) if edited == text => Ok(()),
        // A link to the configuration stays one.
        Ok(_) => fs::canonicalize(path)
            .and_then(|path| replace(&path, edited.as_bytes(), &path, 0o777))
            .map_err(|source| RotateError::Io { file: path.to_owned(), source }),
    };
    if let (Err(_), Some(kept)) = (&written, &kept) {
        // Nobody refers to it.
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

/// Whether two names lead to one file.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other
        || fs::canonicalize(one).ok().zip(fs::canonicalize(other).ok()).is_some_and(|(one, other)| one == other)
}

/// Two commands at a time would lose one another's changes.
fn lock(file: &Path) -> Result<File, RotateError> {
    let folder = folder::of(file);
    let io = |source| RotateError::Io { file: folder.to_owned(), source };
    let opened = File::open(folder).map_err(io)?;
    flock(&opened, FlockOperation::LockExclusive).map_err(|errno| io(errno.into()))?;
    Ok(opened)
}

/// Copies the present secret to a file whose name says until when it is accepted.
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
            // The secret is still the old one.
            let _ = fs::remove_file(&kept.file);
        }
        RotateError::Io { file: file.to_owned(), source }
    })
}

/// Old secrets that nobody accepts any more need not lie about. One that stays does no harm where a configuration says
/// what is accepted; of the first run it is said by the files.
fn remove_old(file: &Path, before: Timestamp) {
    for kept in Kept::all(file).into_iter().filter(|kept| kept.until < before) {
        let _ = fs::remove_file(&kept.file);
    }
}
