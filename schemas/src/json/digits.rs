//! Numbers with their original digits.

use serde_json::{Map, Number, Value};

use super::cursor::{Cursor, unescaped};

/// How a [`Value`] holds numbers that it would print with other digits: as strings with a mark before them. No other string
/// in the value has the mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digits {
    mark: char,
}

/// Reads JSON without losing digits; the last of repeated names is kept. `None` if it is not JSON or is nested deeper than
/// `serde_json` reads.
///
/// A number that [`Value`] would print with other digits, such as `5000.50` or `1e2`, becomes a string that
/// [`Digits::of`] recognises.
pub fn exact(text: &[u8]) -> Option<(Value, Digits)> {
    serde_json::from_slice::<serde::de::IgnoredAny>(text).ok()?;
    // Unicode noncharacters, which have no meaning between programs. A text that has all of them loses the last.
    let marks = '\u{FDD8}'..='\u{FDEF}';
    let lower = String::from_utf8_lossy(text).to_ascii_lowercase();
    let has = |mark: char| lower.contains(mark) || lower.contains(&format!("\\u{:04x}", u32::from(mark)));
    let mark = marks.clone().find(|mark| !has(*mark)).unwrap_or(*marks.end());
    Some((read(text, &mut Cursor::new(text, 0), mark)?, Digits { mark }))
}

/// Reads a value of checked JSON, as deep as `serde_json` reads.
fn read(text: &[u8], cursor: &mut Cursor<'_>, mark: char) -> Option<Value> {
    let plain = |literal: &[u8]| {
        let text = unescaped(literal)?;
        Some(if text.contains(mark) { text.replace(mark, "") } else { text.into_owned() })
    };
    match cursor.peek()? {
        b'[' => {
            let mut elements = Vec::new();
            cursor.take(b'[')?;
            while cursor.peek()? != b']' {
                elements.push(read(text, cursor, mark)?);
                cursor.take(b',');
            }
            cursor.take(b']')?;
            Some(Value::Array(elements))
        }
        b'{' => {
            let mut members = Map::new();
            cursor.take(b'{')?;
            while cursor.peek()? != b'}' {
                let name = plain(&text[cursor.string()?])?;
                cursor.take(b':')?;
                members.insert(name, read(text, cursor, mark)?);
                cursor.take(b',');
            }
            cursor.take(b'}')?;
            Some(Value::Object(members))
        }
        b'"' => plain(&text[cursor.string()?]).map(Value::String),
        b'-' | b'0'..=b'9' => {
            let digits = std::str::from_utf8(&text[cursor.value()?]).ok()?;
            let number: Number = serde_json::from_str(digits).ok()?;
            let is_exact = number.to_string() == digits;
            Some(if is_exact { Value::Number(number) } else { Digits { mark }.value(digits) })
        }
        _ => serde_json::from_slice(&text[cursor.value()?]).ok(),
    }
}

impl Digits {
    /// Strings that begin with this mark are numbers. No other string in the values must have the mark.
    pub const fn new(mark: char) -> Self {
        Self { mark }
    }

    /// A number with these digits, which must be a JSON number.
    pub fn value(self, digits: &str) -> Value {
        Value::String(format!("{}{digits}", self.mark))
    }

    /// The digits of a number; `None` if the value is not one.
    pub fn of(self, value: &Value) -> Option<String> {
        match value {
            Value::Number(number) => Some(number.to_string()),
            Value::String(text) => text.strip_prefix(self.mark).map(str::to_owned),
            _ => None,
        }
    }

    /// The number as a double or a 64-bit integer, for calculations.
    pub fn number(self, value: &Value) -> Option<Number> {
        serde_json::from_str(&self.of(value)?).ok()
    }

    /// The value as JSON text, every number with its digits.
    pub fn to_json(self, value: &Value) -> String {
        self.restore(&value.to_string())
    }

    /// The JSON text of a value with every number's digits, given as `serde_json` writes the value.
    pub fn restore(self, json: &str) -> String {
        let mut parts = json.split(self.mark);
        let mut json = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            json.pop();
            let (digits, rest) = part.split_once('"').unwrap_or((part, ""));
            json.push_str(digits);
            json.push_str(rest);
        }
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: [&str; 12] = [
        "0",
        "-0",
        "1",
        "1.0",
        "1.00",
        "5000.50",
        "0.00000012",
        "1e2",
        "1E-7",
        "12345678901234567890123",
        "18446744073709551615",
        "0.1234567890123456789",
    ];

    #[test]
    fn every_number_keeps_its_digits() {
        let text = format!(r#"{{"list":[{}],"text":"5000.50"}}"#, NUMBERS.join(","));
        let (value, digits) = exact(text.as_bytes()).unwrap();
        let kept: Vec<String> = value["list"].as_array().unwrap().iter().map(|n| digits.of(n).unwrap()).collect();
        assert_eq!(kept, NUMBERS);
        assert_eq!(digits.of(&value["text"]), None);
        assert_eq!(digits.to_json(&value), text);
        assert_eq!(digits.number(&value["list"][5]).unwrap().as_f64(), Some(5000.5));
    }

    #[test]
    fn a_text_is_never_taken_for_a_number() {
        for text in ["\"\u{FDD8}5\"", r#""\uFDD8""#, "{\"\u{FDD8}1\":[\"\u{FDD9}2\",1e2]}"] {
            let (value, digits) = exact(text.as_bytes()).unwrap();
            let plain: Value = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&digits.to_json(&value)).unwrap(), plain);
            assert!(!value.is_string() || digits.of(&value).is_none(), "{text}");
        }
        let all: String = ('\u{FDD8}'..='\u{FDEF}').map(|mark| format!("\"{mark}5\",")).collect();
        let (value, digits) = exact(format!("[{all}1e2]").as_bytes()).unwrap();
        let numbers = value.as_array().unwrap().iter().filter_map(|value| digits.of(value));
        assert_eq!(numbers.collect::<Vec<_>>(), ["1e2"]);
    }
}
