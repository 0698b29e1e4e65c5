//! Searches for all credentials in one pass over a text: a bit for each byte of each credential is set if the text read so
//! far ends with the credential up to this byte (the Shift-And algorithm). The time is proportional to the length of the
//! text times the number of machine words for these bits, whatever the text.

use std::ops::Range;

use super::{
    MIN_CREDENTIAL_BYTES,
    unit::{MAX_UNIT_BYTES, Unit, each_reading, is_escape, is_trigger},
};

#[derive(Clone, Copy)]
pub(super) struct Pattern<'p> {
    pub(super) bytes: &'p [u8],
    /// Whether letters and digits before or after it make it another word.
    pub(super) is_word: bool,
}

/// Minimum length in bytes of a pattern whose ASCII letters match in any case: so long a text hardly occurs by chance.
const MIN_FOLDED_BYTES: usize = 12;

impl Pattern<'_> {
    /// The bytes in a text that are equal to one of the pattern.
    fn equal_to(&self, byte: u8) -> [u8; 2] {
        let is_folded = self.bytes.len() >= MIN_FOLDED_BYTES;
        if is_folded { [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] } else { [byte; 2] }
    }

    /// Whether the first `length` bytes of the pattern end with these.
    fn ends_with(&self, length: usize, bytes: &[u8]) -> bool {
        let end = length.checked_sub(bytes.len()).map(|from| &self.bytes[from..length]);
        end.is_some_and(|end| end.iter().zip(bytes).all(|(own, byte)| self.equal_to(*own).contains(byte)))
    }
}

/// Maximum size of an encoded character that a truncated text may end in.
const MAX_CUT_BYTES: usize = 16;

/// Number of positions ahead at which an encoded character may end.
const RING_SLOTS: usize = MAX_UNIT_BYTES + 1;

/// Patterns in the form for the search.
pub(super) struct Matcher<'p> {
    patterns: Vec<Pattern<'p>>,
    /// The number of each pattern's first bit.
    offsets: Vec<usize>,
    /// Number of machine words of a state.
    words: usize,
    first: Vec<u64>,
    last: Vec<u64>,
    /// Whether a byte begins a pattern.
    begins: [bool; 256],
    /// For each byte, the bits of the patterns' bytes that are equal to it.
    equal: Vec<u64>,
    /// The bits of bytes that may be lost: those beyond ASCII, in patterns that keep enough other bytes.
    lost_bytes: Vec<u64>,
    /// The first bits of the characters of these bytes, by the length of the character in UTF-8, from 2 on.
    lost_characters: [Vec<u64>; 3],
}

impl<'p> Matcher<'p> {
    /// For non-empty patterns.
    pub(super) fn new(patterns: impl Iterator<Item = Pattern<'p>>) -> Self {
        let patterns: Vec<Pattern<'p>> = patterns.filter(|pattern| !pattern.bytes.is_empty()).collect();
        let bits: usize = patterns.iter().map(|pattern| pattern.bytes.len()).sum();
        let words = bits.div_ceil(64);
        let (mut first, mut last, mut equal) = (vec![0; words], vec![0; words], vec![0; 256 * words]);
        let mut offsets = Vec::with_capacity(patterns.len());
        let mut begins = [false; 256];
        let (mut lost_bytes, mut lost_characters) = (vec![0; words], [const { Vec::new() }; 3]);
        lost_characters.iter_mut().for_each(|bits| bits.resize(words, 0));
        let mut bit = 0;
        for pattern in &patterns {
            offsets.push(bit);
            if pattern.bytes.iter().filter(|byte| byte.is_ascii()).count() >= MIN_CREDENTIAL_BYTES {
                let bytes = pattern.bytes.iter().enumerate().filter(|(_, byte)| !byte.is_ascii());
                for (index, byte) in bytes {
                    set(&mut lost_bytes, bit + index);
                    if let Some(bits) = character_length(*byte).and_then(|length| lost_characters.get_mut(length - 2)) {
                        set(bits, bit + index);
                    }
                }
            }
            set(&mut first, bit);
            pattern.equal_to(pattern.bytes[0]).iter().for_each(|byte| begins[usize::from(*byte)] = true);
            for byte in pattern.bytes {
                for same in pattern.equal_to(*byte) {
                    set(&mut equal[usize::from(same) * words..][..words], bit);
                }
                bit += 1;
            }
            set(&mut last, bit - 1);
        }
        Self { patterns, offsets, words, first, last, begins, equal, lost_bytes, lost_characters }
    }

