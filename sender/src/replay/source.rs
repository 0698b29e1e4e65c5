//! The source of messages: a file, a folder of files, or standard input.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::{
    Item, Problem, Replay, Unusable,
    line::is_exported,
    line_reader::{LineReader, StreamLine},
};

/// Maximum size of a message; a receiver's own limit is far below it.
const MAX_MESSAGE_BYTES: usize = 64 << 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Standard input: exported lines or a raw body.
    Standard,
    /// A file: exported lines or a raw body.
    File(PathBuf),
    /// The files `*.json` of a folder in the order of their names, each a raw body.
    Folder(Vec<PathBuf>),
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It cannot be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} belongs to a receiver's data folder", path.display())]
    ReceiverData { path: PathBuf },
    #[error("{} has no *.json files", path.display())]
    Empty { path: PathBuf },
}

impl Source {
    /// Opens a path; `-` is standard input.
    ///
    /// # Errors
    /// When the path does not exist, or is a folder that has no messages or belongs to a receiver.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        if path.as_os_str() == "-" {
            return Ok(Self::Standard);
        }
        if !fs::metadata(path).map_err(unreadable(path))?.is_dir() {
            if is_segment(path) {
                return Err(SourceError::ReceiverData { path: path.to_owned() });
            }
            return Ok(Self::File(path.to_owned()));
        }
        if is_receiver_data(path) {
            return Err(SourceError::ReceiverData { path: path.to_owned() });
        }
        let files = json_files(path).map_err(unreadable(path))?;
        match files.is_empty() {
            false => Ok(Self::Folder(files)),
            true if is_receiver_data(&path.join("data")) => Err(SourceError::ReceiverData { path: path.to_owned() }),
            true => Err(SourceError::Empty { path: path.to_owned() }),
        }
    }

    /// Whether it can be read a second time.
    pub fn is_rereadable(&self) -> bool {
        !matches!(self, Self::Standard)
    }

    /// Reads the whole source, passes each item to `give` in order, and returns the digest of all bytes.
    ///
    /// # Errors
    /// When it cannot be read, or `give` fails.
    pub fn read<E: From<SourceError>>(
        &self,
        replay: &Replay,
        mut give: impl FnMut(Item) -> Result<(), E>,
    ) -> Result<[u8; 32], E> {
        let mut digest = Sha256::new();
        match self {
            Self::Standard => {
                let path = Path::new("standard input");
                let from = Digested { from: io::stdin().lock(), digest: &mut digest };
                stream(from, path, replay, &mut give)?;
            }
            Self::File(path) => {
                let file = File::open(path).map_err(unreadable(path))?;
                let from = Digested { from: BufReader::with_capacity(1 << 16, file), digest: &mut digest };
                stream(from, path, replay, &mut give)?;
            }
            Self::Folder(files) => {
                for path in files {
                    let file = File::open(path).map_err(unreadable(path))?;
                    let from = Digested { from: BufReader::new(file), digest: &mut digest };
                    let body = LineReader::new(from, MAX_MESSAGE_BYTES).rest(Vec::new()).map_err(unreadable(path))?;
                    give(raw(body, path, replay))?;
                    // Separates two files from one file with the bytes of both.
                    digest.update([0xFF]);
                }
            }
        }
        Ok(digest.finalize().into())
    }
}

/// Passes the items of a stream to `give`. It has exported lines if its name ends so, or if its first or second line is one;
/// otherwise it is a raw body.
fn stream<R: BufRead, E: From<SourceError>>(
    from: R,
    path: &Path,
    replay: &Replay,
    give: &mut impl FnMut(Item) -> Result<(), E>,
) -> Result<(), E> {
    let mut lines = LineReader::new(from, MAX_MESSAGE_BYTES);
    let mut begin = Vec::new();
    let mut is_lines = path.extension().is_some_and(|suffix| suffix == "jsonl" || suffix == "ndjson");
    let mut candidates = 2;
    while !is_lines && candidates > 0 {
        let Some(line) = lines.next().map_err(unreadable(path))? else { break };
        match &line {
            StreamLine::Whole(line) if is_exported(line) => is_lines = true,
            StreamLine::Whole(_) | StreamLine::Long => candidates -= 1,
            StreamLine::Blank(_) => {}
        }
        begin.push((lines.number, line));
    }
    if !is_lines {
        let read = begin.into_iter().map(|(_, line)| match line {
            StreamLine::Whole(line) | StreamLine::Blank(line) => Some(line),
            StreamLine::Long => None,
        });
        let body = match read.collect::<Option<Vec<_>>>() {
            Some(read) => lines.rest(read.concat()).map_err(unreadable(path))?,
            None => None,
        };
        return give(raw(body, path, replay));
    }
    for (number, line) in begin {
        exported(line, number, path, replay).map_or(Ok(()), &mut *give)?;
    }
    while let Some(line) = lines.next().map_err(unreadable(path))? {
        exported(line, lines.number, path, replay).map_or(Ok(()), &mut *give)?;
    }
    Ok(())
}

/// The `*.json` files of a folder, without subfolders, in the order of their names.
pub(crate) fn json_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    let is_json = |file: &PathBuf| file.extension().is_some_and(|suffix| suffix == "json") && file.is_file();
    let mut files: Vec<PathBuf> = entries.into_iter().filter(is_json).collect();
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> SourceError + '_ {
    move |source| SourceError::Unreadable { path: path.to_owned(), source }
}

fn raw(body: Option<Vec<u8>>, path: &Path, replay: &Replay) -> Item {
    let item = body.ok_or(Unusable::Long { max_bytes: MAX_MESSAGE_BYTES }).and_then(|body| replay.raw(&body));
    item.unwrap_or_else(|why| Item::Problem(Problem { place: path.display().to_string(), why }))
}

fn exported(line: StreamLine, number: u64, path: &Path, replay: &Replay) -> Option<Item> {
    let item = match line {
        StreamLine::Whole(line) => replay.line(&line),
        StreamLine::Blank(_) => return None,
        StreamLine::Long => Err(Unusable::Long { max_bytes: MAX_MESSAGE_BYTES }),
    };
    let place = || format!("{}:{number}", path.display());
    Some(item.unwrap_or_else(|why| Item::Problem(Problem { place: place(), why })))
}

/// Whether a folder holds a receiver's data or log, by the names of its files.
fn is_receiver_data(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).exists();
    if has("log") && (has("lock") || has("index.sqlite")) {
        return true;
    }
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| is_segment(&entry.path()))
}

/// Whether a file is a segment of a receiver's log: twenty digits and `.log`.
fn is_segment(file: &Path) -> bool {
    let stem = file.file_stem().unwrap_or_default().as_encoded_bytes();
    file.extension().is_some_and(|suffix| suffix == "log") && stem.len() == 20 && stem.iter().all(u8::is_ascii_digit)
}

/// A reader that updates a digest with every byte.
struct Digested<'d, R> {
    from: R,
    digest: &'d mut Sha256,
}

impl<R: BufRead> io::Read for Digested<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.from.read(buffer)?;
        self.digest.update(&buffer[..length]);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Digested<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.from.fill_buf()
    }

    fn consume(&mut self, length: usize) {
        if let Ok(buffer) = self.from.fill_buf() {
            self.digest.update(&buffer[..length.min(buffer.len())]);
        }
        self.from.consume(length);
    }
}
