//! What is wrong with a refused credential that is the right one in another encoding: in Latin-1, percent-encoded, with a
//! line end. Hints are for the operator, in a log or a report, and never part of an answer.

use std::fmt;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use secrecy::zeroize::Zeroizing;
use unicode_normalization::UnicodeNormalization as _;

use super::{CLIENT_SECRET_MAX_CHARACTERS, PASSWORD_MAX_CHARACTERS, USERNAME_MAX_CHARACTERS};
use crate::{
    charset::{single_byte, windows_1252},
    edges, wire,
};

/// Maximum size of a credential that is examined, as it was sent: one at its limits, percent-encoded or in base64 twice.
const MAX_BYTES: usize = 2500;

/// Base64 as careless programs write it: with or without padding, with stray bits at the end.
const LENIENT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Another way to write a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Spelling {
    /// In base64, although it belongs in the message as it is.
    Base64,
    /// In base64 that a strict decoder refuses: without padding, with stray bits or line breaks.
    Base64Lenient,
    /// In base64 of base64.
    Base64Twice,
    /// In the base64 alphabet for URLs.
    Base64Url,
    /// With invisible characters at an edge of the username, the password or the secret.
    InvisibleEdges,
    /// In ISO 8859-1.
    Latin1,
    /// `username:password`, without base64.
    NotBase64,
    /// In another Unicode normalization form.
    Normalization,
    /// With another scheme, or with none.
    OtherScheme,
    /// Percent-encoded, as in a URL or a form.
    PercentEncoded,
    /// In single or double quotes.
    Quoted,
    /// Username and password are swapped.
    Swapped,
    /// In UTF-16.
    Utf16,
    /// In UTF-8 that was taken for Latin-1 or Windows-1252 and encoded in UTF-8 again.
    Utf8Twice,
    /// In Windows-1252.
    Windows1252,
}

impl Spelling {
    /// How the credential was sent, and what the client has to do.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Base64 => ("in base64", "send it without base64"),
            Self::Base64Lenient => {
                ("in base64 that is not exact", "send the base64 with its padding and without line breaks")
            }
            Self::Base64Twice => ("in base64 twice", "encode it once"),
            Self::Base64Url => ("in base64url", "use the standard base64 alphabet, with padding"),
            Self::InvisibleEdges => {
                ("with white space or an invisible character around it", "leave it out (`echo` adds a line end)")
            }
            Self::Latin1 => ("in Latin-1", "encode it in UTF-8"),
            Self::NotBase64 => ("without base64", "encode `username:password` in base64"),
            Self::Normalization => {
                ("in another Unicode normalization form", "send exactly the characters that are configured")
            }
            Self::OtherScheme => ("with another scheme", "write `Basic` before the base64"),
            Self::PercentEncoded => ("percent-encoded", "decode it first"),
            Self::Quoted => ("in quotes", "leave the quotes out"),
            Self::Swapped => ("with username and password swapped", "swap them"),
            Self::Utf16 => ("in UTF-16", "encode it in UTF-8"),
            Self::Utf8Twice => ("in UTF-8 twice", "encode it once"),
            Self::Windows1252 => ("in Windows-1252", "encode it in UTF-8"),
        }
    }
}

/// How the encoding of a refused credential differs from that of the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    encoding: Option<Spelling>,
    text: Option<Spelling>,
}

impl Hint {
    /// Looks for a reading of an `authorization` header with which it is right.
    ///
    /// The header alone decides which readings are tried, and `is_right` is called for every one of them: as long as
    /// `is_right` takes constant time, the time reveals nothing about the right credential.
    pub fn of_basic(header: &[u8], mut is_right: impl FnMut(&str, &str) -> bool) -> Option<Self> {
        let mut tried: Vec<(Text, Text)> = Vec::new();
        let mut found = None;
        for (encoding, pair) in pairs(header) {
            for (text, pair) in texts(&pair) {
                for (text, username, password) in split(text, &pair) {
                    let possible = (1..=USERNAME_MAX_CHARACTERS).contains(&username.chars().count())
                        && (1..=PASSWORD_MAX_CHARACTERS).contains(&password.chars().count());
                    if !possible
                        || tried.iter().any(|(one, other)| (one.as_str(), other.as_str()) == (username, password))
                    {
                        continue;
                    }
                    tried.push((owned(username), owned(password)));
                    let hint = Self { encoding, text };
                    // Without a change it was refused.
                    if hint.spellings().next().is_some() && is_right(username, password) && found.is_none() {
                        found = Some(hint);
                    }
                }
            }
        }
        found
    }