    /// Calls `found` with every range that is a pattern until it returns false. Ranges can overlap.
    pub(super) fn each(&self, text: &[u8], mut found: impl FnMut(Range<usize>) -> bool) {
        if self.words == 0 {
            return;
        }
        let mut pass = Pass { matcher: self, text, ring: vec![0; RING_SLOTS * self.words], jumps: Vec::new() };
        let mut last_ends = vec![usize::MAX; self.patterns.len()];
        let mut state = vec![0; self.words];
        for at in 0..=text.len() {
            pass.arrive(at, &mut state);
            if state.iter().zip(&self.last).any(|(state, last)| state & last != 0) {
                for (index, pattern) in self.patterns.iter().enumerate() {
                    let length = pattern.bytes.len();
                    if !is_set(&state, self.offsets[index] + length - 1) {
                        continue;
                    }
                    let before = std::mem::replace(&mut last_ends[index], at);
                    // An occurrence that overlaps the one before it adds only its end, so repetitive text takes no longer.
                    let start = match at.checked_sub(before) {
                        Some(distance) if distance < length && !pattern.is_word => before,
                        _ => pass.start(pattern, pattern.bytes.len(), at),
                    };
                    if (!pattern.is_word || is_word(text, start, at)) && !found(start..at) {
                        return;
                    }
                }
            }
            pass.leave(at, &state);
        }
    }
}

impl Matcher<'_> {
    /// Adds to `slot` the states after a lost character or byte of one, and returns the bits that were added.
    fn lose(&self, state: &[u64], slot: &mut [u64]) -> u64 {
        let (mut carry, mut any) = (0, 0);
        let mut shifted_out = [0; 3];
        for word in 0..self.words {
            let reached = state[word] << 1 | carry | self.first[word];
            carry = state[word] >> 63;
            let mut next = reached & self.lost_bytes[word];
            for (index, bits) in self.lost_characters.iter().enumerate() {
                // On to the last byte of the character, which may be in the next word.
                let (begun, by) = (reached & bits[word], index as u32 + 1);
                next |= begun << by | shifted_out[index];
                shifted_out[index] = begun >> (64 - by);
            }
            slot[word] |= next;
            any |= next;
        }
        any
    }

    /// Where the first pattern begins that the end of the text truncates, with at least `least` bytes of it in the text.
    pub(super) fn cut_off(&self, text: &[u8], least: usize) -> Option<usize> {
        let mut pass = Pass { matcher: self, text, ring: vec![0; RING_SLOTS * self.words], jumps: Vec::new() };
        let mut state = vec![0; self.words];
        let mut first: Option<usize> = None;
        for at in 0..=text.len() {
            pass.arrive(at, &mut state);
            // The text may end inside an encoded character.
            let is_end = at == text.len() || (at + MAX_CUT_BYTES > text.len() && is_escape(text[at]));
            for (pattern, offset) in self.patterns.iter().zip(&self.offsets).filter(|_| is_end) {
                let lengths = (least..pattern.bytes.len()).rev();
                if let Some(length) = lengths.clone().find(|length| is_set(&state, offset + length - 1)) {
                    let start = pass.start(pattern, length, at);
                    first = Some(first.map_or(start, |first| first.min(start)));
                }
            }
            pass.leave(at, &state);
        }
        first
    }
}

struct Pass<'m, 'p> {
    matcher: &'m Matcher<'p>,
    text: &'m [u8],
    /// The states of the positions ahead.
    ring: Vec<u64>,
    /// Encoded characters that are part of a pattern so far: each one's start, ascending, and the character.
    jumps: Vec<(usize, Unit)>,
}

impl Pass<'_, '_> {
    /// Takes the state of a position.
    fn arrive(&mut self, at: usize, state: &mut [u64]) {
        let words = self.matcher.words;
        let slot = &mut self.ring[at % RING_SLOTS * words..][..words];
        state.copy_from_slice(slot);
        slot.fill(0);
    }

