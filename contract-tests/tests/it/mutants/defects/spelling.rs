//! What programs do to a text before they compare it, and should not.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

pub(super) fn nfc(text: &str) -> String {
    text.nfc().collect()
}

pub(super) fn nfkc(text: &str) -> String {
    text.nfkc().collect()
}

/// As a collation of a database does that ignores accents and letter case.
pub(super) fn without_accents(text: &str) -> String {
    text.nfd().filter(|character| !is_combining_mark(*character)).collect::<String>().to_lowercase()
}

pub(super) fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As a conversion to ASCII does.
pub(super) fn ascii(text: &str) -> String {
    text.chars().map(|character| if character.is_ascii() { character } else { '?' }).collect()
}

/// As a conversion to Latin-1 does that drops the upper byte.
pub(super) fn low_bytes(text: &str) -> Vec<u8> {
    text.encode_utf16().map(|unit| unit as u8).collect()
}

/// As decoding bytes does that are taken for Latin-1.
pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The first bytes, even if that cuts a character.
pub(super) fn cut(text: &str, bytes: usize) -> &[u8] {
    &text.as_bytes()[..text.len().min(bytes)]
}

/// As a decoder for URLs does; `+` is a space where forms are decoded.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = text.as_bytes();
    let mut decoded = Vec::new();
    while let Some((&first, rest)) = bytes.split_first() {
        let digits = rest.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()).filter(|_| first == b'%') {
            Some(byte) => {
                decoded.push(byte);
                bytes = &rest[2..];
            }
            None => {
                decoded.push(first);
                bytes = rest;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// As an encoder for URLs does: letters, digits and four marks stay.
pub(super) fn percent_encoded(text: &str) -> String {
    let spelt = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(spelt).collect()
}

/// As Python shows bytes: `b'S\\xc3\\xa9'`.
pub(super) fn python_bytes(bytes: &[u8]) -> String {
    let spelt = |byte: &u8| match byte {
        b'\\' | b'\'' => format!("\\{}", char::from(*byte)),
        b' '..=b'~' => char::from(*byte).to_string(),
        byte => format!("\\x{byte:02x}"),
    };
    format!("b'{}'", bytes.iter().map(spelt).collect::<String>())
}

/// As a decoder for HTML does.
pub(super) fn html_decoded(text: &str) -> String {
    let mut parts = text.split("&#");
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let entity =
            part.split_once(';').and_then(|(number, rest)| Some((char::from_u32(number.parse().ok()?)?, rest)));
        match entity {
            Some((character, rest)) => {
                decoded.push(character);
                decoded += rest;
            }
            None => decoded += part,
        }
    }
    decoded.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// The number that a loosely typed language sees in a text.
pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}
