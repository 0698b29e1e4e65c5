//! Whether bytes are UTF-8, at the same speed for every text. The standard library's check predicts the kind of the next
//! character, and a text that mixes them takes ten times as long.

/// Number of bytes that are checked together for being ASCII.
const BLOCK_BYTES: usize = 32;

/// The states of the automaton, each the shift that its column of [`TRANSITIONS`] needs.
mod state {
    /// Between two characters.
    pub(super) const START: u32 = 0;
    /// One, two or three more bytes of a character.
    pub(super) const ONE: u32 = 6;
    pub(super) const TWO: u32 = 12;
    pub(super) const THREE: u32 = 18;
    /// After E0, ED, F0 and F4, whose next byte has a range of its own.
    pub(super) const E0: u32 = 24;
    pub(super) const ED: u32 = 30;
    pub(super) const F0: u32 = 36;
    pub(super) const F4: u32 = 42;
    /// Not UTF-8.
    pub(super) const INVALID: u32 = 48;
}

/// The next state after each byte: the six bits at the shift of the current state.
static TRANSITIONS: [u64; 256] = {
    let mut steps = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        steps[byte] = steps_after(byte as u8);
        byte += 1;
    }
    steps
};

const fn steps_after(byte: u8) -> u64 {
    use state::{E0, ED, F0, F4, INVALID, ONE, START, THREE, TWO};
    let first = match byte {
        0..=0x7F => START,
        0xC2..=0xDF => ONE,
        0xE0 => E0,
        0xED => ED,
        0xE1..=0xEF => TWO,
        0xF0 => F0,
        0xF1..=0xF3 => THREE,
        0xF4 => F4,
        _ => INVALID,
    };
    let follows = matches!(byte, 0x80..=0xBF);
    let next = [
        (START, first),
        (ONE, if follows { START } else { INVALID }),
        (TWO, if follows { ONE } else { INVALID }),
        (THREE, if follows { TWO } else { INVALID }),
        (E0, if matches!(byte, 0xA0..=0xBF) { ONE } else { INVALID }),
        (ED, if matches!(byte, 0x80..=0x9F) { ONE } else { INVALID }),
        (F0, if matches!(byte, 0x90..=0xBF) { TWO } else { INVALID }),
        (F4, if matches!(byte, 0x80..=0x8F) { TWO } else { INVALID }),
        (INVALID, INVALID),
    ];
    let (mut steps, mut at) = (0, 0);
    while at < next.len() {
        steps |= (next[at].1 as u64) << next[at].0;
        at += 1;
    }
    steps
}

/// Whether these bytes are UTF-8.
pub(super) fn is_valid(bytes: &[u8]) -> bool {
    let step = |state: u64, byte: &u8| TRANSITIONS[usize::from(*byte)] >> (state & 63);
    let mut now = u64::from(state::START);
    let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
    for block in blocks {
        if now & 63 != u64::from(state::START) || !block.is_ascii() {
            now = block.iter().fold(now, step);
        }
    }
    rest.iter().fold(now, step) & 63 == u64::from(state::START)
}

#[cfg(test)]
mod tests {
    use std::str;

    use super::*;

    #[test]
    fn it_says_what_the_standard_library_says() {
        // Every pair of first bytes with the bytes at the edges of every range after them, around a block's end.
        let edges =
            [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xE0, 0xED, 0xF0, 0xF4, 0xF5, 0xFF];
        for first in 0..=255 {
            for second in edges {
                for third in edges {
                    for fourth in [0x7F, 0x80, 0xBF, 0xC0] {
                        for before in [0, BLOCK_BYTES - 2, BLOCK_BYTES] {
                            let mut bytes = vec![b'a'; before];
                            bytes.extend([first, second, third, fourth, b'z']);
                            assert_eq!(is_valid(&bytes), str::from_utf8(&bytes).is_ok(), "{bytes:x?}");
                            bytes.truncate(before + 3);
                            assert_eq!(is_valid(&bytes), str::from_utf8(&bytes).is_ok(), "{bytes:x?}");
                        }
                    }
                }
            }
        }
    }
}