    /// Advances from a position by every reading of the text there.
    fn leave(&mut self, at: usize, state: &[u64]) {
        let Self { matcher, text, ring, jumps } = self;
        let words = matcher.words;
        // Most bytes are not part of a pattern.
        let is_part = |byte: &u8| is_trigger(*byte) || matcher.begins[usize::from(*byte)];
        if !text.get(at).is_some_and(is_part) && state.iter().all(|word| *word == 0) {
            return;
        }
        each_reading(text, at, |unit| {
            let slot = &mut ring[unit.end % RING_SLOTS * words..][..words];
            let mut any = 0;
            if unit.is_nothing() {
                for (slot, state) in slot.iter_mut().zip(state) {
                    *slot |= state;
                    any |= state;
                }
            } else if unit.is_lost() {
                any = matcher.lose(state, slot);
            } else if let [byte] = unit.bytes() {
                let equal = &matcher.equal[usize::from(*byte) * words..][..words];
                let mut carry = 0;
                for word in 0..words {
                    let next = (state[word] << 1 | carry | matcher.first[word]) & equal[word];
                    carry = state[word] >> 63;
                    slot[word] |= next;
                    any |= next;
                }
            } else {
                let mut next = state.to_vec();
                for (index, byte) in unit.bytes().iter().enumerate() {
                    let equal = &matcher.equal[usize::from(*byte) * words..][..words];
                    let mut carry = 0;
                    for word in 0..words {
                        let first = if index == 0 { matcher.first[word] } else { 0 };
                        let shifted = (next[word] << 1 | carry | first) & equal[word];
                        carry = next[word] >> 63;
                        next[word] = shifted;
                    }
                }
                for word in 0..words {
                    slot[word] |= next[word];
                    any |= next[word];
                }
            }
            if any != 0 && (unit.end > at + 1 || unit.bytes() != [text[at]]) {
                jumps.push((at, unit));
            }
        });
    }

    /// Where the first `whole` bytes of a pattern that end at `end` begin: the first position of all readings.
    fn start(&self, pattern: &Pattern<'_>, whole: usize, end: usize) -> usize {
        // The positions from which the rest of the pattern leads to the end, by the length of the pattern before them.
        let mut reached: Vec<Vec<usize>> = vec![Vec::new(); whole + 1];
        reached[whole].push(end);
        for length in (1..=whole).rev() {
            let mut ends = std::mem::take(&mut reached[length]);
            ends.sort_unstable();
            ends.dedup();
            while let Some(end) = ends.pop() {
                if let Some(at) = end.checked_sub(1)
                    && pattern.ends_with(length, &[self.text[at]])
                {
                    reached[length - 1].push(at);
                }
                let from = self.jumps.partition_point(|(at, _)| at + MAX_UNIT_BYTES < end);
                let near = self.jumps[from..].iter().take_while(|(at, _)| *at < end);
                for (at, unit) in near.filter(|(_, unit)| unit.end == end) {
                    let read = &pattern.bytes[..length];
                    if unit.is_nothing() {
                        ends.push(*at);
                        continue;
                    }
                    if !unit.is_lost() {
                        if pattern.ends_with(length, unit.bytes()) {
                            reached[length - unit.bytes().len()].push(*at);
                        }
                        continue;
                    }
                    let is_character = |from: usize| character_length(read[from]) == Some(length - from);
                    let whole = (length.saturating_sub(4)..length).find(|from| is_character(*from));
                    let byte = (!read[length - 1].is_ascii()).then_some(length - 1);
                    whole.into_iter().chain(byte).for_each(|from| reached[from].push(*at));
                }
            }
        }
        reached[0].iter().copied().min().unwrap_or(end)
    }
}

/// The length in UTF-8 of a character beyond ASCII, by its first byte.
fn character_length(first: u8) -> Option<usize> {
    match first {
        0xC2..=0xDF => Some(2),
        0xE0..=0xEF => Some(3),
        0xF0..=0xF4 => Some(4),
        _ => None,
    }
}

fn set(bits: &mut [u64], bit: usize) {
    bits[bit / 64] |= 1 << (bit % 64);
}

fn is_set(bits: &[u64], bit: usize) -> bool {
    bits[bit / 64] & 1 << (bit % 64) != 0
}

/// Whether no letter or digit is next to a range.
fn is_word(text: &[u8], start: usize, end: usize) -> bool {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
    !is_part(start.checked_sub(1).and_then(|before| text.get(before))) && !is_part(text.get(end))
}
