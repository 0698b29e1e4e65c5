//! The quarantine file of captures that may hold an unknown secret: not in the log or its index, readable by its owner
//! only, and easy to delete. It has one capture per line, in the form of `messages export`.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use parking_lot::Mutex;
use storage::{LinkedFile, durable_dir};

use crate::log::Record;

/// Its name in the data folder.
pub(crate) const CAPTURE_FILE: &str = "captures.jsonl";

/// The file, created with the first capture.
#[derive(Debug)]
pub(crate) struct CaptureFile {
    path: PathBuf,
    /// Held while a capture is appended.
    turn: Mutex<()>,
}

impl CaptureFile {
    pub(crate) fn in_folder(data: &Path) -> Self {
        Self { path: data.join(CAPTURE_FILE), turn: Mutex::new(()) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a capture durably. The file is opened by its name each time because users delete it when they are done with it.
    /// If the file cannot be written or synced, or is deleted or moved meanwhile, nothing of the capture stays.
    pub(crate) fn append(&self, record: &Record) -> io::Result<()> {
        let _turn = self.turn.lock();
        let mut file = self.open()?;
        let before = file.seek(SeekFrom::End(0))?;
        let line = record.json_line() + "\n";
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_data());
        let written = written.and_then(|()| Ok(LinkedFile::of(&self.path, &file)?.check()?));
        if written.is_err() {
            file.set_len(before)?;
        }
        written
    }

    fn open(&self) -> io::Result<File> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path)?;
        if file.metadata()?.len() == 0 {
            durable_dir::sync(durable_dir::of(&self.path))?;
        } else {
            file.seek(SeekFrom::End(-1))?;
            let mut last = [0];
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                // A crash left an incomplete line, which must not spoil the next one.
                file.write_all(b"\n")?;
            }
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use tempfile::TempDir;

    use super::*;
    use crate::log::RecordHeader;

    #[test]
    fn captures_are_lines_of_their_own_even_after_an_incomplete_one() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(CAPTURE_FILE);
        fs::write(&path, "{\"torn").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let [first, second] = ["a", "b"].map(|endpoint| Record {
            header: RecordHeader::of_unreadable(endpoint, None),
            body: b"no JSON: \xFF".as_slice().into(),
        });
        assert!(first.json_line().ends_with("\"bodyBase64\":\"bm8gSlNPTjog/w==\"}"), "{}", first.json_line());
        CaptureFile::in_folder(folder.path()).append(&first).unwrap();
        let file = CaptureFile::in_folder(folder.path());
        file.append(&second).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines, ["{\"torn", &first.json_line(), &second.json_line()]);
        fs::remove_file(&path).unwrap();
        file.append(&first).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), first.json_line() + "\n", "it was deleted meanwhile");
    }
}
