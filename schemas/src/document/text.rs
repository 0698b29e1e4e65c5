//! Strings of a body that a scan has accepted: the bytes between their quotes and the text that these represent.

use std::borrow::Cow;

use super::tokens::HEX_VALUES;

/// The text of a string. Allocates only if there are escapes.
pub(super) fn unescaped(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        text.push_str(plain);
        let (character, length) = escape(escaped.as_bytes());
        text.push(character);
        rest = &escaped[length..];
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// Whether a string has this text. Looks no further than the first difference.
pub(crate) fn spells(raw: &[u8], text: &str) -> bool {
    spelling(raw, text) == Some(raw.len())
}

/// The length of this text at the beginning of a string, escapes included. Looks no further than the first difference.
#[inline]
pub(super) fn spelling(raw: &[u8], text: &str) -> Option<usize> {
    let (mut at, mut left) = (0, text.as_bytes());
    while let Some((expected, rest)) = left.split_first() {
        match *raw.get(at)? {
            b'\\' => {
                let (character, length) = escape(&raw[at + 1..]);
                left = left.strip_prefix(character.encode_utf8(&mut [0; 4]).as_bytes())?;
                at += 1 + length;
            }
            // It ends the string.
            b'"' => return None,
            byte if byte == *expected => {
                left = rest;
                at += 1;
            }
            _ => return None,
        }
    }
    Some(at)
}

/// The first byte of a string's text.
pub(crate) fn first(raw: &[u8]) -> Option<u8> {
    match raw {
        [b'\\', escaped @ ..] => Some(escape(escaped).0.encode_utf8(&mut [0; 4]).as_bytes()[0]),
        [byte, ..] => Some(*byte),
        [] => None,
    }
}

/// The character of an escape, and the length of the escape in bytes without its backslash.
fn escape(raw: &[u8]) -> (char, usize) {
    let unit = |at: usize| {
        let digits = raw.get(at..at + 4).unwrap_or_default().iter();
        digits.fold(0, |unit, digit| unit << 4 | u32::from(HEX_VALUES[usize::from(*digit)] & 15))
    };
    let (code, length) = match raw.first() {
        Some(b'b') => (0x08, 1),
        Some(b'f') => (0x0C, 1),
        Some(b'n') => (0x0A, 1),
        Some(b'r') => (0x0D, 1),
        Some(b't') => (0x09, 1),
        Some(b'u') => match unit(1) {
            high @ 0xD800..=0xDBFF => (0x1_0000 + ((high - 0xD800) << 10 | unit(7) & 0x3FF), 11),
            code => (code, 5),
        },
        Some(byte) => (u32::from(*byte), 1),
        None => (u32::from(b'\\'), 0),
    };
    (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_as_serde_json_reads_them() {
        for raw in [
            "",
            "plain",
            r#"\"\\\/\b\f\n\r\t"#,
            r"\u0041\u00e4\u00E4\uFFFF\u0000",
            r"\ud83c\udf0a\uDBFF\uDFFF",
            "ä\\u00e4\u{1F30A}x",
        ] {
            let expected: String = serde_json::from_str(&format!("\"{raw}\"")).unwrap();
            assert_eq!(unescaped(raw), expected, "{raw}");
            assert_eq!(first(raw.as_bytes()), expected.bytes().next(), "{raw}");
            assert!(spells(raw.as_bytes(), &expected), "{raw}");
            for other in [format!("{expected}x"), format!("x{expected}"), expected.replace('A', "B") + "\0"] {
                assert!(!spells(raw.as_bytes(), &other), "{raw} is not {other:?}");
            }
        }
    }
}
