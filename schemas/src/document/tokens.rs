//! The tokens of JSON: each function reads one and returns where it ends.

use super::{
    fault::{Fault, Flaw},
    number,
};

/// The byte at a position; after the last one zero, which is not part of any token.
#[inline(always)]
pub(super) fn peek(body: &[u8], at: usize) -> u8 {
    body.get(at).copied().unwrap_or(0)
}

/// Moves `at` to the next byte that is not white space and returns that byte.
#[inline(always)]
pub(super) fn spaced(body: &[u8], at: &mut usize) -> u8 {
    *at += 1;
    let next = peek(body, *at);
    if next > b' ' {
        return next;
    }
    *at = skip_space(body, *at);
    peek(body, *at)
}

#[inline(always)]
pub(super) fn skip_space(body: &[u8], mut at: usize) -> usize {
    while matches!(peek(body, at), b' ' | b'\n' | b'\r' | b'\t') {
        at += 1;
    }
    at
}

/// Reads a string from after its first quote to after its last, and returns whether it is free of escapes.
#[inline(always)]
pub(super) fn string(body: &[u8], at: usize) -> Result<(usize, bool), Fault> {
    let at = plain_until(body, at);
    if peek(body, at) == b'"' { Ok((at + 1, true)) } else { Ok((rest_of_string(body, at)?, false)) }
}

#[inline(never)]
fn rest_of_string(body: &[u8], mut at: usize) -> Result<usize, Fault> {
    loop {
        match body.get(at) {
            Some(b'\\') => at = escape(body, at + 1)?,
            Some(b'"') => return Ok(at + 1),
            Some(0..0x20) => return Err(seen(Flaw::ControlCharacter, at)),
            Some(_) => at = plain_until(body, at),
            None => return Err(Fault { flaw: Flaw::EndOfString, at: body.len() }),
        }
    }
}

/// Reads an escape from after its backslash.
#[inline(always)]
fn escape(body: &[u8], at: usize) -> Result<usize, Fault> {
    match body.get(at) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 1),
        Some(b'u') => {
            let (unit, at) = (hex(body, at + 1)?, at + 5);
            if unit & 0xF800 == 0xD800 { low_surrogate(body, at, unit) } else { Ok(at) }
        }
        Some(_) => Err(seen(Flaw::Escape, at)),
        None => Err(Fault { flaw: Flaw::EndOfString, at }),
    }
}

fn low_surrogate(body: &[u8], mut at: usize, first: u16) -> Result<usize, Fault> {
    if first >= 0xDC00 {
        return Err(Fault { flaw: Flaw::Surrogate, at });
    }
    for expected in [b'\\', b'u'] {
        match body.get(at) {
            Some(byte) if *byte == expected => at += 1,
            Some(_) => return Err(seen(Flaw::EndOfHex, at)),
            None => return Err(Fault { flaw: Flaw::EndOfString, at }),
        }
    }
    let (second, at) = (hex(body, at)?, at + 4);
    if second & 0xFC00 == 0xDC00 { Ok(at) } else { Err(Fault { flaw: Flaw::Surrogate, at }) }
}

#[inline(always)]
fn hex(body: &[u8], at: usize) -> Result<u16, Fault> {
    let Some(digits) = body.get(at..).and_then(<[u8]>::first_chunk::<4>) else {
        return Err(Fault { flaw: Flaw::EndOfString, at: body.len() });
    };
    let values = digits.map(|digit| HEX_VALUES[usize::from(digit)]);
    if values.iter().any(|value| *value > 15) {
        return Err(Fault { flaw: Flaw::Escape, at: at + 4 });
    }
    Ok(values.iter().fold(0, |unit, value| unit << 4 | u16::from(*value)))
}

/// The value of each hexadecimal digit; 255 for other bytes.
pub(super) static HEX_VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let mut value = 0;
    while value < 16 {
        let digit = b"0123456789abcdef"[value as usize];
        values[digit as usize] = value;
        values[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    values
};

/// Reads a number.
#[inline(never)]
pub(super) fn number(body: &[u8], start: usize) -> Result<usize, Fault> {
    let first = if peek(body, start) == b'-' { start + 1 } else { start };
    let mut at = first + 1;
    match peek(body, first) {
        b'0' if peek(body, at).is_ascii_digit() => return Err(seen(Flaw::Number, at)),
        b'0' => {}
        b'1'..=b'9' => at = skip_digits(body, at),
        _ => return Err(unexpected(body, first, Flaw::Number, Flaw::EndOfValue)),
    }
    if peek(body, at) == b'.' {
        at = digits(body, at + 1)?;
    }
    let mut exponent_digits = 0;
    if matches!(peek(body, at), b'e' | b'E') {
        at += 1;
        if matches!(peek(body, at), b'+' | b'-') {
            at += 1;
        }
        let before = at;
        at = digits(body, at)?;
        exponent_digits = at - before;
    }
    if at - start < number::SURELY_FINITE && exponent_digits < 3 {
        return Ok(at);
    }
    match number::out_of_range(&body[start..at]) {
        Some(after) => Err(Fault { flaw: Flaw::NumberRange, at: start + after }),
        None => Ok(at),
    }
}

/// Reads one digit or more.
fn digits(body: &[u8], at: usize) -> Result<usize, Fault> {
    if peek(body, at).is_ascii_digit() {
        Ok(skip_digits(body, at + 1))
    } else {
        Err(unexpected(body, at, Flaw::Number, Flaw::EndOfValue))
    }
}

#[inline(always)]
fn skip_digits(body: &[u8], mut at: usize) -> usize {
    while peek(body, at).is_ascii_digit() {
        at += 1;
    }
    at
}

/// Reads `true`, `false` or `null` from after its first letter.
#[inline(always)]
pub(super) fn word(body: &[u8], mut at: usize, rest: &[u8]) -> Result<usize, Fault> {
    if body[at..].starts_with(rest) {
        return Ok(at + rest.len());
    }
    for letter in rest {
        match body.get(at) {
            Some(byte) if byte == letter => at += 1,
            Some(_) => return Err(seen(Flaw::Word, at)),
            None => break,
        }
    }
    Err(Fault { flaw: Flaw::EndOfValue, at })
}

/// Where the string that contains `at` ends.
pub(super) fn end_of_string(body: &[u8], at: usize) -> usize {
    let mut at = plain_until(body, at);
    while peek(body, at) == b'\\' {
        at = plain_until(body, at + 2);
    }
    at
}

/// The first position from `at` on of a byte that ends a string or is special in it: a quote, a backslash, a control
/// character, or the end of the body. Processes eight bytes together: the lowest high bit that is set gives the byte.
#[inline(always)]
fn plain_until(body: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    let zeros = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
    while let Some(chunk) = body.get(at..).and_then(<[u8]>::first_chunk) {
        let bytes = u64::from_le_bytes(*chunk);
        let control = bytes.wrapping_sub(ONES * 0x20) & !bytes;
        let quote = zeros(bytes ^ (ONES * u64::from(b'"')));
        let backslash = zeros(bytes ^ (ONES * u64::from(b'\\')));
        let found = (control | quote | backslash) & (ONES << 7);
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while body.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)) {
        at += 1;
    }
    at
}

/// The byte here is invalid or missing.
#[cold]
pub(super) fn unexpected(body: &[u8], at: usize, wrong: Flaw, missing: Flaw) -> Fault {
    if at >= body.len() { Fault { flaw: missing, at: body.len() } } else { seen(wrong, at) }
}

/// The byte here is invalid.
#[cold]
pub(super) fn seen(flaw: Flaw, at: usize) -> Fault {
    Fault { flaw, at: at + 1 }
}
