//! The single-byte charsets that text is taken for by mistake.

/// The character of a byte in Windows-1252. Unassigned bytes, and those outside 0x80 to 0x9F, are as in Latin-1.
pub(crate) fn windows_1252(byte: u8) -> char {
    const FROM_0X80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    byte.checked_sub(0x80).and_then(|at| FROM_0X80.get(usize::from(at))).copied().unwrap_or(char::from(byte))
}

/// The byte of a character in Latin-1, or else in Windows-1252.
pub(crate) fn single_byte(character: char) -> Option<u8> {
    u8::try_from(character).ok().or_else(|| (0x80..=0x9f).find(|byte| windows_1252(*byte) == character))
}
