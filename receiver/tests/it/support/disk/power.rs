//! What a power cut can leave of recorded changes. Synced bytes and names stay. Of what was not synced any part may be
//! there: each name or not, each sector whole, torn or missing, a file's length with or without its bytes.

use std::collections::BTreeMap;

use super::Op;

const SECTOR: usize = 512;

/// Files by name.
pub(crate) type Contents = BTreeMap<String, Vec<u8>>;

#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Cut(usize),
}

#[derive(Clone, Debug, Default)]
struct File {
    durable: Vec<u8>,
    /// Length as the running system sees it.
    length: usize,
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Naming {
    Create(String, usize),
    Rename(String, String),
    Remove(String),
}

/// A folder on a disk: what is durable, and what is only in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Platter {
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    pending: Vec<Naming>,
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Create(name, file) => drop(names.insert(name.clone(), *file)),
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Self::Remove(name) => drop(names.remove(name)),
        }
    }
}

impl Platter {
    /// A folder of which everything is durable.
    pub(crate) fn holding(contents: &Contents) -> Self {
        let mut platter = Self::default();
        for (name, bytes) in contents {
            platter.durable_names.insert(name.clone(), platter.files.len());
            platter.files.push(File { durable: bytes.clone(), length: bytes.len(), pending: Vec::new() });
        }
        platter.names = platter.durable_names.clone();
        platter
    }

    pub(crate) fn apply(&mut self, op: &Op, random: &mut fastrand::Rng) {
        match op {
            Op::Create(name) => {
                self.files.push(File::default());
                self.rename(Naming::Create(name.clone(), self.files.len() - 1));
            }
            Op::Append(name, bytes) => {
                let file = self.file(name);
                file.pending.push(Change::Write { at: file.length, bytes: bytes.clone() });
                file.length += bytes.len();
            }
            Op::Overwrite(name, bytes) => {
                let file = self.file(name);
                file.pending.push(Change::Write { at: 0, bytes: bytes.clone() });
                file.length = file.length.max(bytes.len());
            }
            Op::Cut(name, length) => {
                let file = self.file(name);
                file.length = usize::try_from(*length).unwrap();
                file.pending.push(Change::Cut(file.length));
            }
            Op::Sync(name) => self.file(name).sync(),
            Op::FailedSync(name) => {
                // The kernel takes the pages for clean now, whatever reached the disk.
                let file = self.file(name);
                file.durable = file.left(random);
                file.pending.clear();
            }
            Op::SyncFolder => {
                self.durable_names = self.names.clone();
                self.pending.clear();
            }
            Op::Rename(from, to) => self.rename(Naming::Rename(from.clone(), to.clone())),
            Op::Remove(name) => self.rename(Naming::Remove(name.clone())),
            Op::Acknowledged(_) => {}
        }
    }

    /// One of the folders that a power cut may leave now.
    pub(crate) fn cut(&self, random: &mut fastrand::Rng) -> Contents {
        let mut names = self.durable_names.clone();
        let likely = likelihood(random);
        for naming in &self.pending {
            if random.f64() < likely {
                naming.apply(&mut names);
            }
        }
        names.into_iter().map(|(name, file)| (name, self.files[file].left(random))).collect()
    }

    fn rename(&mut self, naming: Naming) {
        naming.apply(&mut self.names);
        self.pending.push(naming);
    }

    fn file(&mut self, name: &str) -> &mut File {
        &mut self.files[self.names[name]]
    }
}

/// Nothing, everything and any part each have their share.
fn likelihood(random: &mut fastrand::Rng) -> f64 {
    [0.0, 0.5, 0.9, 1.0][random.usize(..4)]
}

impl File {
    fn sync(&mut self) {
        for change in self.pending.drain(..) {
            match change {
                Change::Write { at, bytes } => write(&mut self.durable, at, &bytes, 0),
                Change::Cut(length) => self.durable.truncate(length),
            }
        }
    }

    /// Bytes that may be left of it.
    fn left(&self, random: &mut fastrand::Rng) -> Vec<u8> {
        let (likely, filler) = (likelihood(random), if random.bool() { 0 } else { 0xA5 });
        let mut left = self.durable.clone();
        for change in &self.pending {
            match change {
                Change::Cut(length) if random.f64() < likely => left.truncate(*length),
                Change::Cut(_) => {}
                Change::Write { at, bytes } => {
                    let mut from = 0;
                    while from < bytes.len() {
                        let sector = (SECTOR - (at + from) % SECTOR).min(bytes.len() - from);
                        if random.f64() < likely {
                            let torn = if random.u8(..8) == 0 { random.usize(..sector) } else { sector };
                            write(&mut left, at + from, &bytes[from..from + torn], filler);
                        }
                        from += sector;
                    }
                }
            }
        }
        if left.len() < self.length && random.bool() {
            left.resize(random.usize(left.len()..=self.length), filler);
        }
        left
    }
}

fn write(into: &mut Vec<u8>, at: usize, bytes: &[u8], filler: u8) {
    if bytes.is_empty() {
        return;
    }
    into.resize(into.len().max(at + bytes.len()), filler);
    into[at..at + bytes.len()].copy_from_slice(bytes);
}
