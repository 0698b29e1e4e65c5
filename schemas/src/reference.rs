//! A reference to a secret: where it lies, never what it is. So no secret stands on a command line or in a
//! configuration file.

use std::{env, fmt, fs, io::Read as _, path::PathBuf, str::FromStr};

use secrecy::SecretString;

/// Most bytes of a file with a secret: far above 250 characters of four bytes and a line end. A file may hold a URL, too.
const MOST: u64 = 64 * 1024;

/// Where a secret lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretReference {
    /// `env:NAME`: an environment variable.
    Env(String),
    /// `file:PATH`: a file's content, less one line end at its end.
    File(PathBuf),
    /// `prompt`: asked for on the terminal.
    Prompt,
}

/// The text is no reference. It is not repeated: it may be the secret itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not a reference to a secret; write `env:NAME` or `file:PATH`, so that the secret itself stands nowhere"
)]
pub struct NotAReference;

/// A reference leads to no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// The variable is not set, or not UTF-8.
    #[error("the environment variable {name} is not set, or is not UTF-8")]
    Env {
        /// The variable.
        name: String,
    },
    /// The file holds more than any secret can.
    #[error("{} holds more than {MOST} bytes, which no secret of the product's form can have", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read, or is not UTF-8.
    #[error("cannot read the secret in {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// There is nobody to ask.
    #[error("`prompt` works only where someone can type; write `env:NAME` or `file:PATH`")]
    NoPrompt,
}

impl SecretReference {
    /// Reads the secret.
    ///
    /// # Errors
    /// When there is none at the place, or it must be asked for.
    pub fn resolve(&self) -> Result<SecretString, ReferenceError> {
        match self {
            Self::Env(name) => {
                env::var(name).map(SecretString::from).map_err(|_| ReferenceError::Env { name: name.clone() })
            }
            Self::File(path) => {
                let mut text = String::new();
                // One byte more than allowed, so that a device without an end is not read for ever.
                let read = fs::File::open(path).and_then(|file| file.take(MOST + 1).read_to_string(&mut text));
                match read {
                    Ok(read) if read as u64 > MOST => return Err(ReferenceError::TooLarge { path: path.clone() }),
                    Ok(_) => {}
                    Err(source) => return Err(ReferenceError::File { path: path.clone(), source }),
                }
                if text.ends_with('\n') {
                    text.pop();
                    if text.ends_with('\r') {
                        text.pop();
                    }
                }
                Ok(text.into())
            }
            Self::Prompt => Err(ReferenceError::NoPrompt),
        }
    }
}

impl FromStr for SecretReference {
    type Err = NotAReference;

    fn from_str(text: &str) -> Result<Self, NotAReference> {
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
        for text in ["env:NAME", "file:/run/secrets/flowingly", "file:C:\\secrets\\x", "prompt"] {
            assert_eq!(text.parse::<SecretReference>().unwrap().to_string(), text);
        }
        for text in ["", "env:", "file:", "hunter2", "ENV:NAME", "vault:x"] {
            assert_eq!(text.parse::<SecretReference>(), Err(NotAReference), "{text:?}");
        }
    }
}
