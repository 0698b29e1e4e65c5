//! Finds the next record after damaged bytes, in linear time.
//!
//! A body may hold anything that looks like the frames of records, each of which claims to reach to the end. To compute
//! each checksum over all it claims would take the square of the bytes. The CRC of a range follows from those of two
//! beginnings: a CRC is a polynomial over GF(2), and to append n bytes is to multiply it by x^8n.

use crc32fast::Hasher;

use super::record::{Decoded, FRAME_BYTES, Frame, RECORD_MAGIC, Record, Salt};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SearchResult {
    /// The first record begins here.
    Record(usize),
    /// A record begins here, or one that is longer than the bytes begins before it.
    Undecided,
    Nothing,
}

/// Looks for the first record that begins at or after `from`. With `is_all`, nothing follows the bytes, so that what is
/// longer is not a record.
pub(super) fn search(salt: Salt, bytes: &[u8], from: usize, is_all: bool) -> SearchResult {
    let mut checksums = None;
    let (mut at, mut is_undecided) = (from, false);
    while let Some(next) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == RECORD_MAGIC[0])) {
        let start = at + next;
        at = start + 1;
        let Some(frame) = Frame::read(&bytes[start..]) else { continue };
        let end = start + FRAME_BYTES + frame.length;
        if end > bytes.len() {
            is_undecided |= !is_all;
            continue;
        }
        let checksums = checksums.get_or_insert_with(|| Checksums::new(bytes));
        if checksums.of(frame.seed(salt), start + FRAME_BYTES, end) == frame.checksum
            && matches!(Record::decode(salt, &bytes[start..]), Decoded::Record(..))
        {
            return if is_undecided { SearchResult::Undecided } else { SearchResult::Record(start) };
        }
    }
    SearchResult::Nothing
}

const STEP_BYTES: usize = 1 << 10;

/// Checksums of the beginnings of bytes, from which those of any range follow.
struct Checksums<'b> {
    bytes: &'b [u8],
    /// The CRC's register, from zero, after each step.
    kept: Vec<u32>,
}

impl<'b> Checksums<'b> {
    fn new(bytes: &'b [u8]) -> Self {
        let mut register = 0;
        let mut kept = vec![register];
        for step in bytes.chunks(STEP_BYTES) {
            register = advance(register, step);
            kept.push(register);
        }
        Self { bytes, kept }
    }

    /// The checksum of what `seed` has hashed and the bytes of a range.
    fn of(&self, seed: u32, start: usize, end: usize) -> u32 {
        !(multiply(!seed ^ self.register(start), power(end - start)) ^ self.register(end))
    }

    /// The register after the bytes before a place.
    fn register(&self, at: usize) -> u32 {
        let step = at / STEP_BYTES;
        advance(self.kept[step], &self.bytes[step * STEP_BYTES..at])
    }
}

/// The CRC's register after more bytes.
fn advance(register: u32, bytes: &[u8]) -> u32 {
    let mut hasher = Hasher::new_with_initial(!register);
    hasher.update(bytes);
    !hasher.finalize()
}

/// The polynomial of CRC-32, the lowest power in the highest bit.
const CRC_POLYNOMIAL: u32 = 0xEDB8_8320;
/// The polynomial 1.
const ONE_POLYNOMIAL: u32 = 1 << 31;

/// The product of two polynomials, modulo that of the CRC.
const fn multiply(a: u32, b: u32) -> u32 {
    let (mut product, mut shifted, mut bit) = (0, b, ONE_POLYNOMIAL);
    while bit != 0 {
        if a & bit != 0 {
            product ^= shifted;
        }
        shifted = if shifted & 1 == 0 { shifted >> 1 } else { (shifted >> 1) ^ CRC_POLYNOMIAL };
        bit >>= 1;
    }
    product
}

/// x^(8 · 2^n), for each n.
const BYTE_POWERS: [u32; 32] = {
    // x^8
    let (mut powers, mut n) = ([ONE_POLYNOMIAL >> 8; 32], 1);
    while n < powers.len() {
        powers[n] = multiply(powers[n - 1], powers[n - 1]);
        n += 1;
    }
    powers
};

