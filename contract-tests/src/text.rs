//! A text that is sent, in pieces: what is plain and what is a credential. So it can be shown, as a word of a shell, as
//! what a shell's commands print or as bytes, and no credential is in any of these.

use std::fmt::Write as _;

use secrecy::SecretString;

use crate::report::is_printable;

/// What makes a text long.
pub(crate) const FILLER: &str = "Long text. ";
/// In masked bytes, in the place of each byte of a credential. No text that is sent has this control character.
pub(crate) const MASK: u8 = 0x1A;
/// Fillers, or equal bytes, from which on they are a run.
const RUN_LEN_MIN: usize = 400;

/// A text that is sent.
#[derive(Clone, Default)]
pub(crate) struct Text {
    pieces: Vec<Piece>,
    /// The credentials that it holds, as plain text.
    pub(crate) credentials: Vec<SecretString>,
}

/// A piece of it.
#[derive(Clone)]
enum Piece {
    Plain(Vec<u8>),
    Credential {
        sent: Vec<u8>,
        /// How a shell makes it, inside double quotes; `None` where none can.
        shell: Option<String>,
    },
}

/// A part of plain bytes.
enum Run<'a> {
    Bytes(&'a [u8]),
    /// The filler, so many bytes of it.
    Filler(usize),
    /// The same byte, so many times.
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

    /// A credential, and how a shell makes it. What a shell makes without a variable is not secret.
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

    /// Takes this many bytes away from the end.
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

    /// As it is sent.
    pub(crate) fn sent(&self) -> Vec<u8> {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Plain(bytes) | Piece::Credential { sent: bytes, .. } => bytes.as_slice(),
        });
        pieces.collect::<Vec<_>>().concat()
    }

    /// As it is sent, with [`MASK`] in place of each byte of a credential.
    pub(crate) fn masked(&self) -> Vec<u8> {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Plain(bytes) => bytes.clone(),
            Piece::Credential { sent, .. } => vec![MASK; sent.len()],
        });
        pieces.collect::<Vec<_>>().concat()
    }

    /// As one word of a shell: what is plain in single quotes, so that nothing in it means anything to a shell, and
    /// credentials in double quotes. `None` where a character would not survive being shown and pasted.
    pub(crate) fn word(&self) -> Option<String> {
        let mut word = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Plain(bytes) => {
                    let text = std::str::from_utf8(bytes).ok()?;
                    if !text.chars().all(is_printable) {
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

    /// As commands of a shell that print it, whatever it holds. `None` where no shell can make a credential.
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

/// A text in single quotes of a shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Bytes as text on lines of their own: line ends and all that cannot be seen are written as escapes, credentials as the
/// number of their bytes.
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
    while let Some(&first) = bytes.first() {
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
            Some(character) if is_printable(character) => shown.push(character),
            _ => bytes[..length].iter().for_each(|byte| {
                let _ = write!(shown, "\\x{byte:02x}");
            }),
        }
        let _ = first;
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
            Some(character) if is_printable(character) && !(character == '-' && format.is_empty()) => {
                format.push(character);
            }
            _ => bytes[..length].iter().for_each(|byte| {
                let _ = write!(format, "\\{byte:03o}");
            }),
        }
        bytes = &bytes[length..];
    }
}

/// The first character and its length in bytes; one byte where there is none.
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
        // Bodies are long, and most of their bytes begin nothing.
        if bytes[at] != FILLER.as_bytes()[0] && bytes.get(at + 1) != Some(&bytes[at]) {
            at += 1;
            continue;
        }
        let rest = &bytes[at..];
        let filler = rest.iter().zip(FILLER.bytes().cycle()).take_while(|(byte, filler)| **byte == *filler).count();
        let same = rest.iter().take_while(|byte| **byte == bytes[at] && **byte != MASK).count();
        let (length, run) = match (filler, same) {
            (filler, _) if filler >= RUN_LEN_MIN => (filler, Run::Filler(filler)),
            (_, same) if same >= RUN_LEN_MIN => (same, Run::Same(bytes[at], same)),
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
mod tests {
    use super::*;

    fn text(plain: &str, credential: &str, shell: Option<&str>, then: &str) -> Text {
        let mut text = Text::plain(plain.as_bytes().to_vec());
        text.push_credential(credential.as_bytes().to_vec(), shell.map(str::to_owned));
        text.push_plain(then);
        text
    }

    #[test]
    fn a_shell_gets_the_same_text_as_a_word_or_from_commands() {
        for (name, made, word, commands) in [
            (
                "a credential",
                text("a'b", "s", Some("${S}x"), "c"),
                Some(r#"'a'\''b'"${S}x"'c'"#),
                Some(r#"printf 'a'\''b%sc' "${S}x""#),
            ),
            ("no secret", text("a", "*", Some("*"), ""), Some("'a*'"), Some("printf 'a*'")),
            ("beyond shells", text("a", "s", None, "c"), None, None),
            ("nothing", Text::default(), Some("''"), Some("printf ''")),
            ("control characters", Text::plain(b"\r\n\x00%\\ -".to_vec()), None, Some(r"printf '\r\n\000%%\\ -'")),
            ("not UTF-8", Text::plain(b"-\xff\xd8".to_vec()), None, Some(r"printf '\055\377\330'")),
            ("hidden", Text::plain("a\u{200d}é".into()), None, Some(r"printf 'a\342\200\215é'")),
            (
                "equal bytes",
                Text::plain("[".repeat(1000).into_bytes()),
                Some(""),
                Some(r"head -c 1000 /dev/zero | tr '\0' '['"),
            ),
            (
                "a long text",
                text(&format!("<{}Lon", FILLER.repeat(100)), "s", Some("${S}"), ">"),
                Some(""),
                Some(r#"{ printf '<'; yes 'Long text. ' | tr -d '\n' | head -c 1103; printf '%s>' "${S}"; }"#),
            ),
        ] {
            if word != Some("") {
                assert_eq!(made.word().as_deref(), word, "{name}");
            }
            assert_eq!(made.commands().as_deref(), commands, "{name}");
        }
    }

    #[test]
    fn readable_bytes_hold_no_credential() {
        let made = text("a\r\nb\\ \u{1}", "s3cret", Some("${S}"), "c\u{200d}");
        assert_eq!(readable(&made.masked()), "a\\r\\n\nb\\\\ \\x01<credential, 6 bytes>c\\xe2\\x80\\x8d");
        assert_eq!(made.masked().len(), made.sent().len());
        let long = Text::plain(format!("<{}>{}", FILLER.repeat(50), "[".repeat(500)).into_bytes());
        assert_eq!(readable(&long.masked()), "<<550 bytes of \"Long text. \">><500 times '['>");
    }

    #[test]
    fn a_cut_credential_is_for_no_shell() {
        for (bytes, sent, word) in [
            (0, "as3c", Some(r#"'a'"${S}"'c'"#)),
            (1, "as3", Some(r#"'a'"${S}""#)),
            (2, "as", None),
            (3, "a", Some("'a'")),
            (9, "", Some("''")),
        ] {
            let mut made = text("a", "s3", Some("${S}"), "c");
            made.cut(bytes);
            assert_eq!((made.sent(), made.word().as_deref()), (sent.as_bytes().to_vec(), word), "{bytes}");
        }
    }
}
