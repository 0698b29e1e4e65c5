//! What is wrong with a refused credential that is the right one in another encoding: in Latin-1, percent-encoded, with a
//! line end. Hints are for the operator, in a log or a report, and never part of an answer.

mod credential_spelling;

use std::fmt;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use percent_encoding::percent_decode_str;
use secrecy::zeroize::Zeroizing;
use unicode_normalization::UnicodeNormalization as _;

pub use self::credential_spelling::Spelling;
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

/// What programs write before a credential that belongs there without it, in any letter case. The first that fits is the
/// one that is removed.
const PREFIXES: [&str; 6] = ["basic ", "bearer ", "v1,", "v1=", "whsec_", "sha256="];

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
        let (sent, fix) = (join(Spelling::description), join(Spelling::fix));
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
            let text = utf_8(parameter);
            let bare = text.as_deref().and_then(|text| unprefixed(text)).map(str::trim_start);
            let bare = bare.and_then(|bare| exact(bare.as_bytes())).and_then(|bytes| utf_8(&bytes));
            read.extend(bare.map(|text| (Some(Spelling::Prefixed), text)));
            read.extend(text.map(|text| (Some(Spelling::NotBase64), text)));
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
    read.extend(unprefixed(text).map(|text| other(Spelling::Prefixed, text.to_owned())));
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
            read.extend(unprefixed(password).map(|password| (Some(Spelling::Prefixed), username, password)));
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

/// The text after a prefix, if it has one.
fn unprefixed(text: &str) -> Option<&str> {
    PREFIXES.iter().find_map(|prefix| {
        let (start, rest) = text.split_at_checked(prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then_some(rest)
    })
}

fn unquoted_bytes(text: &[u8]) -> &[u8] {
    std::str::from_utf8(text).map_or(text, |text| unquoted(text).as_bytes())
}

fn percent_decoded(text: &str) -> Option<Text> {
    utf_8(&Zeroizing::new(percent_decode_str(text).collect::<Vec<u8>>()))
}

#[cfg(test)]
mod tests;
