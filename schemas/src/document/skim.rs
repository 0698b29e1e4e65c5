//! Finds the client secret of a large body by its brackets and strings alone, sixty-four bytes at a time. It does not check
//! whether the body is JSON: if every second byte is a token of its own, that takes several times as long, and only a
//! client that knows the secret gets it.
//!
//! In a body that is JSON it finds what the scan finds.

#[cfg(test)]
mod tests;

use super::{
    text,
    tokens::{end_of_string, peek, skip_space},
};
use crate::pointer::{self, Pointer};

/// The value at the client secret's place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Skimmed<'a> {
    /// The value: a string with its quotes, or the first byte of another value.
    pub(super) first: Option<&'a [u8]>,
    /// The last value, if there is more than one.
    pub(super) last: Option<&'a [u8]>,
}

/// Skims a body. `None` if it has an array that could hold the secret: elements are not counted here.
pub(super) fn skim<'a>(body: &'a [u8], secret: &Pointer) -> Option<Skimmed<'a>> {
    let tokens = secret.tokens();
    let skimmed = Skimmed::default();
    let mut skim = Skim { body, tokens, depth: 0, way: 0, next_on_way: None, is_in_array: false, skimmed };
    skim.enter(skip_space(body, 0));
    let (blocks, rest) = body.as_chunks();
    let mut last = [b' '; BLOCK_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    let mut strings = Strings::default();
    for (block, start) in blocks.iter().chain([&last]).zip((0..).step_by(BLOCK_BYTES)) {
        skim.block(start, &strings.next(block));
        if skim.is_in_array || (skim.depth == 0 && skim.next_on_way.is_none()) {
            break;
        }
    }
    (!skim.is_in_array).then_some(skim.skimmed)
}

struct Skim<'s, 'a> {
    body: &'a [u8],
    tokens: &'s [String],
    /// Number of enclosing arrays and objects.
    depth: usize,
    /// Number of these, from the outermost one on, that are objects on the way to the secret.
    way: usize,
    /// Where the next object on the way begins, once its name has been read.
    next_on_way: Option<usize>,
    is_in_array: bool,
    skimmed: Skimmed<'a>,
}

impl Skim<'_, '_> {
    fn block(&mut self, start: usize, tokens: &Tokens) {
        let mut rest = u64::MAX;
        loop {
            if self.depth > self.way {
                rest = self.skip(tokens, rest);
            }
            let tokens_left = (tokens.openers | tokens.closers | tokens.quotes) & rest;
            if tokens_left == 0 {
                return;
            }
            let bit = lowest(tokens_left);
            rest = above(bit);
            let at = start + bit.trailing_zeros() as usize;
            if tokens.quotes & bit != 0 {
                if self.way > 0 {
                    self.string(at);
                }
            } else if tokens.openers & bit != 0 {
                self.depth += 1;
                if self.next_on_way == Some(at) {
                    self.way += 1;
                    self.next_on_way = None;
                }
            } else if self.depth > 1 {
                self.depth -= 1;
                self.way -= 1;
            } else {
                (self.depth, self.next_on_way) = (0, None);
                return;
            }
        }
    }

    /// Skips to where the innermost array or object on the way is reached again, and returns the bits after it.
    fn skip(&mut self, tokens: &Tokens, rest: u64) -> u64 {
        let (openers, closers) = (tokens.openers & rest, tokens.closers & rest);
        let ended = closers.count_ones() as usize;
        if self.depth - self.way > ended {
            self.depth = self.depth + openers.count_ones() as usize - ended;
            return 0;
        }
        let mut brackets = openers | closers;
        let mut above_way = self.depth - self.way;
        while brackets != 0 {
            let bit = lowest(brackets);
            brackets ^= bit;
            above_way = above_way + 1 - 2 * usize::from(closers & bit != 0);
            if above_way == 0 {
                self.depth = self.way;
                return above(bit);
            }
        }
        self.depth = self.way + above_way;
        0
    }

