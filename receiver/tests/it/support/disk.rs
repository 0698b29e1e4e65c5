//! A disk that writes down what the log does to it, can fail at any call, and can lie about what it has made durable.

mod power;

use std::{
    fmt, io,
    path::Path,
    sync::{Mutex, mpsc},
};

use receiver::log::{Disk, FileSystem, LogFile};
use tokio::sync::mpsc::UnboundedSender;

pub(crate) use self::power::{Contents, Platter};

/// One change, as it was done; files by their names.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Create(String),
    Append(String, Vec<u8>),
    Overwrite(String, Vec<u8>),
    Cut(String, u64),
    Sync(String),
    /// The disk said that it could not: what of the file is on it is not known any more.
    FailedSync(String),
    SyncFolder,
    Rename(String, String),
    Remove(String),
    /// The log's user was told that this record is durable.
    Acknowledged(usize),
}

/// How a disk lies: what a log that is written wrongly would look like to a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    None,
    /// Syncs of files come after they were acknowledged.
    LateSync,
    /// Folders are not synced.
    NoFolderSync,
}

/// A failure to come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// The first call that fails, counted from 0, and how many do.
    pub(crate) from: usize,
    pub(crate) count: usize,
    pub(crate) errno: rustix::io::Errno,
}

/// Lets a test hold the writer before each batch.
pub(crate) struct Gate {
    pub(crate) entered: UnboundedSender<()>,
    pub(crate) permits: Mutex<mpsc::Receiver<()>>,
}

/// The machine's file system without its syncs, which only a power cut would miss.
#[derive(Default)]
pub(crate) struct Recorder {
    ops: Mutex<Vec<Op>>,
    calls: Mutex<usize>,
    owed: Mutex<Option<Op>>,
    lie: Option<Lie>,
    fault: Option<Fault>,
    gate: Option<Gate>,
}

/// Longest head of a segment; what is longer is a batch.
const HEAD: usize = 32;

impl Recorder {
    pub(crate) fn with(lie: Lie, fault: Option<Fault>, gate: Gate) -> Self {
        Self { lie: Some(lie), fault, gate: Some(gate), ..Self::default() }
    }

    pub(crate) fn failing(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    pub(crate) fn ops(&self) -> Vec<Op> {
        self.ops.lock().unwrap().clone()
    }

    /// How often the log asked for something.
    pub(crate) fn calls(&self) -> usize {
        *self.calls.lock().unwrap()
    }

    pub(crate) fn note(&self, op: Op) {
        self.ops.lock().unwrap().push(op);
    }

    /// Counts a call; fails if it is its turn.
    fn call(&self) -> io::Result<()> {
        if let Some(owed) = self.owed.lock().unwrap().take() {
            self.note(owed);
        }
        self.count()
    }

    /// Counts a call that changes nothing; fails if it is its turn.
    fn count(&self) -> io::Result<()> {
        let mut calls = self.calls.lock().unwrap();
        let number = *calls;
        *calls += 1;
        match self.fault {
            Some(fault) if (fault.from..fault.from + fault.count).contains(&number) => Err(fault.errno.into()),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

impl Disk for Recorder {
    fn create(&self, path: &Path) -> io::Result<LogFile> {
        self.call()?;
        let file = FileSystem.create(path)?;
        self.note(Op::Create(name(path)));
        Ok(file)
    }

    fn open(&self, path: &Path) -> io::Result<LogFile> {
        self.call()?;
        FileSystem.open(path)
    }

    fn open_folder(&self, path: &Path) -> io::Result<LogFile> {
        self.call()?;
        FileSystem.open_folder(path)
    }

    fn check_place(&self, file: &LogFile) -> io::Result<()> {
        self.count()?;
        FileSystem.check_place(file)
    }

    fn append(&self, file: &LogFile, bytes: &[u8]) -> io::Result<()> {
        if let Some(gate) = self.gate.as_ref().filter(|_| bytes.len() > HEAD) {
            gate.entered.send(()).unwrap();
            gate.permits.lock().unwrap().recv().unwrap();
        }
        let called = self.call();
        // A disk that is full takes a part.
        let taken = if called.is_ok() { bytes } else { &bytes[..bytes.len() / 2] };
        FileSystem.append(file, taken)?;
        self.note(Op::Append(name(file.path()), taken.to_vec()));
        called
    }

    fn write_at_start(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.call()?;
        FileSystem.write_at_start(path, bytes)?;
        self.note(Op::Overwrite(name(path), bytes.to_vec()));
        Ok(())
    }

    fn truncate(&self, file: &LogFile, length: u64) -> io::Result<()> {
        self.call()?;
        FileSystem.truncate(file, length)?;
        self.note(Op::Cut(name(file.path()), length));
        Ok(())
    }

    fn sync(&self, file: &LogFile) -> io::Result<()> {
        self.call().inspect_err(|_| self.note(Op::FailedSync(name(file.path()))))?;
        let op = Op::Sync(name(file.path()));
        if self.lie == Some(Lie::LateSync) {
            *self.owed.lock().unwrap() = Some(op)
        } else {
            self.note(op)
        }
        Ok(())
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        self.call()?;
        if self.lie != Some(Lie::NoFolderSync) {
            self.note(Op::SyncFolder);
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call()?;
        FileSystem.rename(from, to)?;
        self.note(Op::Rename(name(from), name(to)));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call()?;
        FileSystem.remove(path)?;
        self.note(Op::Remove(name(path)));
        Ok(())
    }
}
