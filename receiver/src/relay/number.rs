//! Numbers in strings, as in a field that is not of a number type, or with a profile without types.

use minijinja::{
    Error, ErrorKind,
    value::{Value, ValueKind},
};

use super::value_type::ValueType;

/// The value as a number, parsed if it is a string.
///
/// # Errors
/// When it is not a number. The error does not quote the text: it is part of a message, and errors are stored.
pub(super) fn of(value: &Value) -> Result<Value, Error> {
    let found = match value.as_str() {
        _ if value.kind() == ValueKind::Number => Some(value.clone()),
        Some(text) => parse(text),
        None => None,
    };
    let what = match value.as_str() {
        Some(_) => "this text is not a number; write it as in JSON, such as 10000 or -0.5".to_owned(),
        None => format!("{} is not a number", ValueType::of(value)),
    };
    found.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, what))
}

/// Parses a number in JSON's syntax, ignoring surrounding whitespace. Thousands separators are refused: in many
/// countries the comma is the decimal separator.
pub(super) fn parse(text: &str) -> Option<Value> {
    let number: serde_json::Number = serde_json::from_str(text.trim()).ok()?;
    let whole = || number.as_i64().map(Value::from).or_else(|| number.as_u64().map(Value::from));
    let whole = whole().or_else(|| text.trim().parse::<i128>().ok().map(Value::from));
    whole.or_else(|| number.as_f64().map(Value::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_number_as_json_spells_it() {
        for (text, number) in [
            ("50", Some(Value::from(50))),
            (" -7 ", Some(Value::from(-7))),
            ("5000.50", Some(Value::from(5000.5))),
            ("1e3", Some(Value::from(1000.0))),
            ("12345678901234567890123", Some(Value::from(12_345_678_901_234_567_890_123_i128))),
            ("10,000", None),
            ("1.234,50", None),
            ("0x10", None),
            ("NaN", None),
            ("50 NZD", None),
            ("\"50\"", None),
            ("", None),
        ] {
            assert_eq!(parse(text), number, "{text:?}");
        }
    }
}
