//! The text of URIs (RFC 3986): percent-encoding and the normal form for comparing paths.

use std::{borrow::Cow, fmt::Write as _};

/// Percent-encodes the characters that a path cannot hold: spaces, non-ASCII characters, `[`, `|` and the like, and a `%`
/// that does not begin an escape (section 3.3). Existing escapes stay.
pub fn encode_path(path: &str) -> String {
    encode(path, is_path_byte)
}

/// The same for a query (section 3.4), which may hold `?`.
pub fn encode_query(query: &str) -> String {
    encode(query, |byte| is_path_byte(byte) || byte == b'?')
}

/// Whether each `%` begins an escape of two hexadecimal digits.
pub fn has_valid_escapes(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%').all(|(at, _)| escaped_byte(&bytes[at..]).is_some())
}

/// The normal form of an absolute path (section 6.2.2), the same for equivalent paths. Escapes of unreserved characters are
/// decoded, other escapes get upper-case digits, characters that a path cannot hold are percent-encoded, and `.` and `..`
/// segments are removed. `//`, `%2F`, a slash at the end and the letter case make another path.
pub fn normalize_path(path: &str) -> Cow<'_, str> {
    let is_normal = path.bytes().all(is_path_byte) && !path.contains('%') && !path.contains("/.");
    if is_normal && !path.is_empty() {
        return Cow::Borrowed(path);
    }
    let encoded = encode(&decode_unreserved(path), is_path_byte);
    Cow::Owned(if encoded.starts_with('/') || encoded.is_empty() { without_dots(&encoded) } else { encoded })
}

/// The text with escapes of unreserved characters decoded and upper-case digits in the others.
fn decode_unreserved(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        decoded.push_str(&rest[..at]);
        let escape = escaped_byte(&rest.as_bytes()[at..]);
        match escape {
            Some(byte) if is_unreserved(byte) => decoded.push(char::from(byte)),
            Some(byte) => push_escape(&mut decoded, byte),
            None => decoded.push('%'),
        }
        rest = &rest[at + if escape.is_some() { 3 } else { 1 }..];
    }
    decoded + rest
}

/// The path without `.` and `..` segments (section 5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut ends_in_dots = false;
    for segment in path.split('/').skip(1) {
        ends_in_dots = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    if ends_in_dots {
        kept.push("");
    }
    format!("/{}", kept.join("/"))
}

fn encode(text: &str, is_allowed: impl Fn(u8) -> bool) -> String {
    let bytes = text.as_bytes();
    let mut encoded = String::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if is_allowed(*byte) || (*byte == b'%' && escaped_byte(&bytes[at..]).is_some()) {
            encoded.push(char::from(*byte));
        } else {
            push_escape(&mut encoded, *byte);
        }
    }
    encoded
}

fn push_escape(text: &mut String, byte: u8) {
    write!(text, "%{byte:02X}").expect("a String takes everything");
}

/// The byte of an escape at the beginning of the text.
fn escaped_byte(bytes: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = bytes else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// `pchar` without escapes, and the slash.
fn is_path_byte(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,;=:@/".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_path_or_query_cannot_hold_is_encoded() {
        for (text, path, query) in [
            ("/hooks/flowingly", "/hooks/flowingly", "/hooks/flowingly"),
            ("/hä/ü", "/h%C3%A4/%C3%BC", "/h%C3%A4/%C3%BC"),
            ("/a b", "/a%20b", "/a%20b"),
            ("/%c3%A4%2f", "/%c3%A4%2f", "/%c3%A4%2f"),
            ("/100%", "/100%25", "/100%25"),
            ("/%zz%4", "/%25zz%254", "/%25zz%254"),
            ("/~jo/-._", "/~jo/-._", "/~jo/-._"),
            ("/a!$&'()*+,;=:@", "/a!$&'()*+,;=:@", "/a!$&'()*+,;=:@"),
            ("a?b", "a%3Fb", "a?b"),
            (
                "filter[x]={\"a\"|b}^`<>\\",
                "filter%5Bx%5D=%7B%22a%22%7Cb%7D%5E%60%3C%3E%5C",
                "filter%5Bx%5D=%7B%22a%22%7Cb%7D%5E%60%3C%3E%5C",
            ),
            ("\u{1}\u{7f}💧", "%01%7F%F0%9F%92%A7", "%01%7F%F0%9F%92%A7"),
        ] {
            assert_eq!((encode_path(text).as_str(), encode_query(text).as_str()), (path, query), "{text}");
            assert_eq!(encode_path(&encode_path(text)), path, "{text}: twice is as once");
        }
    }

    #[test]
    fn equivalent_spellings_of_a_path_have_one_normal_form() {
        for (normal, spellings) in [
            (
                "/hooks/~team",
                "/hooks/~team /hooks/%7Eteam /hooks/%7eteam /%68ooks/%7E%74eam /hooks/./~team /x/../hooks/~team",
            ),
            ("/hooks/~team", "/%2e/hooks/~team /x/%2E%2e/hooks/~team /../hooks/~team"),
            ("/h%C3%A4", "/h%C3%A4 /h%c3%a4 /hä /%68%c3%A4"),
            ("/a%2Fb", "/a%2Fb /a%2fb"),
            ("/a%7Cb", "/a%7Cb /a%7cb /a|b"),
            ("/a/", "/a/ /a/. /a/b/.. /a/./"),
            ("/", "/ /. /.. /a/.. /%2E"),
            ("//a", "//a //./a"),
            ("//", "// //a/.. //."),
            ("/a/b", "/a//../b"),
            ("/a%25", "/a%25 /a%"),
            ("/.well-known", "/.well-known /%2Ewell-known /x/../.well-known"),
            ("*", "*"),
        ] {
            for spelling in spellings.split(' ') {
                assert_eq!(normalize_path(spelling), normal, "{spelling}");
            }
        }
        assert_eq!(normalize_path(""), "/", "an absolute URL without a path");
        let different = ["/a/b", "/a%2Fb", "/a//b", "/a/b/", "/A/b", "/a/%20b", "/a/+b"];
        let normal: std::collections::BTreeSet<_> = different.iter().map(|path| normalize_path(path)).collect();
        assert_eq!(normal.len(), different.len());
        assert!(has_valid_escapes("/a%20%fF") && ["/%", "/%2", "/%2g"].iter().all(|text| !has_valid_escapes(text)));
    }
}
