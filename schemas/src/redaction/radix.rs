//! Base64 (RFC 4648 sections 4 and 5) and hexadecimal in a text: base64 in either alphabet, with or without padding, over
//! several lines, and inside the other encodings; hexadecimal in either case, also with separators between bytes.

use std::ops::Range;

use super::unit::each_reading;

/// Maximum number of characters that are decoded at once, to limit memory. Parts overlap.
const MAX_PART: usize = 1 << 16;

/// An encoding of bytes as digits.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Radix {
    Base64,
    Hexadecimal,
}

/// A character of base64 or a hexadecimal digit.
#[derive(Clone, Copy)]
struct Digit {
    value: u8,
    start: usize,
    end: usize,
}

/// Calls `look` with the decoded bytes of each part of the text, and a function from a range of these to the range of the
/// text, until it returns false. Parts that decode to fewer than `shortest` bytes are left out; `longest` is the maximum
/// length of a pattern.
pub(super) fn each_decoded(
    radix: Radix,
    text: &[u8],
    shortest: usize,
    longest: usize,
    mut look: impl FnMut(&[u8], &dyn Fn(Range<usize>) -> Range<usize>) -> bool,
) {
    let overlap = longest * 2 + 8;
    let mut part: Vec<Digit> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let read = radix.read(text, at);
        match read {
            Some((Some(value), end)) => part.push(Digit { value, start: at, end }),
            Some((None, _)) if !part.is_empty() => {}
            _ => {
                if !decode(radix, text, &part, shortest, &mut look) {
                    return;
                }
                part.clear();
            }
        }
        at = read.map_or(at + 1, |(_, end)| end);
        if part.len() == MAX_PART {
            if !decode(radix, text, &part, shortest, &mut look) {
                return;
            }
            part.drain(..MAX_PART.saturating_sub(overlap).max(1));
        }
    }
    decode(radix, text, &part, shortest, &mut look);
}

/// Decodes a part from each of its first characters that may begin a byte, because the first ones may not belong to the
/// encoded text.
fn decode(
    radix: Radix,
    text: &[u8],
    part: &[Digit],
    shortest: usize,
    look: &mut impl FnMut(&[u8], &dyn Fn(Range<usize>) -> Range<usize>) -> bool,
) -> bool {
    let bits = radix.bits();
    for skipped in 0..radix.alignments() {
        let Some(digits) = part.get(skipped..).filter(|digits| digits.len() * bits / 8 >= shortest) else { break };
        let (mut bytes, mut rest) = (Vec::with_capacity(digits.len() * bits / 8), 0_u32);
        for (index, digit) in digits.iter().enumerate() {
            rest = rest << bits | u32::from(digit.value);
            // Number of bits that are not part of a byte yet.
            let left = (index + 1) * bits % 8;
            if left < bits {
                bytes.push((rest >> left) as u8);
            }
        }
        let place = |range: Range<usize>| {
            let last = (range.end * 8).div_ceil(bits).min(digits.len()).saturating_sub(1);
            let mut end = digits[last].end;
            if radix == Radix::Base64 && last + 1 == digits.len() {
                end = after_padding(text, end);
            }
            digits[range.start * 8 / bits].start..end
        };
        if !look(&bytes, &place) {
            return false;
        }
    }
    true
}

impl Radix {
    /// Bits of a digit.
    fn bits(self) -> usize {
        match self {
            Self::Base64 => 6,
            Self::Hexadecimal => 4,
        }
    }

    /// Number of digits after which a digit begins a byte again.
    fn alignments(self) -> usize {
        match self {
            Self::Base64 => 4,
            Self::Hexadecimal => 2,
        }
    }

    /// The value of the digit at `at`, or `None` for a separator, and where it ends.
    fn read(self, text: &[u8], at: usize) -> Option<(Option<u8>, usize)> {
        match self {
            Self::Base64 => read_base64(text, at),
            Self::Hexadecimal => {
                let is_digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_hexdigit);
                let value = char::from(text[at]).to_digit(16).map(|value| value as u8);
                match text[at] {
                    _ if value.is_some() => Some((value, at + 1)),
                    b' ' | b':' | b'-' | b',' if is_digit(at + 1) => Some((None, at + 1)),
                    _ => None,
                }
            }
        }
    }
}

/// The value of the character at `at`, or `None` for a line end as in MIME and PEM, and where it ends.
fn read_base64(text: &[u8], at: usize) -> Option<(Option<u8>, usize)> {
    let mut found = None;
    each_reading(text, at, |unit| {
        if unit.is_nothing() {
            found.get_or_insert((None, unit.end));
            return;
        }
        let value = match unit.ascii() {
            Some(byte @ b'A'..=b'Z') => Some(byte - b'A'),
            Some(byte @ b'a'..=b'z') => Some(byte - b'a' + 26),
            Some(byte @ b'0'..=b'9') => Some(byte - b'0' + 52),
            Some(b'+' | b'-') => Some(62),
            Some(b'/' | b'_') => Some(63),
            Some(b'\r' | b'\n') => None,
            _ => return,
        };
        found.get_or_insert((value, unit.end));
    });
    found
}

fn after_padding(text: &[u8], mut end: usize) -> usize {
    for _ in 0..2 {
        let mut padding = None;
        each_reading(text, end, |unit| {
            if unit.ascii() == Some(b'=') {
                padding = padding.max(Some(unit.end));
            }
        });
        match padding {
            Some(after) => end = after,
            None => break,
        }
    }
    end
}
