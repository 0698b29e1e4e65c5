//! One encoded character at a time: JSON and source-code escapes, percent-encoding, and HTML character references, up
//! to three of them over one another.

use std::{collections::HashMap, sync::LazyLock};

/// Number of encodings that may lie over one another, such as JSON in JSON in HTML.
const LAYERS: u8 = 3;
/// Longest encoded character, in bytes of the text.
pub(super) const MAX_UNIT_BYTES: usize = 160;
/// Longest name of an HTML character reference, in bytes.
const MAX_NAME_BYTES: usize = 32;
/// Maximum number of digits of a numeric HTML character reference; its value needs seven, the others are zeros.
const MAX_DIGITS: usize = 32;

/// The names of the HTML standard (section 13.5) that stand for one character; those without a semicolon are legacy
/// names that a browser takes without one.
static NAMES: LazyLock<HashMap<&'static str, char>> = LazyLock::new(|| {
    let lines = include_str!("entities.txt").lines();
    let entry = |line: &'static str| {
        let (name, code) = line.split_once(' ')?;
        Some((name, char::from_u32(u32::from_str_radix(code, 16).ok()?)?))
    };
    lines.filter_map(entry).collect()
});

/// A character as it may be read, and where the text goes on after it. Percent-encoding gives single bytes.
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

    /// The character in UTF-8, or one byte of it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The character, if it is ASCII.
    pub(super) fn ascii(self) -> Option<u8> {
        if self.len == 1 && self.bytes[0].is_ascii() { Some(self.bytes[0]) } else { None }
    }
}

/// Whether a byte may begin an encoded character.
pub(super) fn is_trigger(byte: u8) -> bool {
    matches!(byte, b'\\' | b'%' | b'&' | b'+')
}

/// Calls `take` with every way to read what is at `at`: as it is, and with one to three encodings removed.
pub(super) fn each_reading(text: &[u8], at: usize, mut take: impl FnMut(Unit)) {
    let Some(byte) = text.get(at) else { return };
    let mut last = Unit::byte(*byte, at + 1);
    take(last);
    if !is_trigger(*byte) {
        return;
    }
    let reader = Reader { text, limit: text.len().min(at + MAX_UNIT_BYTES) };
    for layers in 1..=LAYERS {
        if let Some(unit) = reader.unit(layers, at)
            && unit != last
        {
            take(unit);
            last = unit;
        }
    }
    // `\xfc` is a character in some languages and a byte of UTF-8 in others.
    if let Some((byte @ 0x80.., end)) = reader.byte_escape(at) {
        take(Unit::byte(byte, end));
    }
}

/// A text, read up to a limit.
struct Reader<'t> {
    text: &'t [u8],
    limit: usize,
}

