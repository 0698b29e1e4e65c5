//! Finds credentials in untrusted text and masks them: one set of rules for what is shown, what is stored and what the
//! contract runner reports.
//!
//! A credential is found as it is and in every encoding in which a program may repeat it: escapes of JSON and of source
//! code, percent-encoding, quoted-printable, HTML character references, base64, hexadecimal, and layers of these; also in
//! a wrong charset, or with a question mark for each character beyond ASCII. The text is decoded while it is matched, so
//! there is no list of encodings that could be incomplete.

mod matcher;
mod name;
mod radix;
mod unit;

use std::{fmt, ops::Range};

use secrecy::{ExposeSecret as _, SecretString};

use self::matcher::{Matcher, Pattern};
pub use self::name::{is_sensitive_name, mask_url, url_credentials};
use self::radix::Radix;
use crate::authentication::Authentication;

/// Replaces a credential in a text.
pub const MASK: &str = "***";

/// Replaces the client secret in messages that are written to files. `learn` recognises it there.
pub const CLIENT_SECRET_PLACEHOLDER: &str = "<client-secret>";

/// Minimum size of a credential that is found inside other words. A shorter one is masked only as a word of its own and
/// never found by [`Redactor::is_in`]: it may be there by chance.
pub const MIN_CREDENTIAL_BYTES: usize = 6;

/// Minimum number of bytes of a credential to mask at the end of a truncated text.
const MIN_CUT_BYTES: usize = 4;

/// Credentials to find and mask. `Debug` shows none of them.
#[derive(Clone, Default)]
pub struct Redactor {
    credentials: Vec<SecretString>,
    /// `username:password` pairs that are too short to be found as text, but not in base64.
    pairs: Vec<SecretString>,
}

impl Redactor {
    /// The credential that an endpoint expects, if it expects one.
    pub fn of(authentication: &Authentication) -> Self {
        match authentication {
            Authentication::None => Self::default(),
            Authentication::ClientSecret { client_secret } => Self::default().with(client_secret.expose()),
            Authentication::Basic(basic) => Self::default().with_basic(basic.username(), basic.expose_password()),
        }
    }

    /// Finds this text, too; an empty one is ignored.
    #[must_use]
    pub fn with(mut self, credential: impl Into<SecretString>) -> Self {
        let credential = credential.into();
        let text = credential.expose_secret();
        if !text.is_empty() && self.credentials.iter().all(|known| known.expose_secret() != text) {
            self.credentials.push(credential);
        }
        self
    }

    /// Finds this password and its pair with the username, too.
    #[must_use]
    pub fn with_basic(self, username: &str, password: &str) -> Self {
        let pair = format!("{username}:{password}");
        let mut redactor = self.with(password);
        if pair.len() >= MIN_CREDENTIAL_BYTES {
            return redactor.with(pair);
        }
        redactor.pairs.push(pair.into());
        redactor
    }

    /// Finds the credentials of both.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let mut redactor = other.credentials.iter().cloned().fold(self, Self::with);
        redactor.pairs.extend(other.pairs.iter().cloned());
        redactor
    }

    /// Whether it has nothing to find.
    pub fn is_empty(&self) -> bool {
        self.credentials.is_empty() && self.pairs.is_empty()
    }

    /// Whether a credential of at least [`MIN_CREDENTIAL_BYTES`] is in the text, in any encoding.
    pub fn is_in(&self, text: &[u8]) -> bool {
        let mut is_in = false;
        self.each(text, false, |_| {
            is_in = true;
            false
        });
        is_in
    }

    /// The ranges of bytes that are a credential in any encoding, ascending and disjoint. In UTF-8 they begin and end between
    /// characters.
    ///
    /// The time is proportional to the length of the text, whatever its content.
    pub fn ranges(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.each(text, true, |range| {
            found.push(range);
            true
        });
        found.sort_unstable_by_key(|range| range.start);
        let mut ranges: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for range in found {
            match ranges.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => ranges.push(range),
            }
        }
        ranges
    }

    /// The text with [`MASK`] instead of each credential.
    pub fn mask(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.replace(text.as_bytes(), MASK)).into_owned()
    }

    /// The truncated text with [`MASK`] instead of each credential, and of the beginning of one at the end if it has
    /// four bytes or more.
    pub fn mask_cut(&self, text: &str) -> String {
        let patterns = self.credentials.iter().map(pattern).filter(|pattern| !pattern.is_word);
        match Matcher::new(patterns).cut_off(text.as_bytes(), MIN_CUT_BYTES) {
            Some(start) => self.mask(&text[..start]) + MASK,
            None => self.mask(text),
        }
    }

    /// The bytes with `replacement` instead of each credential.
    pub fn replace(&self, text: &[u8], replacement: &str) -> Vec<u8> {
        let (mut replaced, mut at) = (Vec::with_capacity(text.len()), 0);
        for range in self.ranges(text) {
            replaced.extend_from_slice(&text[at..range.start]);
            replaced.extend_from_slice(replacement.as_bytes());
            at = range.end;
        }
        replaced.extend_from_slice(&text[at..]);
        replaced
    }

    /// Calls `found` with each range until it returns false.
    fn each(&self, text: &[u8], with_words: bool, mut found: impl FnMut(Range<usize>) -> bool) {
        let patterns = || self.credentials.iter().map(pattern);
        let mut goes_on = true;
        Matcher::new(patterns().filter(|pattern| with_words || !pattern.is_word)).each(text, |range| {
            goes_on = found(range);
            goes_on
        });
        let pairs = self.pairs.iter().map(|pair| Pattern { is_word: false, ..pattern(pair) });
        let encoded: Vec<Pattern<'_>> = patterns().filter(|pattern| !pattern.is_word).chain(pairs).collect();
        let longest = encoded.iter().map(|pattern| pattern.bytes.len()).max();
        // In another charset a character may be one byte.
        let characters = |bytes: &[u8]| bytes.iter().filter(|byte| !(0x80..0xC0).contains(*byte)).count();
        let shortest = encoded.iter().map(|pattern| characters(pattern.bytes)).min();
        let (Some(shortest), Some(longest), true) = (shortest, longest, goes_on) else { return };
        let matcher = Matcher::new(encoded.iter().copied());
        for radix in [Radix::Base64, Radix::Hexadecimal] {
            radix::each_decoded(radix, text, shortest, longest, |bytes, place| {
                matcher.each(bytes, |range| {
                    goes_on = found(place(range));
                    goes_on
                });
                goes_on
            });
            if !goes_on {
                return;
            }
        }
    }
}

fn pattern(credential: &SecretString) -> Pattern<'_> {
    let bytes = credential.expose_secret().as_bytes();
    Pattern { bytes, is_word: bytes.len() < MIN_CREDENTIAL_BYTES }
}

impl<'s> Extend<&'s SecretString> for Redactor {
    fn extend<I: IntoIterator<Item = &'s SecretString>>(&mut self, credentials: I) {
        let all = std::mem::take(self);
        *self = credentials.into_iter().cloned().fold(all, Self::with);
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("credentials", &self.credentials.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
