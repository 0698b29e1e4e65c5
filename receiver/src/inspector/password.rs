//! The inspector's password: drawn at the first start, in a file of the data folder that only its owner can read. After a
//! rotation the old one is valid until the time in the name of its file.

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, header};
use parking_lot::Mutex;
use schemas::{Authentication, BasicCredentials, SecretReference};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    config::{FirstRunError, Kept, Sources, draw_secret, write_secret},
    verify::Verifier,
};

/// The user name that goes with the password.
pub(crate) const USERNAME: &str = "operator";
/// In the data folder, because it opens what that folder holds, and there in a folder of its own: a rotation locks the folder
/// of the file, and the receiver has locked the data folder.
pub(crate) const PASSWORD_FILE: &str = "inspector/password";

/// How often the files are checked for a change, at most.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);

/// The passwords that are accepted now.
pub(super) struct Passwords {
    file: PathBuf,
    loaded: Mutex<Loaded>,
}

struct Loaded {
    verifier: Verifier,
    current: SecretString,
    sources: Sources,
    checked: Instant,
}

/// The password cannot be created or read.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The new file cannot be written.
    #[error("the inspector's password: {0}")]
    Create(#[from] FirstRunError),
    /// The file cannot be used.
    #[error("cannot use the inspector's password in {}: {message}; delete the file and restart the receiver to draw another", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// The cause.
        message: String,
    },
}

impl Passwords {
    /// Reads the password in a data folder, and draws one if there is none.
    pub(super) fn open(data: &Path) -> Result<Self, PasswordError> {
        let file = data.join(PASSWORD_FILE);
        if !file.exists() {
            match write_secret(&file, &draw_secret()) {
                Err(FirstRunError::Create { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
                written => written?,
            }
        }
        Ok(Self { loaded: Mutex::new(Loaded::read(&file)?), file })
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The current password.
    pub(super) fn current(&self) -> SecretString {
        self.loaded.lock().current.clone()
    }

    /// Whether the request has the password, as Basic credentials or as a bearer token.
    pub(super) fn accepts(&self, headers: &HeaderMap) -> bool {
        let verifier = self.verifier();
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let token = match (values.next(), values.next()) {
            (Some(value), None) => bearer_token(value),
            _ => None,
        };
        let basic = token.map(|token| {
            let credentials = [USERNAME.as_bytes(), b":", token].concat();
            let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(credentials)))
                .expect("base64 is valid in a header");
            value.set_sensitive(true);
            HeaderMap::from_iter([(header::AUTHORIZATION, value)])
        });
        verifier.check_headers(basic.as_ref().unwrap_or(headers)).is_ok()
    }

    /// Reads the files again if they have changed. If they cannot be read, the previous passwords stay valid.
    fn verifier(&self) -> Verifier {
        let mut loaded = self.loaded.lock();
        if loaded.checked.elapsed() > CHECK_INTERVAL {
            loaded.checked = Instant::now();
            if loaded.sources.now() != loaded.sources {
                match Loaded::read(&self.file) {
                    Ok(new) => {
                        *loaded = new;
                        tracing::info!("the inspector's password changed");
                    }
                    Err(error) => {
                        loaded.sources = loaded.sources.now();
                        tracing::error!(%error, "the previous password of the inspector stays valid");
                    }
                }
            }
        }
        loaded.verifier.clone()
    }
}

impl Loaded {
    fn read(file: &Path) -> Result<Self, PasswordError> {
        let mut sources = Sources::default();
        let (authentication, current) = read(file, &mut sources)?;
        let mut verifier = Verifier::new(&authentication);
        for kept in Kept::all(file) {
            let (old, _) = read(&kept.file, &mut sources)?;
            verifier =
                verifier.also_accept(&old, SystemTime::try_from(kept.until).ok()).expect("both are of the type Basic");
        }
        Ok(Self { verifier, current, sources, checked: Instant::now() })
    }
}

fn read(file: &Path, sources: &mut Sources) -> Result<(Authentication, SecretString), PasswordError> {
    sources.note(file);
    let unusable = |message: String| PasswordError::Unusable { file: file.to_owned(), message };
    let password = SecretReference::File(file.to_owned()).resolve().map_err(|error| unusable(error.to_string()))?;
    let basic = BasicCredentials::exact(USERNAME, password.expose_secret().to_owned());
    let basic = basic.map_err(|error| unusable(error.to_string()))?;
    Ok((Authentication::Basic(basic), password))
}

fn bearer_token(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, token) = value.as_bytes().split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}
