//! A reference to a secret: where it is stored, never its value, so that secrets stay out of command lines and
//! configuration files.

use std::{
    env, fmt, fs,
    io::Read as _,
    path::{Path, PathBuf},
    str::FromStr,
};

use secrecy::{ExposeSecret as _, SecretString};

use crate::edges::InvisibleEdges;

/// Maximum size of a file with a secret: far above 250 characters of four bytes and a line end. It may hold a URL, too.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Prefix of a reference or a username whose value keeps invisible characters at its edges.
pub const EXACT_PREFIX: &str = "exact:";

/// Where a secret is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretReference {
    /// `env:NAME`: an environment variable.
    Env(String),
    /// `file:PATH`: the content of a file, without one line end at its end.
    File(PathBuf),
    /// `prompt`: asked for on the terminal.
    Prompt,
    /// `exact:` before `env:NAME` or `file:PATH`: every character belongs to the secret, including a line end at the end.
    Exact(Box<Self>),
}

/// The text is not a reference. The error does not hold it: it may be the secret itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not a reference to a secret; write `env:NAME` or `file:PATH`, so that the secret itself is not written anywhere"
)]
pub struct NotAReference;

/// A reference does not lead to a secret.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named after what they hold")]
#[non_exhaustive]
pub enum ReferenceError {
    /// The variable is not set or not UTF-8.
    #[error("the environment variable {name} is not set, or is not UTF-8")]
    Env { name: String },
    /// The file holds more than any secret can.
    #[error("{} has more than {MAX_FILE_BYTES} bytes; a secret of the product's form is never that long", path.display())]
    TooLarge { path: PathBuf },
    /// The file cannot be read, or is not UTF-8.
    #[error("cannot read the secret in {}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// The secret begins or ends with invisible characters, so every message would be refused.
    #[error(
        "the secret in {reference} {edges}, which cannot be seen and is probably a mistake: {}",
        way_out(reference)
    )]
    InvisibleEdges { reference: SecretReference, edges: InvisibleEdges },
    /// The secret has several lines.
    #[error("the secret in {reference} has more than one line, which is probably a mistake: {}", way_out(reference))]
    SeveralLines { reference: SecretReference },
    /// There is no terminal to ask on.
    #[error("`prompt` works only where someone can type; write `env:NAME` or `file:PATH`")]
    NoPrompt,
}

/// How to store a secret at the reference without a line end.
fn way_out(reference: &SecretReference) -> String {
    match reference {
        SecretReference::File(path) => {
            let path = path.display();
            format!("write it with `printf %s 'SECRET' > {path}`, or `{EXACT_PREFIX}{reference}` if it is meant")
        }
        SecretReference::Env(name) => {
            format!(
                "set it with `export {name}=\"$(printf %s 'SECRET')\"`, or write `{EXACT_PREFIX}{reference}` if it is meant"
            )
        }
        SecretReference::Prompt | SecretReference::Exact(_) => {
            format!("type it without, or put it into a file and write `{EXACT_PREFIX}file:PATH` if it is meant")
        }
    }
}

impl SecretReference {
    /// Reads the secret, without one line end at the end of a file. Its edges are checked: a credential can be made from it
    /// without checking them again.
    ///
    /// # Errors
    /// When there is no secret at the place, it must be asked for, or, without `exact:`, it has several lines or begins or
    /// ends with invisible characters.
    pub fn resolve(&self) -> Result<SecretString, ReferenceError> {
        match self {
            Self::Env(name) => self.checked(variable(name)?),
            Self::File(path) => {
                let mut text = content(path)?;
                if text.ends_with('\n') {
                    text.pop();
                    if text.ends_with('\r') {
                        text.pop();
                    }
                }
                self.checked(text.into())
            }
            Self::Prompt => Err(ReferenceError::NoPrompt),
            Self::Exact(reference) => match &**reference {
                Self::Env(name) => variable(name),
                Self::File(path) => content(path).map(SecretString::from),
                Self::Prompt | Self::Exact(_) => Err(ReferenceError::NoPrompt),
            },
        }
    }

    /// Checks a secret that was read or typed.
    ///
    /// # Errors
    /// When it has several lines, or begins or ends with invisible characters.
    pub fn checked(&self, secret: SecretString) -> Result<SecretString, ReferenceError> {
        let text = secret.expose_secret();
        if let Some(edges) = InvisibleEdges::of(text) {
            return Err(ReferenceError::InvisibleEdges { reference: self.clone(), edges });
        }
        if text.contains(['\n', '\r']) {
            return Err(ReferenceError::SeveralLines { reference: self.clone() });
        }
        Ok(secret)
    }