/// x^(8 · `bytes`).
fn power(bytes: usize) -> u32 {
    let set = BYTE_POWERS.iter().enumerate().filter(|(n, _)| bytes >> n & 1 == 1);
    set.fold(ONE_POLYNOMIAL, |product, (_, power)| multiply(product, *power))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::record::tests::sample;

    const TEST_SALT: Salt = *b"saltsalt";

    fn encoded(endpoint: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        sample(endpoint).encode(TEST_SALT, &mut bytes);
        bytes
    }

    /// Frames that each claim to reach to the end of the bytes, or by so much beyond.
    fn frames(count: usize, beyond: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in 0..count {
            let length = u32::try_from((count - number - 1) * FRAME_BYTES + beyond).unwrap();
            bytes.extend_from_slice(&RECORD_MAGIC);
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(&0_u32.to_le_bytes());
            bytes.extend_from_slice(&7_u32.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn the_checksum_of_any_range_is_that_of_hashing_it() {
        let mut random = fastrand::Rng::with_seed(5);
        let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(5 * STEP_BYTES + 123).collect();
        let checksums = Checksums::new(&bytes);
        for _ in 0..500 {
            let start = random.usize(..=bytes.len());
            let end = random.usize(start..=bytes.len());
            let seed = random.u32(..);
            let mut hasher = Hasher::new_with_initial(seed);
            hasher.update(&bytes[start..end]);
            assert_eq!(checksums.of(seed, start, end), hasher.finalize(), "{start}..{end}");
        }
        assert_eq!(checksums.of(0, bytes.len(), bytes.len()), 0);
    }

    #[test]
    fn the_first_record_is_found_among_what_looks_like_one() {
        let (record, torn) = (encoded("a"), encoded("torn"));
        let torn = &torn[..torn.len() - 1];
        let mut of_another_log = Vec::new();
        sample("other").encode([0; 8], &mut of_another_log);
        for (case, before, expected) in [
            ("nothing", vec![], 0),
            ("noise", b"noise \xF7\xF7r\xF7re \xF7rec".to_vec(), 17),
            ("a record of another log", of_another_log.clone(), of_another_log.len()),
            ("frames to the end", frames(500, record.len()), 500 * FRAME_BYTES),
            ("frames beyond the end", frames(500, 1 << 29), 500 * FRAME_BYTES),
            ("a torn record", torn.to_vec(), torn.len()),
        ] {
            let bytes = [before, record.clone(), record.clone()].concat();
            assert_eq!(search(TEST_SALT, &bytes, 0, true), SearchResult::Record(expected), "{case}");
            assert_eq!(
                search(TEST_SALT, &bytes, expected + 1, true),
                SearchResult::Record(expected + record.len()),
                "{case}"
            );
            assert_eq!(search(TEST_SALT, &bytes[..expected], 0, true), SearchResult::Nothing, "{case}");
        }
    }

    #[test]
    fn a_record_inside_a_longer_one_is_not_taken_for_the_first() {
        let mut carrier = sample("carrier");
        carrier.body = [encoded("inside"), b"more".to_vec()].concat().into();
        let mut bytes = Vec::new();
        carrier.encode(TEST_SALT, &mut bytes);
        let part = &bytes[..bytes.len() - 2];
        assert_eq!(search(TEST_SALT, part, 0, false), SearchResult::Undecided);
        assert!(matches!(search(TEST_SALT, part, 0, true), SearchResult::Record(inside) if inside > 0));
        assert_eq!(search(TEST_SALT, &bytes, 0, false), SearchResult::Record(0));
    }

    /// Without the product of polynomials this takes many minutes.
    #[test]
    fn frames_in_a_body_of_any_size_cost_no_more_than_their_bytes() {
        let bytes = frames((1 << 20) / FRAME_BYTES, 0);
        assert_eq!(search(TEST_SALT, &bytes, 0, true), SearchResult::Nothing);
    }
}