    /// The same for a client secret, as it is in the message.
    pub fn of_secret(secret: &str, mut is_right: impl FnMut(&str) -> bool) -> Option<Self> {
        let mut tried: Vec<Text> = Vec::new();
        let mut found = None;
        for (encoding, secret) in secrets(secret) {
            for (text, secret) in texts(&secret) {
                let possible = (1..=CLIENT_SECRET_MAX_CHARACTERS).contains(&secret.chars().count());
                if !possible || tried.contains(&secret) {
                    continue;
                }
                let hint = Self { encoding, text };
                if hint.spellings().next().is_some() && is_right(&secret) && found.is_none() {
                    found = Some(hint);
                }
                tried.push(secret);
            }
        }
        found
    }

    /// The encodings, the outer one first; at least one.
    pub fn spellings(self) -> impl Iterator<Item = Spelling> {
        self.encoding.into_iter().chain(self.text)
    }
}

/// "the same credential in Latin-1 would match: encode it in UTF-8".
impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |words: fn(Spelling) -> &'static str| self.spellings().map(words).collect::<Vec<_>>().join(" and ");
        let (sent, fix) = (join(|spelling| spelling.words().0), join(|spelling| spelling.words().1));
        write!(f, "the same credential {sent} would match: {fix}")
    }
}

type Text = Zeroizing<String>;
type Read = (Option<Spelling>, Text);

fn owned(text: &str) -> Text {
    Zeroizing::new(text.to_owned())
}

/// The readings of an `authorization` header, in every encoding that clients use.
fn pairs(header: &[u8]) -> Vec<Read> {
    let header = header.trim_ascii();
    if header.len() > MAX_BYTES {
        return Vec::new();
    }
    let (scheme, parameter) = header.split_at(header.iter().position(|byte| *byte == b' ').unwrap_or(0));
    let parameter = parameter.trim_ascii();
    let exact = |text: &[u8]| STANDARD.decode(text).ok().map(Zeroizing::new);
    if !scheme.eq_ignore_ascii_case(wire::BASIC_SCHEME.as_bytes()) {
        let bytes = exact(parameter).or_else(|| exact(header));
        return bytes
            .and_then(|bytes| utf_8(&bytes))
            .map(|text| (Some(Spelling::OtherScheme), text))
            .into_iter()
            .collect();
    }
    let mut read = Vec::new();
    match exact(parameter) {
        Some(bytes) => {
            read.extend(utf_8(&bytes).map(|text| (None, text)));
            read.extend(charsets(&bytes));
            let twice = exact(bytes.trim_ascii()).and_then(|bytes| utf_8(&bytes));
            read.extend(twice.map(|text| (Some(Spelling::Base64Twice), text)));
        }
        None => {
            let (spelling, bytes) = inexact(parameter);
            let bytes = bytes.as_deref();
            read.extend(bytes.and_then(|bytes| utf_8(bytes)).map(|text| (Some(spelling), text)));
            read.extend(
                exact(unquoted_bytes(parameter))
                    .and_then(|bytes| utf_8(&bytes))
                    .map(|text| (Some(Spelling::Quoted), text)),
            );
            read.extend(utf_8(parameter).map(|text| (Some(Spelling::NotBase64), text)));
        }
    }
    read
}

/// The readings of a client secret.
fn secrets(secret: &str) -> Vec<Read> {
    if secret.len() > MAX_BYTES {
        return Vec::new();
    }
    let mut read = vec![(None, owned(secret))];
    read.extend(utf_8_twice(secret).map(|text| (Some(Spelling::Utf8Twice), text)));
    read.extend(
        inexact(secret.as_bytes()).1.and_then(|bytes| utf_8(&bytes)).map(|text| (Some(Spelling::Base64), text)),
    );
    read
}

fn utf_8(bytes: &[u8]) -> Option<Text> {
    std::str::from_utf8(bytes).ok().map(owned)
}

