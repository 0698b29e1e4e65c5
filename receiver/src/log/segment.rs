//! A segment: one file of the log, named after the position at which it begins.
//!
//! ```text
//! magic 8 | base position 8 | salt 8 | checksum 4 | zero 4 | records
//! ```

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::record::Salt;

pub(super) const HEAD: usize = 32;
const MAGIC: [u8; 8] = *b"flowlog1";
const SUFFIX: &str = ".log";

/// A segment's file and what its head says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    /// Position of the file's first byte.
    pub(super) base: u64,
    pub(super) salt: Salt,
}

impl Segment {
    /// Makes a segment's file, synced, its folder too.
    pub(super) fn create(folder: &Path, base: u64, salt: Salt) -> io::Result<(Self, File)> {
        let path = folder.join(format!("{base:020}{SUFFIX}"));
        let mut file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path)?;
        let made = file
            .write_all(&head(base, salt))
            .and_then(|()| file.sync_data())
            .and_then(|()| crate::folder::sync(folder));
        if let Err(error) = made {
            // Best effort: an empty segment would only be in the way of the next try.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok((Self { path, base, salt }, file))
    }

    /// The segments in a folder, oldest first. A file whose head is not whole, as a crash can leave the newest, is
    /// left out.
    pub(super) fn list(folder: &Path) -> io::Result<Vec<Self>> {
        let mut segments = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.to_str().is_some_and(|name| name.ends_with(SUFFIX))
                && let Some(segment) = Self::open(path)?
            {
                segments.push(segment);
            }
        }
        segments.sort_by_key(|segment| segment.base);
        Ok(segments)
    }

    fn open(path: PathBuf) -> io::Result<Option<Self>> {
        let mut bytes = [0; HEAD];
        match File::open(&path)?.read_exact(&mut bytes) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let part = |at: usize| -> [u8; 8] { bytes[at..at + 8].try_into().expect("eight bytes") };
        let (base, salt) = (u64::from_le_bytes(part(8)), part(16));
        Ok((bytes == head(base, salt)).then_some(Self { path, base, salt }))
    }

    /// Position behind the file's last byte.
    pub(super) fn end(&self) -> io::Result<u64> {
        Ok(self.base + fs::metadata(&self.path)?.len())
    }
}

fn head(base: u64, salt: Salt) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..8].copy_from_slice(&MAGIC);
    head[8..16].copy_from_slice(&base.to_le_bytes());
    head[16..24].copy_from_slice(&salt);
    let checksum = crc32fast::hash(&head[..24]);
    head[24..28].copy_from_slice(&checksum.to_le_bytes());
    head
}
