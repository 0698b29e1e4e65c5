//! A text to send, in plain pieces and credentials, so that it can be shown without a credential: as a shell word, as shell
//! commands that print it, or as bytes.

use std::fmt::Write as _;

use schemas::text::is_unsafe;
use secrecy::SecretString;

pub(crate) const FILLER: &str = "Long text. ";
/// Replaces each byte of a credential in masked bytes. No text to send has this control character.
pub(crate) const MASK: u8 = 0x1A;
/// Minimum length of a run of filler or equal bytes.
const MIN_RUN_LEN: usize = 400;

#[derive(Clone, Default)]
pub(crate) struct Text {
    pieces: Vec<Piece>,
    pub(crate) credentials: Vec<SecretString>,
}

#[derive(Clone)]
enum Piece {
    Plain(Vec<u8>),
    Credential {
        sent: Vec<u8>,
        /// The shell expression for it, inside double quotes, if there is one.
        shell: Option<String>,
    },
}

/// A part of plain bytes.
enum Run<'a> {
    Bytes(&'a [u8]),
    Filler(usize),
    Same(u8, usize),
}

impl Text {
    /// Bytes without a credential.
    pub(crate) fn plain(bytes: Vec<u8>) -> Self {
        Self { pieces: vec![Piece::Plain(bytes)], credentials: Vec::new() }
    }

    pub(crate) fn push_plain(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Plain(bytes)) => bytes.extend_from_slice(text.as_bytes()),
            _ if text.is_empty() => {}
            _ => self.pieces.push(Piece::Plain(text.as_bytes().to_vec())),
        }
    }

    /// Adds a credential and the shell expression for it. An expression without a variable is not secret.
    pub(crate) fn push_credential(&mut self, sent: Vec<u8>, shell: Option<String>) {
        match shell {
            Some(shell) if !shell.contains('$') && shell.as_bytes() == sent => self.push_plain(&shell),
            shell => self.pieces.push(Piece::Credential { sent, shell }),
        }
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        if let (Some(Piece::Plain(last)), Some(Piece::Plain(first))) = (self.pieces.last_mut(), other.pieces.first()) {
            last.extend_from_slice(first);
            other.pieces.remove(0);
        }
        self.pieces.append(&mut other.pieces);
        self.credentials.append(&mut other.credentials);
    }

    /// Removes this many bytes from the end.
    pub(crate) fn cut(&mut self, mut bytes: usize) {
        while bytes > 0 {
            let Some(last) = self.pieces.last_mut() else { return };
            let (Piece::Plain(sent) | Piece::Credential { sent, .. }) = &mut *last;
            let taken = bytes.min(sent.len());
            sent.truncate(sent.len() - taken);
            bytes -= taken;
            if sent.is_empty() {
                self.pieces.pop();
            } else if let Piece::Credential { shell, .. } = last {
                *shell = None;
            }
        }
    }

    /// The bytes to send.
    pub(crate) fn sent(&self) -> Vec<u8> {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Plain(bytes) | Piece::Credential { sent: bytes, .. } => bytes.as_slice(),
        });
        pieces.collect::<Vec<_>>().concat()
    }

    /// The bytes to send, with [`MASK`] for each byte of a credential.
    pub(crate) fn masked(&self) -> Vec<u8> {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Plain(bytes) => bytes.clone(),
            Piece::Credential { sent, .. } => vec![MASK; sent.len()],
        });
        pieces.collect::<Vec<_>>().concat()
    }

    /// The text as one shell word: plain pieces in single quotes, where nothing has a special meaning, and credentials in
    /// double quotes. `None` if a character cannot be copied from the screen.
    pub(crate) fn word(&self) -> Option<String> {
        let mut word = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Plain(bytes) => {
                    let text = std::str::from_utf8(bytes).ok()?;
                    if text.chars().any(is_unsafe) {
                        return None;
                    }
                    if !text.is_empty() {
                        word.push_str(&quoted(text));
                    }
                }
                Piece::Credential { shell, .. } => {
                    let _ = write!(word, "\"{}\"", shell.as_ref()?);
                }
            }
        }
        Some(if word.is_empty() { "''".to_owned() } else { word })
    }

    /// Shell commands that print the text, whatever it has. `None` if there is no shell expression for a credential.
    pub(crate) fn commands(&self) -> Option<String> {
        let mut commands: Vec<String> = Vec::new();
        let (mut format, mut arguments) = (String::new(), String::new());
        let flush = |format: &mut String, arguments: &mut String, commands: &mut Vec<String>| {
            if !format.is_empty() {
                commands.push(format!("printf '{format}'{arguments}"));
                format.clear();
                arguments.clear();
            }
        };
        for piece in &self.pieces {
            match piece {
                Piece::Credential { shell, .. } => {
                    format.push_str("%s");
                    let _ = write!(arguments, " \"{}\"", shell.as_ref()?);
                }
                Piece::Plain(bytes) => {
                    for run in runs(bytes) {
                        let command = match run {
                            Run::Bytes(bytes) => {
                                push_format(&mut format, bytes);
                                continue;
                            }
                            Run::Filler(bytes) => format!("yes '{FILLER}' | tr -d '\\n' | head -c {bytes}"),
                            Run::Same(byte, count) => {
                                let mut byte_format = String::new();
                                push_format(&mut byte_format, &[byte]);
                                format!("head -c {count} /dev/zero | tr '\\0' '{byte_format}'")
                            }
                        };
                        flush(&mut format, &mut arguments, &mut commands);
                        commands.push(command);
                    }
                }
            }
        }
        flush(&mut format, &mut arguments, &mut commands);
        Some(match commands.as_slice() {
            [] => "printf ''".to_owned(),
            [only] => only.clone(),
            several => format!("{{ {}; }}", several.join("; ")),
        })
    }
}

