//! One encoded character at a time: JSON and source-code escapes, percent-encoding, quoted-printable and HTML character
//! references, up to three layers of them, and characters that went through the wrong charset.

mod decoder;
mod entities;

use self::decoder::Decoder;
use crate::charset::{single_byte, windows_1252};

/// Maximum number of layers of encodings, such as JSON in JSON in HTML.
const MAX_LAYERS: u8 = 3;
/// Maximum size of an encoded character.
pub(super) const MAX_UNIT_BYTES: usize = 160;

/// A reading of a character, and where the text continues after it. Percent-encoding gives single bytes. A unit without
/// bytes is the trace of a character beyond ASCII, or of one of its bytes, that is missing in a charset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) end: usize,
    bytes: [u8; 4],
    len: u8,
}

impl Unit {
    fn byte(byte: u8, end: usize) -> Self {
        Self { end, bytes: [byte, 0, 0, 0], len: 1 }
    }

    fn character(character: char, end: usize) -> Self {
        let mut bytes = [0; 4];
        let len = character.encode_utf8(&mut bytes).len();
        Self { end, bytes, len: len as u8 }
    }

    fn code(code: u32, end: usize) -> Option<Self> {
        char::from_u32(code).map(|character| Self::character(character, end))
    }

    fn lost(end: usize) -> Self {
        Self { end, bytes: [0; 4], len: 0 }
    }

    fn nothing(end: usize) -> Self {
        Self { end, bytes: [1; 4], len: 0 }
    }

    /// With the zero bytes that follow it, as a character of Latin-1 has them in UTF-16 and UTF-32.
    fn widened(self, text: &[u8]) -> Self {
        let zeros = text[self.end..].iter().take(3).take_while(|byte| **byte == 0).count();
        Self { end: self.end + zeros, ..self }
    }

    /// Whether it is the trace of a character that was lost.
    pub(super) fn is_lost(&self) -> bool {
        self.len == 0 && self.bytes[0] == 0
    }

    /// Whether it is part of the encoding and not of the text.
    pub(super) fn is_nothing(&self) -> bool {
        self.len == 0 && self.bytes[0] == 1
    }

    /// The character in UTF-8, or one byte of it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The character, if it is whole.
    fn whole(&self) -> Option<char> {
        std::str::from_utf8(self.bytes()).ok()?.chars().next()
    }

    /// The character, if it is ASCII.
    pub(super) fn ascii(self) -> Option<u8> {
        if self.len == 1 && self.bytes[0].is_ascii() { Some(self.bytes[0]) } else { None }
    }
}

/// Whether a byte may begin an encoded character.
pub(super) fn is_escape(byte: u8) -> bool {
    matches!(byte, b'\\' | b'%' | b'&' | b'+' | b'=')
}

/// Whether a byte has more than one reading.
pub(super) fn is_trigger(byte: u8) -> bool {
    is_escape(byte) || matches!(byte, b'?' | 0x80..)
}

/// Calls `take` with every reading of the text at `at`: as it is and with one to three encodings removed, in UTF-8 or another
/// charset.
pub(super) fn each_reading(text: &[u8], at: usize, mut take: impl FnMut(Unit)) {
    let Some(byte) = text.get(at) else { return };
    let mut last = Unit::byte(*byte, at + 1);
    take(last);
    let is_wide = text.get(at + 1) == Some(&0);
    if !is_trigger(*byte) && !is_wide {
        return;
    }
    if is_wide {
        take(last.widened(text));
    }
    for unit in [Some(last), replaced(text, at)].into_iter().flatten() {
        each_charset(unit, &mut |unit| {
            take(unit);
            if text.get(unit.end) == Some(&0) {
                take(unit.widened(text));
            }
        });
    }
    if !is_escape(*byte) {
        return;
    }
    let decoder = Decoder { text, limit: text.len().min(at + MAX_UNIT_BYTES) };
    for layers in 1..=MAX_LAYERS {
        if let Some(unit) = decoder.unit(layers, at)
            && unit != last
        {
            take(unit);
            each_charset(unit, &mut take);
            last = unit;
        }
    }
    for end in (0..MAX_LAYERS).filter_map(|layers| decoder.line_break(layers, at)) {
        take(Unit::nothing(end));
    }
}

/// The other readings of a character if one charset was taken for another: a byte as a character of Latin-1 or Windows-1252
/// (`\xfc` in a text that is not UTF-8), such a character as a byte (`Ã¼`), and the replacement of a character that is
/// missing in a charset.
fn each_charset(unit: Unit, take: &mut impl FnMut(Unit)) {
    match *unit.bytes() {
        [b'?'] => take(Unit::lost(unit.end)),
        [byte @ 0x80..=0xFF] => {
            take(Unit::character(char::from(byte), unit.end));
            if byte < 0xA0 {
                take(Unit::character(windows_1252(byte), unit.end));
            }
        }
        [_, _, ..] => {
            let Some(character) = unit.whole() else { return };
            if character == char::REPLACEMENT_CHARACTER {
                take(Unit::lost(unit.end));
            } else if let Some(byte) = single_byte(character) {
                take(Unit::byte(byte, unit.end));
            }
        }
        _ => {}
    }
}

