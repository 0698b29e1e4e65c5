//! Basic credentials as a request presents them.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};

use super::{PASSWORD_MAX_CHARACTERS, USERNAME_MAX_CHARACTERS};
use crate::wire;

/// Maximum size of `username:password`: every character may take four bytes in UTF-8.
const PAIR_MAX_BYTES: usize = 4 * USERNAME_MAX_CHARACTERS + 1 + 4 * PASSWORD_MAX_CHARACTERS;
/// Maximum length of a Basic parameter that can be right, in base64 characters: 1068.
pub const BASIC_PARAMETER_MAX: usize = PAIR_MAX_BYTES.div_ceil(3) * 4;

/// The Basic credentials in a request's `authorization` header, right or wrong.
pub struct PresentedBasic {
    pair: SecretString,
    colon: usize,
}

impl PresentedBasic {
    /// Reads the value of one `authorization` header (RFC 9110 section 11.4, RFC 7617 section 2). The scheme's case does
    /// not matter, and spaces can follow it. The base64 has the standard alphabet and padding and no stray bits. The text
    /// is UTF-8 and is split at the first colon.
    ///
    /// # Errors
    /// When it has another form or is too long to be right. The error holds no part of the value.
    pub fn parse(header: &[u8]) -> Result<Self, BasicError> {
        let header = header.trim_ascii();
        if header.is_empty() {
            return Err(BasicError::Empty);
        }
        let (scheme, parameter) = header.split_at(header.iter().position(|byte| *byte == b' ').unwrap_or(header.len()));
        if !scheme.eq_ignore_ascii_case(wire::BASIC_SCHEME.as_bytes()) {
            return Err(BasicError::Scheme);
        }
        let parameter = parameter.trim_ascii();
        if parameter.len() > BASIC_PARAMETER_MAX {
            return Err(BasicError::TooLong);
        }
        let bytes = STANDARD.decode(parameter).ok().filter(|bytes| !bytes.is_empty()).ok_or(BasicError::Base64)?;
        let pair = String::from_utf8(bytes).map_err(|_| BasicError::Utf8)?;
        let colon = pair.find(':').ok_or(BasicError::NoColon)?;
        Ok(Self { pair: pair.into(), colon })
    }

    /// The part before the first colon.
    pub fn username(&self) -> &str {
        &self.pair.expose_secret()[..self.colon]
    }

    /// The part after the first colon.
    pub fn expose_password(&self) -> &str {
        &self.pair.expose_secret()[self.colon + 1..]
    }
}

impl fmt::Debug for PresentedBasic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedBasic(..)")
    }
}

/// Why a header is not a Basic credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BasicError {
    /// The parameter is not padded standard base64.
    #[error("the parameter is not base64")]
    Base64,
    /// The header is empty.
    #[error("the header is empty")]
    Empty,
    /// The decoded text has no colon.
    #[error("the decoded text has no colon")]
    NoColon,
    /// The scheme is not `basic`.
    #[error("the scheme is not basic")]
    Scheme,
    /// It is longer than two credentials at their limits.
    #[error("the parameter is longer than any credential can be")]
    TooLong,
    /// The decoded bytes are not UTF-8.
    #[error("the decoded text is not UTF-8")]
    Utf8,
}
