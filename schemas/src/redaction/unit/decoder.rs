//! One character of a text with a number of encodings removed.

use super::{
    Unit,
    entities::{ENTITY_NAMES, MAX_LEGACY_BYTES, MAX_NAME_BYTES},
};

/// Maximum number of digits of a numeric HTML character reference: seven and leading zeros.
const MAX_DIGITS: usize = 32;

/// A text, read up to a limit.
pub(super) struct Decoder<'t> {
    pub(super) text: &'t [u8],
    pub(super) limit: usize,
}

impl Decoder<'_> {
    /// The character at `at` with up to this many encodings removed.
    pub(super) fn unit(&self, layers: u8, at: usize) -> Option<Unit> {
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

    /// Three octal digits, which give a byte, as in C and in the output of Git.
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
    /// because that may be inside another encoding.
    fn quoted(&self, layers: u8, at: usize) -> Option<Unit> {
        let byte = self.hex(layers, at, 2).map(|(byte, end)| Unit::byte(byte as u8, end));
        byte.or_else(|| self.unit(layers, self.line_end(layers, at)?))
    }

    /// Where a soft line break of quoted-printable ends: an equals sign and CR LF, or LF.
    pub(super) fn line_break(&self, layers: u8, at: usize) -> Option<usize> {
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
                && let Some(character) = ENTITY_NAMES.get(&name[..length])
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

    /// Exactly `count` hex digits.
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