    /// The file of the reference, if it has one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Exact(reference) => reference.path(),
            Self::Env(_) | Self::Prompt => None,
        }
    }

    /// The reference with another path, if it is to a file.
    #[must_use]
    pub fn map_path(self, map: impl FnOnce(PathBuf) -> PathBuf) -> Self {
        match self {
            Self::File(path) => Self::File(map(path)),
            Self::Exact(reference) => match *reference {
                Self::File(path) => Self::Exact(Box::new(Self::File(map(path)))),
                other => Self::Exact(Box::new(other)),
            },
            other @ (Self::Env(_) | Self::Prompt) => other,
        }
    }
}

fn variable(name: &str) -> Result<SecretString, ReferenceError> {
    env::var(name).map(SecretString::from).map_err(|_| ReferenceError::Env { name: name.to_owned() })
}

fn content(path: &Path) -> Result<String, ReferenceError> {
    let mut text = String::new();
    // One byte more than allowed, so that an endless device is not read forever.
    match fs::File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)) {
        Ok(read) if read as u64 > MAX_FILE_BYTES => Err(ReferenceError::TooLarge { path: path.to_owned() }),
        Ok(_) => Ok(text),
        Err(source) => Err(ReferenceError::File { path: path.to_owned(), source }),
    }
}

impl FromStr for SecretReference {
    type Err = NotAReference;

    fn from_str(text: &str) -> Result<Self, NotAReference> {
        if let Some(reference) = text.strip_prefix(EXACT_PREFIX) {
            return match reference.parse()? {
                reference @ (Self::Env(_) | Self::File(_)) => Ok(Self::Exact(Box::new(reference))),
                Self::Prompt | Self::Exact(_) => Err(NotAReference),
            };
        }
        match text.split_once(':') {
            None if text == "prompt" => Ok(Self::Prompt),
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            _ => Err(NotAReference),
        }
    }
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Prompt => f.write_str("prompt"),
            Self::Exact(reference) => write!(f, "{EXACT_PREFIX}{reference}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_an_end_is_not_read_for_ever() {
        let endless = SecretReference::File("/dev/zero".into());
        assert!(matches!(endless.resolve(), Err(ReferenceError::TooLarge { .. })));
    }

    #[test]
    fn only_references_are_references() {
        for text in [
            "env:NAME",
            "file:/run/secrets/flowingly",
            "file:C:\\secrets\\x",
            "prompt",
            "exact:env:NAME",
            "exact:file:x",
        ] {
            assert_eq!(text.parse::<SecretReference>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "env:",
            "file:",
            "hunter2",
            "ENV:NAME",
            "vault:x",
            "exact:",
            "exact:hunter2",
            "exact:prompt",
            "exact:exact:env:X",
        ] {
            assert_eq!(text.parse::<SecretReference>(), Err(NotAReference), "{text:?}");
        }
    }

    #[test]
    fn a_secret_with_invisible_edges_is_refused_unless_it_is_meant() {
        let file = env::temp_dir().join(format!("schemas-reference-{}", std::process::id()));
        let reference = SecretReference::File(file.clone());
        let exact = SecretReference::Exact(Box::new(reference.clone()));
        for (content, refused) in [
            ("canary", None),
            ("canary\n", None),
            ("canary\r\n", None),
            ("ca nary\n", None),
            ("canary\n\n", Some("ends with `\\n` (a line end)")),
            ("canary\r\n\r\n", Some("ends with `\\r\\n`")),
            ("canary\r", Some("ends with `\\r`")),
            ("canary \n", Some("ends with ` ` (a space)")),
            ("\u{feff}canary\n", Some("begins with `\\u{feff}`")),
            ("\u{a0}canary\u{200b}", Some("begins with `\\u{a0}` and ends with `\\u{200b}`")),
            ("canary\ncanary\n", Some("has more than one line")),
        ] {
            fs::write(&file, content).unwrap();
            match (reference.resolve(), refused) {
                (Ok(secret), None) => assert_eq!(secret.expose_secret(), content.trim_end_matches(['\r', '\n'])),
                (Err(error), Some(words)) => {
                    let error = error.to_string();
                    let path = file.display();
                    for part in
                        [words, &format!("file:{path}"), &format!("printf %s 'SECRET' > {path}`"), "`exact:file:"]
                    {
                        assert!(error.contains(part), "{content:?}: {error}");
                    }
                    assert!(!error.contains("canary"), "{error}");
                }
                (found, _) => panic!("{content:?}: {}", found.is_ok()),
            }
            assert_eq!(exact.resolve().unwrap().expose_secret(), content);
        }
        fs::remove_file(file).unwrap();
    }
}
