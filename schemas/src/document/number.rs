//! Whether a number is within the range of a double, as `serde_json` reads it.

use serde_json::Number;

/// The decimal exponent of the greatest double and its first three digits: 1.79e308.
const MAX_EXPONENT: i64 = 308;
const MAX_DIGITS: &[u8; 3] = b"179";

/// Numbers of fewer bytes are within the range unless they have an exponent of three digits or more.
pub(super) const SURELY_FINITE: usize = 200;

/// The number is out of range; found after this number of its bytes.
pub(super) fn out_of_range(number: &[u8]) -> Option<usize> {
    if is_surely_finite(number) {
        return None;
    }
    serde_json::from_slice::<Number>(number).err().map(|error| error.column())
}

fn is_surely_finite(number: &[u8]) -> bool {
    let exponent_at = number.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(number.len());
    let (mantissa, exponent) = number.split_at(exponent_at);
    let point = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());
    let Some(first) = mantissa.iter().position(|byte| matches!(byte, b'1'..=b'9')) else { return true };
    // The exponent of the first non-zero digit: 0 in 1.5, 2 in 150, -1 in 0.15.
    let leading = if first < point { (point - first - 1) as i64 } else { -((first - point) as i64) };
    match leading.saturating_add(value(exponent)) {
        ..MAX_EXPONENT => true,
        MAX_EXPONENT => {
            let digits = mantissa[first..].iter().filter(|byte| byte.is_ascii_digit()).take(MAX_DIGITS.len());
            digits.lt(MAX_DIGITS.iter())
        }
        _ => false,
    }
}

/// The value of an exponent, its letter included.
fn value(exponent: &[u8]) -> i64 {
    let digits = exponent.iter().filter(|byte| byte.is_ascii_digit());
    let value = digits.fold(0_i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    if exponent.get(1) == Some(&b'-') { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_out_of_range_where_serde_json_says_so() {
        let long = |digit: &str, count: usize| digit.repeat(count);
        let mut numbers: Vec<String> = [
            "0e999",
            "-0.0e400",
            "1e307",
            "9.99e307",
            "1e308",
            "1.7e308",
            "1.797e308",
            "1.79769313486231e308",
            "1.7976931348623157e308",
            "1.7976931348623159e308",
            "1.8e308",
            "-1.8E+308",
            "17e307",
            "18e307",
            "1e309",
            "1e999",
            "1e-999",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "0.001e311",
            "0.0017e311",
            "0.0018e311",
            "100e306",
            "179.9e306",
            "0.00000001e310",
        ]
        .map(str::to_owned)
        .to_vec();
        for count in [299, 308, 309, 310, 400] {
            numbers.extend([long("1", count), long("9", count), format!("0.{}1e{count}", long("0", count))]);
            numbers.extend([format!("1{}e-{count}", long("0", count)), format!("{}.5e1", long("1", count))]);
        }
        for number in numbers {
            let expected = serde_json::from_str::<Number>(&number).err().map(|error| error.column());
            assert_eq!(out_of_range(number.as_bytes()), expected, "{number}");
        }
    }
}