/// Bytes in the encodings that clients use instead of UTF-8.
fn charsets(bytes: &[u8]) -> Vec<Read> {
    if bytes.is_ascii() && !bytes.contains(&0) {
        return Vec::new();
    }
    let text = |characters: &mut dyn Iterator<Item = char>| Zeroizing::new(characters.collect::<String>());
    let mut read = vec![
        (Some(Spelling::Latin1), text(&mut bytes.iter().copied().map(char::from))),
        (Some(Spelling::Windows1252), text(&mut bytes.iter().copied().map(windows_1252))),
    ];
    read.extend(utf_8(bytes).and_then(|text| utf_8_twice(&text)).map(|text| (Some(Spelling::Utf8Twice), text)));
    for unit in [u16::from_le_bytes as fn([u8; 2]) -> u16, u16::from_be_bytes] {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        let whole = bytes.len().is_multiple_of(2);
        read.extend(
            String::from_utf16(&units)
                .ok()
                .filter(|_| whole)
                .map(|text| (Some(Spelling::Utf16), owned(text.trim_start_matches('\u{feff}')))),
        );
    }
    read
}

/// A text whose bytes in UTF-8 were each taken for a character.
fn utf_8_twice(text: &str) -> Option<Text> {
    if text.is_ascii() {
        return None;
    }
    let bytes: Option<Vec<u8>> = text.chars().map(single_byte).collect();
    utf_8(&Zeroizing::new(bytes?))
}

/// Base64 that a strict decoder may refuse, and how it deviates.
fn inexact(text: &[u8]) -> (Spelling, Option<Zeroizing<Vec<u8>>>) {
    let spelling =
        if text.iter().any(|byte| matches!(byte, b'-' | b'_')) { Spelling::Base64Url } else { Spelling::Base64Lenient };
    let standard = text.iter().filter(|byte| !byte.is_ascii_whitespace()).map(|byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    });
    let standard = Zeroizing::new(standard.collect::<Vec<u8>>());
    (spelling, LENIENT_BASE64.decode(&*standard).ok().map(Zeroizing::new))
}

/// A text, and what it may have been before a client changed it.
fn texts(text: &str) -> Vec<Read> {
    let other = |spelling, text: String| (Some(spelling), Zeroizing::new(text));
    let mut read = vec![(None, owned(text))];
    if !text.is_ascii() {
        read.push(other(Spelling::Normalization, text.nfc().collect()));
        read.push(other(Spelling::Normalization, text.nfd().collect()));
    }
    read.push(other(Spelling::InvisibleEdges, edges::trimmed(text).to_owned()));
    read.push(other(Spelling::Quoted, unquoted(text).to_owned()));
    if text.contains('%') {
        read.extend(percent_decoded(text).map(|text| (Some(Spelling::PercentEncoded), text)));
    }
    if text.contains('+') {
        read.extend(percent_decoded(&text.replace('+', " ")).map(|text| (Some(Spelling::PercentEncoded), text)));
    }
    read
}

/// Username and password of a pair, and what they may have been before.
fn split(text: Option<Spelling>, pair: &str) -> Vec<(Option<Spelling>, &str, &str)> {
    let mut read = Vec::new();
    if let Some((username, password)) = pair.split_once(':') {
        read.push((text, username, password));
        if text.is_none() {
            read.push((Some(Spelling::InvisibleEdges), edges::trimmed(username), edges::trimmed(password)));
            read.push((Some(Spelling::Quoted), unquoted(username), unquoted(password)));
        }
    }
    // A username holds no colon.
    if let (None, Some((password, username))) = (text, pair.rsplit_once(':')) {
        read.push((Some(Spelling::Swapped), username, password));
    }
    read
}

fn unquoted(text: &str) -> &str {
    ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(text)
}

fn unquoted_bytes(text: &[u8]) -> &[u8] {
    std::str::from_utf8(text).map_or(text, |text| unquoted(text).as_bytes())
}

fn percent_decoded(text: &str) -> Option<Text> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|digits| byte == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let code = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(code.unwrap_or(byte));
        rest = &after[if code.is_some() { 2 } else { 0 }..];
    }
    utf_8(&bytes)
}

#[cfg(test)]
mod tests;
