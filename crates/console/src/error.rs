//! What can fail in every command: reading and writing files, standard output, profiles and secrets.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use schemas::{Profile, profile::ProfileError};

use crate::SecretError;

/// An error of the console layer; [`Self::tip`] is what to do next.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages describe the variants and their fields")]
pub enum Error {
    #[error("the profile {} is invalid:{}", path.display(), lines(source))]
    Profile { path: PathBuf, source: ProfileError },

    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },

    #[error(transparent)]
    Secret(#[from] SecretError),

    #[error("cannot write to standard output: {0}")]
    Stdout(io::Error),

    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

impl Error {
    /// An error while reading a file.
    pub fn read(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        |source| Self::Read { path, source }
    }

    /// An error while writing a file.
    pub fn write(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        |source| Self::Write { path, source }
    }

    /// What to do next.
    pub fn tip(&self) -> Option<String> {
        match self {
            Self::Profile { .. } => {
                Some("correct the file; schemas/profiles/v1.toml is a complete profile to start from".to_owned())
            }
            Self::Secret(error) => error.tip(),
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("correct the path".to_owned())
            }
            Self::Write { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("create its folder first, or name another path".to_owned())
            }
            Self::Read { .. } | Self::Stdout(_) | Self::Write { .. } => None,
        }
    }
}

fn lines(error: &ProfileError) -> String {
    error.problems.iter().map(|problem| format!("\n  {problem}")).collect()
}

/// What to do about an address that cannot be listened on. `choose_another` is how to choose another one.
pub fn tip_for_bind(error: &io::Error, address: SocketAddr, choose_another: &str) -> String {
    let port = address.port();
    let show = if cfg!(target_os = "linux") {
        format!("ss -ltnp 'sport = :{port}'")
    } else {
        format!("lsof -nP -iTCP:{port} -sTCP:LISTEN")
    };
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("stop the program that uses it (`{show}` shows which), or {choose_another}")
        }
        _ => choose_another.to_owned(),
    }
}

/// Reads a text file.
///
/// # Errors
/// When it cannot be read.
pub fn read_text(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(Error::read(path))
}

/// Reads the file of `--profile`.
///
/// # Errors
/// When it cannot be read, or is not a profile.
pub fn read_profile(path: &Path) -> Result<Profile, Error> {
    Profile::parse(&read_text(path)?).map_err(|source| Error::Profile { path: path.to_owned(), source })
}
