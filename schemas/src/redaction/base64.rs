//! Base64 (RFC 4648 sections 4 and 5) inside a text: in either alphabet, padded or not, over several lines, and in the
//! other encodings.

use std::ops::Range;

use super::unit::each_reading;

/// Longest part of a text that is decoded at once, in characters. It bounds memory; parts overlap.
const MAX_PART: usize = 1 << 16;

/// A character of base64.
#[derive(Clone, Copy)]
struct Sextet {
    value: u8,
    start: usize,
    end: usize,
}

/// Calls `look` with what each part of the text decodes to, until it gives false. It also gets what says which range of
/// the text a range of the decoded bytes is. Parts that decode to fewer than `shortest` bytes are left out;
/// `longest` is the most bytes of what is looked for.
pub(super) fn each_decoded(
    text: &[u8],
    shortest: usize,
    longest: usize,
    mut look: impl FnMut(&[u8], &dyn Fn(Range<usize>) -> Range<usize>) -> bool,
) {
    let overlap = longest * 2 + 8;
    let mut part: Vec<Sextet> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let read = read(text, at);
        match read {
            Some((Some(value), end)) => part.push(Sextet { value, start: at, end }),
            // A line end inside of base64, as MIME and PEM have it.
            Some((None, _)) if !part.is_empty() => {}
            _ => {
                if !decode(text, &part, shortest, &mut look) {
                    return;
                }
                part.clear();
            }
        }
        at = read.map_or(at + 1, |(_, end)| end);
        if part.len() == MAX_PART {
            if !decode(text, &part, shortest, &mut look) {
                return;
            }
            part.drain(..MAX_PART.saturating_sub(overlap).max(1));
        }
    }
    decode(text, &part, shortest, &mut look);
}

/// Decodes a part from each of its first four characters on: it may begin with some that do not belong to the base64.
fn decode(
    text: &[u8],
    part: &[Sextet],
    shortest: usize,
    look: &mut impl FnMut(&[u8], &dyn Fn(Range<usize>) -> Range<usize>) -> bool,
) -> bool {
    for skipped in 0..4 {
        let Some(sextets) = part.get(skipped..).filter(|sextets| sextets.len() * 3 / 4 >= shortest) else { break };
        let mut bytes = Vec::with_capacity(sextets.len() * 3 / 4);
        for group in sextets.chunks(4) {
            let value = |at: usize| group.get(at).map_or(0, |sextet| u32::from(sextet.value));
            let bits = value(0) << 18 | value(1) << 12 | value(2) << 6 | value(3);
            bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
        }
        let place = |range: Range<usize>| {
            let last = (range.end * 8).div_ceil(6).min(sextets.len()).saturating_sub(1);
            let mut end = sextets[last].end;
            if last + 1 == sextets.len() {
                end = after_padding(text, end);
            }
            sextets[range.start * 8 / 6].start..end
        };
        if !look(&bytes, &place) {
            return false;
        }
    }
    true
}

/// The value of the character at `at`, `None` for a line end, and where it ends.
fn read(text: &[u8], at: usize) -> Option<(Option<u8>, usize)> {
    let mut found = None;
    each_reading(text, at, |unit| {
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
                padding.get_or_insert(unit.end);
            }
        });
        match padding {
            Some(after) => end = after,
            None => break,
        }
    }
    end
}