    /// Reads a string that begins in an object on the way. It is a member's name if a colon follows.
    #[inline]
    fn string(&mut self, quote: usize) {
        let token = &self.tokens[self.way - 1];
        let Some(length) = text::spelling(&self.body[quote + 1..], token) else { return };
        let end = quote + 1 + length;
        let colon = skip_space(self.body, end + 1);
        if peek(self.body, end) != b'"' || peek(self.body, colon) != b':' {
            return;
        }
        let value = skip_space(self.body, colon + 1);
        if self.way < self.tokens.len() {
            self.enter(value);
        } else if value < self.body.len() {
            self.note(value);
        }
    }

    /// A value on the way begins.
    fn enter(&mut self, at: usize) {
        match peek(self.body, at) {
            b'{' => self.next_on_way = Some(at),
            b'[' => self.is_in_array |= pointer::index(&self.tokens[self.way]).is_some(),
            _ => {}
        }
    }

    fn note(&mut self, at: usize) {
        let end = if self.body[at] == b'"' { end_of_string(self.body, at + 1) } else { at };
        // A string without an end is not a value.
        let value = self.body.get(at..=end).unwrap_or(b"\0");
        if self.skimmed.first.is_none() {
            self.skimmed.first = Some(value);
        } else {
            self.skimmed.last = Some(value);
        }
    }
}

fn lowest(bits: u64) -> u64 {
    bits & bits.wrapping_neg()
}

fn above(bit: u64) -> u64 {
    !(bit | (bit - 1))
}

/// Number of bytes that are processed together, one bit each.
const BLOCK_BYTES: usize = 64;

/// Where tokens are in a block.
struct Tokens {
    quotes: u64,
    openers: u64,
    closers: u64,
}

/// State that carries over from one block to the next.
#[derive(Default)]
struct Strings {
    /// All bits if the last block ends in a string.
    is_open: u64,
    /// One if the last block ends in a backslash that escapes the next byte.
    is_escaped: u64,
}

impl Strings {
    #[inline]
    fn next(&mut self, block: &[u8; BLOCK_BYTES]) -> Tokens {
        let (mut quotes, mut backslashes, mut openers, mut closers) = (0, 0, 0, 0);
        for (word, shift) in block.as_chunks().0.iter().zip((0..).step_by(8)) {
            let word = u64::from_le_bytes(*word);
            // In ASCII `[` and `{`, and `]` and `}`, differ in this bit only.
            let folded = word | (ONES * 0x20);
            quotes |= equal(word, b'"') << shift;
            backslashes |= equal(word, b'\\') << shift;
            openers |= equal(folded, b'{') << shift;
            closers |= equal(folded, b'}') << shift;
        }
        quotes &= !self.escaped(backslashes);
        // Each quote flips all bits from its own on: the bits of a string are set, its first quote included.
        let mut strings = quotes;
        for shift in [1, 2, 4, 8, 16, 32] {
            strings ^= strings << shift;
        }
        strings ^= self.is_open;
        self.is_open = 0_u64.wrapping_sub(strings >> 63);
        Tokens { quotes: quotes & strings, openers: openers & !strings, closers: closers & !strings }
    }

    /// The bytes after an odd number of backslashes. Adding a run's first bit to the run carries into the bit after its end;
    /// whether the two positions are both even or both odd shows which runs are odd.
    #[inline]
    fn escaped(&mut self, backslashes: u64) -> u64 {
        const EVEN: u64 = u64::MAX / 3;
        let escaped = self.is_escaped;
        let backslashes = backslashes & !escaped;
        let starts = backslashes & !(backslashes << 1);
        let from_even = backslashes.wrapping_add(starts & EVEN) & !backslashes & !EVEN;
        let (from_odd, is_escaped) = backslashes.overflowing_add(starts & !EVEN);
        self.is_escaped = u64::from(is_escaped);
        escaped | from_even | (from_odd & !backslashes & EVEN)
    }
}

const ONES: u64 = u64::MAX / 255;

/// A bit for each of eight bytes, set if the byte is this one.
#[inline(always)]
fn equal(word: u64, byte: u8) -> u64 {
    const LOW: u64 = ONES * 0x7F;
    let differs = word ^ (ONES * u64::from(byte));
    let same = !(((differs & LOW) + LOW) | differs | LOW);
    // Moves the highest bit of each byte to the topmost byte, in their order.
    (same >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}