/// A text in single quotes for a shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Bytes as readable lines: line ends and invisible characters as escapes, credentials as their size.
pub(crate) fn readable(masked: &[u8]) -> String {
    let mut shown = String::new();
    for run in runs(masked) {
        match run {
            Run::Bytes(bytes) => push_readable(&mut shown, bytes),
            Run::Filler(bytes) => {
                let _ = write!(shown, "<{bytes} bytes of {FILLER:?}>");
            }
            Run::Same(byte, count) => {
                let _ = write!(shown, "<{count} times {:?}>", char::from(byte));
            }
        }
    }
    shown
}

fn push_readable(shown: &mut String, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let masked = bytes.iter().take_while(|byte| **byte == MASK).count();
        if masked > 0 {
            let _ = write!(shown, "<credential, {masked} bytes>");
            bytes = &bytes[masked..];
            continue;
        }
        let (character, length) = first_character(bytes);
        match character {
            Some('\r') => shown.push_str("\\r"),
            Some('\n') => shown.push_str("\\n\n"),
            Some('\t') => shown.push_str("\\t"),
            Some('\\') => shown.push_str("\\\\"),
            Some(character) if !is_unsafe(character) => shown.push(character),
            _ => bytes[..length].iter().for_each(|byte| {
                let _ = write!(shown, "\\x{byte:02x}");
            }),
        }
        bytes = &bytes[length..];
    }
}

/// The format with which `printf` prints these bytes, inside single quotes.
fn push_format(format: &mut String, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let (character, length) = first_character(bytes);
        match character {
            Some('\r') => format.push_str("\\r"),
            Some('\n') => format.push_str("\\n"),
            Some('\t') => format.push_str("\\t"),
            Some('\\') => format.push_str("\\\\"),
            Some('%') => format.push_str("%%"),
            Some('\'') => format.push_str("'\\''"),
            // A dash at the beginning would be an option.
            Some(character) if !(is_unsafe(character) || character == '-' && format.is_empty()) => {
                format.push(character);
            }
            _ => bytes[..length].iter().for_each(|byte| {
                let _ = write!(format, "\\{byte:03o}");
            }),
        }
        bytes = &bytes[length..];
    }
}

/// The first character and its length in bytes; one byte if it is not UTF-8.
fn first_character(bytes: &[u8]) -> (Option<char>, usize) {
    let length = (1..=bytes.len().min(4)).find(|length| std::str::from_utf8(&bytes[..*length]).is_ok());
    let character = length.and_then(|length| std::str::from_utf8(&bytes[..length]).ok()?.chars().next());
    (character, length.unwrap_or(1))
}

/// The bytes in runs and what is between them.
fn runs(bytes: &[u8]) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < bytes.len() {
        // Bodies are long, and most bytes begin no run.
        if bytes[at] != FILLER.as_bytes()[0] && bytes.get(at + 1) != Some(&bytes[at]) {
            at += 1;
            continue;
        }
        let rest = &bytes[at..];
        let filler = rest.iter().zip(FILLER.bytes().cycle()).take_while(|(byte, filler)| **byte == *filler).count();
        let same = rest.iter().take_while(|byte| **byte == bytes[at] && **byte != MASK).count();
        let (length, run) = match (filler, same) {
            (filler, _) if filler >= MIN_RUN_LEN => (filler, Run::Filler(filler)),
            (_, same) if same >= MIN_RUN_LEN => (same, Run::Same(bytes[at], same)),
            (_, same) => {
                at += same.max(1);
                continue;
            }
        };
        if from < at {
            runs.push(Run::Bytes(&bytes[from..at]));
        }
        runs.push(run);
        at += length;
        from = at;
    }
    if from < bytes.len() {
        runs.push(Run::Bytes(&bytes[from..]));
    }
    runs
}

#[cfg(test)]
mod tests;