/// The character at `at`, if it may be a byte of Latin-1 or Windows-1252 that was taken for a character, or the replacement
/// of a lost character; others have no other reading.
fn replaced(text: &[u8], at: usize) -> Option<Unit> {
    let length = match text[at] {
        0xC2..=0xC3 | 0xC5..=0xC6 | 0xCB => 2,
        0xE2 | 0xEF => 3,
        _ => return None,
    };
    let character = std::str::from_utf8(text.get(at..at + length)?).ok()?.chars().next()?;
    Some(Unit::character(character, at + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_character_is_read_in_each_encoding() {
        for (text, expected) in [
            ("a", "a"),
            (r"\u00fc", "ü"),
            (r"\u00FC", "ü"),
            (r"\ud83d\ude00", "😀"),
            (r"\U0001f600", "😀"),
            (r"\u{1F600}", "😀"),
            (r"\xfc", "ü"),
            (r"\/", "/"),
            (r#"\""#, "\""),
            (r"\t", "\t"),
            ("%41", "A"),
            ("%u00fc", "ü"),
            ("+", " "),
            ("&uuml;", "ü"),
            ("&uuml", "ü"),
            ("&#252;", "ü"),
            ("&#252", "ü"),
            ("&#xfc;", "ü"),
            ("&#X0000000FC;", "ü"),
            ("&quot;", "\""),
            ("&apos;", "'"),
            ("&lpar;", "("),
            ("%2541", "A"),
            (r"\\u00fc", "ü"),
            (r#"\\\""#, "\""),
            ("%5Cu00fc", "ü"),
            ("&amp;uuml;", "ü"),
            ("&amp;amp;uuml;", "ü"),
            (r"\u0026uuml;", "ü"),
            ("%26%23252%3B", "ü"),
            ("&#92;u00fc", "ü"),
            ("%252541", "A"),
            (r"\303", "\u{c3}"),
            (r"\101", "A"),
            ("=41", "A"),
            ("%3D41", "A"),
            ("€", "€"),
            ("%80", "€"),
            ("%FC", "ü"),
        ] {
            let mut readings = Vec::new();
            each_reading(text.as_bytes(), 0, |unit| readings.push(unit));
            // An unencoded character is read byte by byte.
            let whole = readings.iter().any(|unit| unit.bytes() == expected.as_bytes() && unit.end == text.len());
            assert!(whole || text == expected, "{text}: {readings:?}");
        }
    }

    #[test]
    fn a_character_of_another_charset_is_read_as_the_one_or_byte_that_it_was() {
        for (text, expected) in [
            (&b"\xfc"[..], "ü".as_bytes()),
            (b"\x80", "€".as_bytes()),
            ("Ã".as_bytes(), b"\xc3"),
            ("¼".as_bytes(), b"\xbc"),
            ("€".as_bytes(), b"\x80"),
            ("„".as_bytes(), b"\x84"),
            ("\u{84}".as_bytes(), b"\x84"),
            (b"\\u00c3", b"\xc3"),
            (b"\\xc3", b"\xc3"),
            (b"&Atilde;", b"\xc3"),
            (b"%C3", "Ã".as_bytes()),
            (b"?", b""),
            (b"%3F", b""),
            ("\u{fffd}".as_bytes(), b""),
            (b"\\ufffd", b""),
            (b"=\r\n", b""),
            (b"%3D%0A", b""),
            (b"A\0", b"A"),
            (b"A\0\0\0", b"A"),
            (b"\xfc\0", "ü".as_bytes()),
            ("\u{fffd}\0".as_bytes(), b""),
        ] {
            let mut readings = Vec::new();
            each_reading(text, 0, |unit| readings.push(unit));
            let is_read = readings.iter().any(|unit| unit.bytes() == expected && unit.end == text.len());
            assert!(is_read, "{text:?}: {readings:?}");
        }
    }

    #[test]
    fn what_is_not_an_encoded_character_is_read_as_it_is() {
        for text in [
            r"\",
            r"\u",
            r"\u12",
            r"\ud83d",
            r"\ud83d\u0041",
            r"\q",
            "%",
            "%4",
            "%zz",
            "&",
            "&;",
            "&#;",
            "&#x110000;",
            "&zzz;",
            "=",
            "=4",
            "=zz",
            "=\r",
            r"\18",
            r"\400",
        ] {
            let mut readings = Vec::new();
            each_reading(text.as_bytes(), 0, |unit| readings.push(unit));
            assert_eq!(readings.len(), 1, "{text}: {readings:?}");
        }
    }
}
