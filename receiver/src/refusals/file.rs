//! The file that keeps refused requests over a restart. Nothing depends on it: without it the rings begin empty.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use storage::{atomic_file, durable_dir};

use super::{
    refused_request::RefusedRequest,
    rings::{RefusalKind, Ring, Rings},
};

/// The version of the file's form. A file of another version is not read.
const VERSION: u32 = 1;
/// Maximum size of the file. The rings are smaller, even if each of their bytes is an escape in JSON.
const MAX_FILE_BYTES: u64 = 8 << 20;
const MODE: u32 = 0o600;

/// The file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("cannot read {}: {source}", file.display())]
    Read { file: PathBuf, source: io::Error },
    #[error("{} is damaged: {reason}", file.display())]
    Damaged { file: PathBuf, reason: String },
    #[error("{} was written by another version of this program", file.display())]
    Version { file: PathBuf },
}

#[derive(Serialize)]
struct Written<'r> {
    version: u32,
    kinds: Vec<WrittenKind<'r>>,
}

#[derive(Serialize)]
struct WrittenKind<'r> {
    #[serde(flatten)]
    kind: &'r RefusalKind,
    requests: Vec<&'r RefusedRequest>,
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Deserialize)]
struct Read {
    kinds: Vec<ReadKind>,
}

#[derive(Deserialize)]
struct ReadKind {
    #[serde(flatten)]
    kind: RefusalKind,
    requests: Vec<RefusedRequest>,
}

/// Reads the file; empty rings if there is none.
pub(crate) fn load(file: &Path) -> Result<Rings, LoadError> {
    let damaged = |reason: String| LoadError::Damaged { file: file.to_owned(), reason };
    let read = match fs::metadata(file) {
        Ok(metadata) if metadata.len() > MAX_FILE_BYTES => {
            return Err(damaged(format!("it has more than {MAX_FILE_BYTES} bytes")));
        }
        Ok(_) => fs::read(file),
        Err(error) => Err(error),
    };
    let text = match read {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Rings::default()),
        Err(source) => return Err(LoadError::Read { file: file.to_owned(), source }),
    };
    // `serde_json` repeats values in some of its messages.
    let reason = |error: serde_json::Error| damaged(format!("line {}, column {}", error.line(), error.column()));
    let Versioned { version } = serde_json::from_slice(&text).map_err(reason)?;
    if version != VERSION {
        return Err(LoadError::Version { file: file.to_owned() });
    }
    let Read { kinds } = serde_json::from_slice(&text).map_err(reason)?;
    Ok(Rings::restore(kinds.into_iter().map(|ReadKind { kind, requests }| (kind, requests))))
}

/// The content of the file for these rings.
pub(super) fn content(rings: &[Ring]) -> Vec<u8> {
    let kinds = rings.iter().map(|Ring { kind, requests, .. }| WrittenKind {
        kind,
        requests: requests.iter().map(|refused| &**refused).collect(),
    });
    let written = Written { version: VERSION, kinds: kinds.collect() };
    serde_json::to_vec(&written).expect("rings are made of texts and numbers")
}

/// Replaces the file.
pub(super) fn save(file: &Path, content: &[u8]) -> io::Result<()> {
    atomic_file::replace(file, content, durable_dir::of(file), MODE)
}