impl Reader<'_> {
    /// The character at `at` with up to this many encodings removed; as it is where there are fewer.
    fn unit(&self, layers: u8, at: usize) -> Option<Unit> {
        if layers == 0 {
            return self.text[..self.limit].get(at).map(|byte| Unit::byte(*byte, at + 1));
        }
        let first = self.unit(layers - 1, at)?;
        let decoded = match first.ascii() {
            Some(b'\\') => self.escape(layers - 1, first.end),
            Some(b'%') => self.percent(layers - 1, first.end),
            Some(b'&') => self.reference(layers - 1, first.end),
            Some(b'+') => Some(Unit::byte(b' ', first.end)),
            _ => None,
        };
        Some(decoded.unwrap_or(first))
    }

    fn ascii(&self, layers: u8, at: usize) -> Option<(u8, usize)> {
        let unit = self.unit(layers, at)?;
        unit.ascii().map(|byte| (byte, unit.end))
    }

    /// What follows a backslash: an escape of JSON (RFC 8259 section 7), or of JavaScript, Python or Rust.
    fn escape(&self, layers: u8, at: usize) -> Option<Unit> {
        let (byte, end) = self.ascii(layers, at)?;
        match byte {
            b'u' => self.utf16(layers, end).or_else(|| self.braced(layers, end)),
            b'U' => self.hex(layers, end, 8).and_then(|(code, end)| Unit::code(code, end)),
            b'x' => self.hex(layers, end, 2).and_then(|(code, end)| Unit::code(code, end)),
            b'n' => Some(Unit::byte(b'\n', end)),
            b'r' => Some(Unit::byte(b'\r', end)),
            b't' => Some(Unit::byte(b'\t', end)),
            b'b' => Some(Unit::byte(0x08, end)),
            b'f' => Some(Unit::byte(0x0C, end)),
            _ if byte.is_ascii_punctuation() => Some(Unit::byte(byte, end)),
            _ => None,
        }
    }

    /// Four hex digits, or a surrogate pair.
    fn utf16(&self, layers: u8, at: usize) -> Option<Unit> {
        let (high, end) = self.hex(layers, at, 4)?;
        if !(0xD800..0xDC00).contains(&high) {
            return Unit::code(high, end);
        }
        let (b'\\', end) = self.ascii(layers, end)? else { return None };
        let (b'u', end) = self.ascii(layers, end)? else { return None };
        let (low, end) = self.hex(layers, end, 4)?;
        let low = low.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
        Unit::code(0x1_0000 + ((high - 0xD800) << 10) + low, end)
    }

    fn braced(&self, layers: u8, at: usize) -> Option<Unit> {
        let (b'{', at) = self.ascii(layers, at)? else { return None };
        let (code, end) = self.digits(layers, at, 16)?;
        let (b'}', end) = self.ascii(layers, end)? else { return None };
        Unit::code(code, end)
    }

    fn byte_escape(&self, at: usize) -> Option<(u8, usize)> {
        let rest = self.text[..self.limit].get(at..)?.strip_prefix(b"\\x")?;
        let digit = |at: usize| char::from(*rest.get(at)?).to_digit(16);
        Some(((digit(0)? << 4 | digit(1)?) as u8, at + 4))
    }

    /// What follows a percent sign: a byte (RFC 3986 section 2.1), or `u` and four digits, as JavaScript's `escape` has.
    fn percent(&self, layers: u8, at: usize) -> Option<Unit> {
        if let Some((byte, end)) = self.hex(layers, at, 2) {
            return Some(Unit::byte(byte as u8, end));
        }
        let (b'u', end) = self.ascii(layers, at)? else { return None };
        self.hex(layers, end, 4).and_then(|(code, end)| Unit::code(code, end))
    }

    /// What follows an ampersand: a character reference of HTML, by name or number.
    fn reference(&self, layers: u8, at: usize) -> Option<Unit> {
        let (first, end) = self.ascii(layers, at)?;
        if first != b'#' {
            return self.named(layers, at);
        }
        let (code, end) = match self.ascii(layers, end)? {
            (b'x' | b'X', end) => self.digits(layers, end, 16)?,
            _ => self.digits(layers, end, 10)?,
        };
        Unit::code(code, self.after_semicolon(layers, end))
    }

    fn named(&self, layers: u8, mut at: usize) -> Option<Unit> {
        let (mut name, mut legacy) = (String::new(), None);
        while name.len() < MAX_NAME_BYTES
            && let Some((byte, end)) = self.ascii(layers, at)
        {
            if byte != b';' && !byte.is_ascii_alphanumeric() {
                break;
            }
            name.push(char::from(byte));
            at = end;
            if let Some(character) = NAMES.get(name.as_str()) {
                legacy = Some(Unit::character(*character, end));
            }
            if byte == b';' {
                break;
            }
        }
        legacy
    }

    fn after_semicolon(&self, layers: u8, at: usize) -> usize {
        match self.ascii(layers, at) {
            Some((b';', end)) => end,
            _ => at,
        }
    }

    /// Exactly so many hex digits.
    fn hex(&self, layers: u8, mut at: usize, count: usize) -> Option<(u32, usize)> {
        let mut code = 0_u32;
        for _ in 0..count {
            let (byte, end) = self.ascii(layers, at)?;
            code = code.checked_mul(16)?.checked_add(char::from(byte).to_digit(16)?)?;
            at = end;
        }
        Some((code, at))
    }

    /// As many digits as there are, leading zeros included.
    fn digits(&self, layers: u8, mut at: usize, radix: u32) -> Option<(u32, usize)> {
        let (mut code, mut count) = (0_u32, 0);
        while count < MAX_DIGITS
            && let Some((byte, end)) = self.ascii(layers, at)
            && let Some(digit) = char::from(byte).to_digit(radix)
        {
            code = code.checked_mul(radix)?.checked_add(digit)?;
            (at, count) = (end, count + 1);
        }
        (count > 0).then_some((code, at))
    }
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
        ] {
            let mut readings = Vec::new();
            each_reading(text.as_bytes(), 0, |unit| readings.push(unit));
            let whole = readings.iter().any(|unit| unit.bytes() == expected.as_bytes() && unit.end == text.len());
            assert!(whole, "{text}: {readings:?}");
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
        ] {
            let mut readings = Vec::new();
            each_reading(text.as_bytes(), 0, |unit| readings.push(unit));
            assert_eq!(readings.len(), 1, "{text}: {readings:?}");
        }
    }
}
