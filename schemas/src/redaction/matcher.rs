//! Looks for all credentials at once, in one pass over a text: a bit for each byte of each credential says whether the
//! text read so far ends with that much of it (the Shift-And algorithm). The cost is the text's length times the
//! number of machine words for these bits, whatever the text is.

use std::ops::Range;

use super::unit::{MAX_UNIT_BYTES, Unit, each_reading, is_trigger};

/// What is looked for.
#[derive(Clone, Copy)]
pub(super) struct Pattern<'p> {
    pub(super) bytes: &'p [u8],
    /// Whether letters and digits before or after it make it another word.
    pub(super) is_word: bool,
}

/// Longest encoded character that a cut may have gone through, in bytes.
const MAX_CUT_BYTES: usize = 16;

/// Number of positions that a pass looks ahead, where an encoded character may end.
const RING: usize = MAX_UNIT_BYTES + 1;

/// Patterns, ready to be looked for.
pub(super) struct Matcher<'p> {
    patterns: Vec<Pattern<'p>>,
    /// The number of each pattern's first bit.
    offsets: Vec<usize>,
    /// Machine words of a state.
    words: usize,
    /// The first bit of each pattern.
    first: Vec<u64>,
    /// The last bit of each pattern.
    last: Vec<u64>,
    /// Whether a byte begins a pattern.
    begins: [bool; 256],
    /// For each byte, the bits of the patterns' bytes that are equal to it.
    equal: Vec<u64>,
}

impl<'p> Matcher<'p> {
    /// Of patterns that are not empty.
    pub(super) fn new(patterns: impl Iterator<Item = Pattern<'p>>) -> Self {
        let patterns: Vec<Pattern<'p>> = patterns.filter(|pattern| !pattern.bytes.is_empty()).collect();
        let bits: usize = patterns.iter().map(|pattern| pattern.bytes.len()).sum();
        let words = bits.div_ceil(64);
        let (mut first, mut last, mut equal) = (vec![0; words], vec![0; words], vec![0; 256 * words]);
        let mut offsets = Vec::with_capacity(patterns.len());
        let mut begins = [false; 256];
        let mut bit = 0;
        for pattern in &patterns {
            offsets.push(bit);
            set(&mut first, bit);
            begins[usize::from(pattern.bytes[0])] = true;
            for byte in pattern.bytes {
                set(&mut equal[usize::from(*byte) * words..][..words], bit);
                bit += 1;
            }
            set(&mut last, bit - 1);
        }
        Self { patterns, offsets, words, first, last, begins, equal }
    }

    /// Calls `found` with every range that is a pattern, until it gives false. Ranges may overlap.
    pub(super) fn each(&self, text: &[u8], mut found: impl FnMut(Range<usize>) -> bool) {
        if self.words == 0 {
            return;
        }
        let mut pass = Pass { matcher: self, text, ring: vec![0; RING * self.words], jumps: Vec::new() };
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
                    // What overlaps the occurrence before it adds only its end; a text that repeats itself costs no more.
                    let start = match at.checked_sub(before) {
                        Some(distance) if distance < length && !pattern.is_word => before,
                        _ => pass.start(pattern.bytes, at),
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
    /// Where a pattern begins of which the end of the text has cut off the rest; the first of several. At least `least`
    /// bytes of it are there.
    pub(super) fn cut_off(&self, text: &[u8], least: usize) -> Option<usize> {
        let mut pass = Pass { matcher: self, text, ring: vec![0; RING * self.words], jumps: Vec::new() };
        let mut state = vec![0; self.words];
        let mut first: Option<usize> = None;
        for at in 0..=text.len() {
            pass.arrive(at, &mut state);
            // The cut may be inside of an encoded character.
            let is_end = at == text.len() || (at + MAX_CUT_BYTES > text.len() && is_trigger(text[at]));
            for (pattern, offset) in self.patterns.iter().zip(&self.offsets).filter(|_| is_end) {
                let lengths = (least..pattern.bytes.len()).rev();
                if let Some(length) = lengths.clone().find(|length| is_set(&state, offset + length - 1)) {
                    let start = pass.start(&pattern.bytes[..length], at);
                    first = Some(first.map_or(start, |first| first.min(start)));
                }
            }
            pass.leave(at, &state);
        }
        first
    }
}

/// One pass over a text.
struct Pass<'m, 'p> {
    matcher: &'m Matcher<'p>,
    text: &'m [u8],
    /// The states of the positions ahead.
    ring: Vec<u64>,
    /// Encoded characters that are part of a pattern so far: where each begins, in ascending order, and what it is.
    jumps: Vec<(usize, Unit)>,
}

impl Pass<'_, '_> {
    /// Takes the state of a position.
    fn arrive(&mut self, at: usize, state: &mut [u64]) {
        let words = self.matcher.words;
        let slot = &mut self.ring[at % RING * words..][..words];
        state.copy_from_slice(slot);
        slot.fill(0);
    }

    /// Goes on from a position with every way to read what is there.
    fn leave(&mut self, at: usize, state: &[u64]) {
        let Self { matcher, text, ring, jumps } = self;
        let words = matcher.words;
        // Most bytes of most texts are part of nothing.
        let is_part = |byte: &u8| is_trigger(*byte) || matcher.begins[usize::from(*byte)];
        if !text.get(at).is_some_and(is_part) && state.iter().all(|word| *word == 0) {
            return;
        }
        each_reading(text, at, |unit| {
            let slot = &mut ring[unit.end % RING * words..][..words];
            let mut any = 0;
            if let [byte] = unit.bytes() {
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

    /// Where a pattern that ends at `end` begins: the first place of all ways to read it.
    fn start(&self, pattern: &[u8], end: usize) -> usize {
        // The positions from which the rest of the pattern leads to the end, by how much of it comes before them.
        let mut reached: Vec<Vec<usize>> = vec![Vec::new(); pattern.len() + 1];
        reached[pattern.len()].push(end);
        for length in (1..=pattern.len()).rev() {
            let mut ends = std::mem::take(&mut reached[length]);
            ends.sort_unstable();
            ends.dedup();
            for end in ends {
                if let Some(at) = end.checked_sub(1)
                    && self.text[at] == pattern[length - 1]
                {
                    reached[length - 1].push(at);
                }
                let from = self.jumps.partition_point(|(at, _)| at + MAX_UNIT_BYTES < end);
                let near = self.jumps[from..].iter().take_while(|(at, _)| *at < end);
                for (at, unit) in near.filter(|(_, unit)| unit.end == end) {
                    if pattern[..length].ends_with(unit.bytes()) {
                        reached[length - unit.bytes().len()].push(*at);
                    }
                }
            }
        }
        reached[0].iter().copied().min().unwrap_or(end)
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
