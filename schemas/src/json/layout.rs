//! JSON with other white space. Numbers keep their digits, and repeated names stay.

use std::fmt::Write as _;

use serde_json::Value;

use super::cursor::{Cursor, unescaped};

/// The text on lines, indented by two spaces, without needless escapes. `None` if it is not JSON.
pub fn pretty(text: &[u8]) -> Option<String> {
    laid_out(text, true, |literal, shown| write!(shown, "{}", Value::from(unescaped(literal)?)).ok())
}

/// The text on one line without white space between its values. `None` if it is not JSON.
pub fn compact(text: &[u8]) -> Option<String> {
    laid_out(text, false, |literal, shown| {
        shown.push_str(std::str::from_utf8(literal).ok()?);
        Some(())
    })
}

fn laid_out(text: &[u8], in_lines: bool, string: impl Fn(&[u8], &mut String) -> Option<()>) -> Option<String> {
    // The cursor checks nothing.
    serde_json::from_slice::<serde::de::IgnoredAny>(text).ok()?;
    let mut cursor = Cursor::new(text, 0);
    let (mut shown, mut depth) = (String::with_capacity(text.len() * 2), 0);
    let new_line = |depth: usize, shown: &mut String| {
        if in_lines {
            shown.push('\n');
            shown.push_str(&"  ".repeat(depth));
        }
    };
    while let Some(byte) = cursor.peek() {
        match byte {
            b'{' | b'[' => {
                cursor.take(byte)?;
                shown.push(char::from(byte));
                match cursor.peek()? {
                    close @ (b'}' | b']') => {
                        cursor.take(close)?;
                        shown.push(char::from(close));
                    }
                    _ => {
                        depth += 1;
                        new_line(depth, &mut shown);
                    }
                }
            }
            b'}' | b']' => {
                cursor.take(byte)?;
                depth -= 1;
                new_line(depth, &mut shown);
                shown.push(char::from(byte));
            }
            b',' => {
                cursor.take(byte)?;
                shown.push(',');
                new_line(depth, &mut shown);
            }
            b':' => {
                cursor.take(byte)?;
                shown.push_str(if in_lines { ": " } else { ":" });
            }
            b'"' => string(&text[cursor.string()?], &mut shown)?,
            _ => shown.push_str(std::str::from_utf8(&text[cursor.value()?]).ok()?),
        }
    }
    Some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#" {"a":[12345678901234567890123, 5000.50,-0, 1e2,0.00000012,1E+2 ],"b":{ },"a":[],
        "t":"\u00fc\/\n{","n":null,"o":{"x":true}}"#;

    #[test]
    fn numbers_keep_their_digits_and_names_their_number() {
        let shown = pretty(TEXT.as_bytes()).unwrap();
        let expected = "{\n  \"a\": [\n    12345678901234567890123,\n    5000.50,\n    -0,\n    1e2,\n    0.00000012,\n    \
                        1E+2\n  ],\n  \"b\": {},\n  \"a\": [],\n  \"t\": \"ü/\\n{\",\n  \"n\": null,\n  \"o\": {\n    \
                        \"x\": true\n  }\n}";
        assert_eq!(shown, expected);
        let compacted = r#"{"a":[12345678901234567890123,5000.50,-0,1e2,0.00000012,1E+2],"b":{},"a":[],"t":"\u00fc\/\n{","n":null,"o":{"x":true}}"#;
        assert_eq!(compact(TEXT.as_bytes()).unwrap(), compacted);
        for scalar in ["1.0", "\"x\"", "null", "-0"] {
            assert_eq!(pretty(scalar.as_bytes()).as_deref(), Some(scalar));
        }
    }

    #[test]
    fn samples_look_as_serde_json_lays_them_out() {
        for sample in crate::Sample::valid() {
            let value: Value = serde_json::from_slice(sample.body).unwrap();
            assert_eq!(pretty(sample.body).unwrap(), serde_json::to_string_pretty(&value).unwrap(), "{}", sample.name);
        }
    }

    #[test]
    fn what_is_not_json_is_not_laid_out() {
        for text in ["", "{", "{\"a\":1,}", "[1]x", "\"\\ud800\"", &"[".repeat(200)] {
            assert_eq!(pretty(text.as_bytes()), None, "{text}");
        }
    }
}
