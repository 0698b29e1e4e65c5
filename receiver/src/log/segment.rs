//! A segment: one file of the log, named after the position at which it begins.
//!
//! ```text
//! magic 8 | base position 8 | salt 8 | checksum 4 | zero 4 | records
//! ```
//!
//! The base is in the name too, and all segments of a log have one salt, so a damaged head costs no record.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::{
    disk::{Disk, LogFile},
    record::Salt,
};

pub(super) const SEGMENT_HEADER_BYTES: usize = 32;
const SEGMENT_MAGIC: [u8; 8] = *b"flowlog1";
const SEGMENT_SUFFIX: &str = ".log";
const SALT_RANGE: std::ops::Range<usize> = 16..24;
const CHECKSUM_RANGE: std::ops::Range<usize> = 24..28;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    pub(super) base: u64,
    pub(super) salt: Salt,
    /// Whether the head is as it was written; what is not was worked out.
    pub(super) header_is_valid: bool,
}

#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) segments: Vec<Segment>,
    /// Files that are named as segments, but whose head is lost: base and path.
    pub(super) unreadable: Vec<(u64, PathBuf)>,
}

impl Segment {
    pub(super) fn create(disk: &dyn Disk, folder: &Path, base: u64, salt: Salt) -> io::Result<(Self, LogFile)> {
        let path = folder.join(file_name(base));
        let file = disk.create(&path)?;
        let made = disk
            .append(&file, &header(base, salt))
            .and_then(|()| disk.sync(&file))
            .and_then(|()| disk.sync_folder(folder));
        if let Err(error) = made {
            // Best effort: an empty segment would only be in the way of the next try.
            let _ = disk.remove(&path);
            return Err(error);
        }
        file.expect_bytes(SEGMENT_HEADER_BYTES as u64);
        Ok((Self { path, base, salt, header_is_valid: true }, file))
    }

    pub(super) fn rewrite_header(&self, disk: &dyn Disk) -> io::Result<()> {
        disk.write_at_start(&self.path, &header(self.base, self.salt))?;
        disk.sync(&disk.open(&self.path)?)
    }

    /// Opens a segment by its name; `None` when its head is not sound.
    pub(super) fn open(path: &Path, base: u64) -> io::Result<Option<Self>> {
        let head = read_header(path)?.map(|bytes| salt_of(&bytes, base));
        Ok(match head {
            Some((Some(salt), true)) => Some(Self { path: path.to_owned(), base, salt, header_is_valid: true }),
            _ => None,
        })
    }

    /// The segments in a folder, oldest first, without those whose head is lost.
    pub(super) fn list(folder: &Path) -> io::Result<Vec<Self>> {
        Ok(Files::in_folder(folder)?.segments)
    }

    pub(super) fn length(&self) -> io::Result<u64> {
        Ok(fs::metadata(&self.path)?.len())
    }

    pub(super) fn end(&self) -> io::Result<u64> {
        Ok(self.base + self.length()?)
    }
}

impl Files {
    /// What is named as a segment, readable or not, by base.
    pub(super) fn names(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            found.extend(position_in(&path, SEGMENT_SUFFIX).map(|base| (base, path)));
        }
        found.sort();
        Ok(found)
    }

    pub(super) fn in_folder(folder: &Path) -> io::Result<Self> {
        let mut found = Vec::new();
        for (base, path) in Self::names(folder)? {
            match read_header(&path) {
                Ok(bytes) => found.push((base, path, bytes.map(|bytes| salt_of(&bytes, base)))),
                // Retention was quicker.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let of_another = found.iter().find_map(|(.., head)| head.and_then(|(salt, _)| salt));
        let mut files = Self::default();
        for (base, path, head) in found {
            match head.and_then(|(salt, sound)| Some((salt.or(of_another)?, sound))) {
                Some((salt, header_is_valid)) => files.segments.push(Segment { path, base, salt, header_is_valid }),
                None => files.unreadable.push((base, path)),
            }
        }
        Ok(files)
    }
}

pub(super) fn file_name(base: u64) -> String {
    format!("{base:020}{SEGMENT_SUFFIX}")
}

/// The position in a file's name, if it is named so.
pub(super) fn position_in(path: &Path, suffix: &str) -> Option<u64> {
    let digits = path.file_name()?.to_str()?.strip_suffix(suffix)?;
    (digits.len() == 20).then(|| digits.parse().ok()).flatten()
}

fn read_header(path: &Path) -> io::Result<Option<[u8; SEGMENT_HEADER_BYTES]>> {
    let mut bytes = [0; SEGMENT_HEADER_BYTES];
    match File::open(path)?.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// The salt in a header, even if one of its bytes is damaged, and whether the header is valid.
fn salt_of(bytes: &[u8; SEGMENT_HEADER_BYTES], base: u64) -> (Option<Salt>, bool) {
    let salt: Salt = bytes[SALT_RANGE].try_into().expect("eight bytes");
    let checksum: [u8; 4] = bytes[CHECKSUM_RANGE].try_into().expect("four bytes");
    let right = |salt: Salt| -> [u8; 4] { header(base, salt)[CHECKSUM_RANGE].try_into().expect("four bytes") };
    let differing = right(salt).iter().zip(checksum).filter(|(right, found)| **right != *found).count();
    if differing <= 1 {
        return (Some(salt), *bytes == header(base, salt));
    }
    let one_byte_changed = (0..salt.len()).flat_map(|at| (1..=u8::MAX).map(move |change| (at, change)));
    let candidates = one_byte_changed.map(|(at, change)| {
        let mut candidate = salt;
        candidate[at] ^= change;
        candidate
    });
    (candidates.into_iter().find(|salt| right(*salt) == checksum), false)
}

fn header(base: u64, salt: Salt) -> [u8; SEGMENT_HEADER_BYTES] {
    let mut head = [0; SEGMENT_HEADER_BYTES];
    head[..8].copy_from_slice(&SEGMENT_MAGIC);
    head[8..16].copy_from_slice(&base.to_le_bytes());
    head[SALT_RANGE].copy_from_slice(&salt);
    let checksum = crc32fast::hash(&head[..24]);
    head[CHECKSUM_RANGE].copy_from_slice(&checksum.to_le_bytes());
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_one_damaged_byte_of_a_header_is_repaired_and_more_are_not_taken_for_a_header() {
        let salt = *b"saltsalt";
        let whole = header(4096, salt);
        assert_eq!(salt_of(&whole, 4096), (Some(salt), true));
        for at in 0..SEGMENT_HEADER_BYTES {
            for change in [1, 0x80, 0xff] {
                let mut damaged = whole;
                damaged[at] ^= change;
                assert_eq!(salt_of(&damaged, 4096), (Some(salt), false), "byte {at}");
            }
        }
        assert_eq!(salt_of(&[0; SEGMENT_HEADER_BYTES], 4096), (None, false));
    }
}
