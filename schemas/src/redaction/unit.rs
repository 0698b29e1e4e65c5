//! One encoded character at a time: JSON and source-code escapes, percent-encoding, quoted-printable and HTML character
//! references, up to three of them over one another; and characters that went through the wrong charset.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::LazyLock,
};

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
static NAMES: LazyLock<HashMap<&'static [u8], char, BuildHasherDefault<NameHasher>>> = LazyLock::new(|| {
    let lines = include_str!("entities.txt").lines();
    let entry = |line: &'static str| {
        let (name, code) = line.split_once(' ')?;
        Some((name.as_bytes(), char::from_u32(u32::from_str_radix(code, 16).ok()?)?))
    };
    lines.filter_map(entry).collect()
});

/// Longest name without a semicolon, in bytes.
const MAX_LEGACY_BYTES: usize = 6;

/// The hash FNV-1a. A text of nothing but references is looked up several times for each of its bytes, and the names are known,
/// so that nobody can choose ones that collide.
struct NameHasher(u64);

impl Default for NameHasher {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    }
}

/// The characters of Windows-1252 whose bytes are 0x80 to 0x9F; those from 0xA0 on are the ones of Unicode. A replacement
/// character is in the place of a byte that has none.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{FFFD}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{FFFD}', 'Ž', '\u{FFFD}', '\u{FFFD}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{FFFD}', 'ž', 'Ÿ',
];

/// A character as it may be read, and where the text goes on after it. Percent-encoding gives single bytes. One without
/// bytes is the trace of a character beyond ASCII, or of one of its bytes, that a charset has not.
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

    /// The same with the zero bytes after it, as UTF-16 and UTF-32 have them beside a character of Latin-1.
    fn widened(self, text: &[u8]) -> Self {
        let zeros = text[self.end..].iter().take(3).take_while(|byte| **byte == 0).count();
        Self { end: self.end + zeros, ..self }
    }

    /// Whether it is the trace of a character that was lost.
    pub(super) fn is_lost(&self) -> bool {
        self.len == 0 && self.bytes[0] == 0
    }

    /// Whether it is no part of the text at all, but of the encoding.
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

/// Whether there is more than one way to read a byte.
pub(super) fn is_trigger(byte: u8) -> bool {
    is_escape(byte) || matches!(byte, b'?' | 0x80..)
}

/// Calls `take` with every way to read what is at `at`: as it is, and with one to three encodings removed, in UTF-8 or
/// another charset.
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
    let reader = Reader { text, limit: text.len().min(at + MAX_UNIT_BYTES) };
    for layers in 1..=LAYERS {
        if let Some(unit) = reader.unit(layers, at)
            && unit != last
        {
            take(unit);
            each_charset(unit, &mut take);
            last = unit;
        }
    }
    for end in (0..LAYERS).filter_map(|layers| reader.line_break(layers, at)) {
        take(Unit::nothing(end));
    }
}

/// The other ways to read a character where somebody took one charset for another: a byte for a character of Latin-1 or
/// Windows-1252 (`\xfc` in a text that is not UTF-8), such a character for a byte (`Ã¼`), and what stands for a character
/// that a charset has not.
fn each_charset(unit: Unit, take: &mut impl FnMut(Unit)) {
    match *unit.bytes() {
        [b'?'] => take(Unit::lost(unit.end)),
        [byte @ 0x80..=0xFF] => {
            take(Unit::character(char::from(byte), unit.end));
            if let Some(character) = WINDOWS_1252.get(usize::from(byte - 0x80)) {
                take(Unit::character(*character, unit.end));
            }
        }
        [_, _, ..] => {
            let Some(character) = unit.whole() else { return };
            if character == char::REPLACEMENT_CHARACTER {
                take(Unit::lost(unit.end));
            } else if let Ok(byte) = u8::try_from(u32::from(character)) {
                take(Unit::byte(byte, unit.end));
            } else if let Some(index) = WINDOWS_1252.iter().position(|known| *known == character) {
                take(Unit::byte(0x80 + index as u8, unit.end));
            }
        }
        _ => {}
    }
}

/// The character at `at`, where it may be a byte of Latin-1 or Windows-1252 that was taken for a character, or what stands
/// for a character that was lost; other characters have no other reading.
fn replaced(text: &[u8], at: usize) -> Option<Unit> {
    let length = match text[at] {
        0xC2..=0xC3 | 0xC5..=0xC6 | 0xCB => 2,
        0xE2 | 0xEF => 3,
        _ => return None,
    };
    let character = std::str::from_utf8(text.get(at..at + length)?).ok()?.chars().next()?;
    Some(Unit::character(character, at + length))
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
            Some(b'=') => self.quoted(layers - 1, first.end),
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
            b'0'..=b'3' => self.octal(layers, at),
            b'n' => Some(Unit::byte(b'\n', end)),
            b'r' => Some(Unit::byte(b'\r', end)),
            b't' => Some(Unit::byte(b'\t', end)),
            b'b' => Some(Unit::byte(0x08, end)),
            b'f' => Some(Unit::byte(0x0C, end)),
            _ if byte.is_ascii_punctuation() => Some(Unit::byte(byte, end)),
            _ => None,
        }
    }

    /// Three octal digits, which are a byte, as in C and in the output of Git.
    fn octal(&self, layers: u8, mut at: usize) -> Option<Unit> {
        let mut code = 0;
        for _ in 0..3 {
            let (byte, end) = self.ascii(layers, at)?;
            code = code * 8 + char::from(byte).to_digit(8)?;
            at = end;
        }
        Some(Unit::byte(u8::try_from(code).ok()?, at))
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

    /// What follows an equals sign in quoted-printable (RFC 2045 section 6.7): a byte, or a line end and the next character,
    /// for it may be inside of another encoding.
    fn quoted(&self, layers: u8, at: usize) -> Option<Unit> {
        let byte = self.hex(layers, at, 2).map(|(byte, end)| Unit::byte(byte as u8, end));
        byte.or_else(|| self.unit(layers, self.line_end(layers, at)?))
    }

    /// Where a line end of quoted-printable ends that is not part of the text: an equals sign and CR LF, or LF.
    fn line_break(&self, layers: u8, at: usize) -> Option<usize> {
        let (b'=', end) = self.ascii(layers, at)? else { return None };
        self.line_end(layers, end)
    }

    fn line_end(&self, layers: u8, at: usize) -> Option<usize> {
        match self.ascii(layers, at)? {
            (b'\n', end) => Some(end),
            (b'\r', end) => self.ascii(layers, end).filter(|(byte, _)| *byte == b'\n').map(|(_, end)| end),
            _ => None,
        }
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
        let (mut name, mut length, mut legacy) = ([0; MAX_NAME_BYTES], 0, None);
        while length < MAX_NAME_BYTES
            && let Some((byte, end)) = self.ascii(layers, at)
        {
            if byte != b';' && !byte.is_ascii_alphanumeric() {
                break;
            }
            name[length] = byte;
            length += 1;
            at = end;
            if (byte == b';' || length <= MAX_LEGACY_BYTES)
                && let Some(character) = NAMES.get(&name[..length])
            {
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
            // A character that stands as it is is read byte by byte.
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
