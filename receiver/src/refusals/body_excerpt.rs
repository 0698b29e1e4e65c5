//! The beginning of a refused body, with every credential masked: configured ones in any encoding, the one that was presented,
//! and the value of every member whose name suggests a credential, because a wrong one may be nearly right.

use std::ops::Range;

use schemas::{
    Profile, Redactor, Role,
    redaction::{MASK, is_sensitive_name},
};

use super::refused_request::BodyExcerpt;

/// Maximum size of an excerpt in bytes.
const MAX_EXCERPT_BYTES: usize = 16 << 10;
/// A credential that begins in the excerpt is found whole in twice as many bytes.
const MAX_MASKED_BYTES: usize = 2 * MAX_EXCERPT_BYTES;

/// The excerpt of a body. `None` if the profile has the secret in an array, or under a name that is not one word: then it
/// could not be found in a body that is not JSON. Nor is there one of a body in UTF-16, in which no name is found either.
pub(super) fn excerpt(body: &[u8], profile: &Profile, redactor: &Redactor) -> Option<BodyExcerpt> {
    let place = profile.pointer(Role::ClientSecret).and_then(|pointer| pointer.tokens().last());
    let has_no_name = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit()) || !name.bytes().all(is_word);
    let read = &body[..body.len().min(MAX_MASKED_BYTES)];
    if place.is_some_and(has_no_name) || read.contains(&0) {
        return None;
    }
    let is_sensitive =
        |name: &str| is_sensitive_name(name) || place.is_some_and(|place| place.eq_ignore_ascii_case(name));
    let mut text = Vec::with_capacity(read.len());
    let mut at = 0;
    for value in values(read, is_sensitive) {
        text.extend_from_slice(&read[at..value.start]);
        text.extend_from_slice(MASK.as_bytes());
        at = value.end;
    }
    text.extend_from_slice(&read[at..]);
    let text = String::from_utf8_lossy(&text);
    let mut text = if read.len() < body.len() { redactor.mask_cut(&text) } else { redactor.mask(&text) };
    let is_complete = body.len() <= MAX_MASKED_BYTES && text.len() <= MAX_EXCERPT_BYTES;
    text.truncate(text.floor_char_boundary(MAX_EXCERPT_BYTES));
    Some(BodyExcerpt { text, is_complete })
}

/// The values of sensitive names, in JSON that may be broken and in forms: what follows a word, its closing quote if it has
/// one, and a colon or an equals sign. Quotes before the word do not matter, so one that is missing hides nothing.
fn values(text: &[u8], is_sensitive: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(start) = text.iter().skip(at).position(|byte| is_word(*byte)).map(|length| at + length) {
        let end = text[start..].iter().position(|byte| !is_word(*byte)).map_or(text.len(), |length| start + length);
        let closed = if is_quote(text.get(end)) { end + 1 } else { end };
        let separator = skip_space(text, closed);
        at = end;
        if matches!(text.get(separator), Some(b':' | b'=')) && is_sensitive(&unescaped(&text[start..end])) {
            let value = value(text, skip_space(text, separator + 1));
            at = value.end.max(end);
            found.push(value);
        }
    }
    found
}

/// The value that begins here: the inside of a text, an array or object to its end, anything else to the next separator.
fn value(text: &[u8], start: usize) -> Range<usize> {
    match text.get(start) {
        Some(quote @ (b'"' | b'\'')) => start + 1..end_of_text(text, start + 1, *quote),
        Some(b'[' | b'{') => {
            let (mut at, mut depth) = (start, 0_usize);
            while let Some(byte) = text.get(at) {
                match byte {
                    b'"' => at = end_of_text(text, at + 1, b'"'),
                    b'[' | b'{' => depth += 1,
                    b']' | b'}' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    break;
                }
            }
            start..at.min(text.len())
        }
        _ => {
            let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b'&' | b';' | b'\r' | b'\n');
            start.min(text.len())..text.iter().skip(start).position(ends).map_or(text.len(), |length| start + length)
        }
    }
}

/// The position of the quote that ends a text, or the end of everything.
fn end_of_text(text: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            byte if *byte == quote => return at,
            _ => at += 1,
        }
    }
    text.len()
}

fn unescaped(raw: &[u8]) -> String {
    // A backslash at the end escapes the quote of JSON within a text.
    let end = raw.iter().rposition(|byte| *byte != b'\\').map_or(0, |last| last + 1);
    let raw = &raw[..end];
    let quoted = [b"\"", raw, b"\""].concat();
    serde_json::from_slice(&quoted).unwrap_or_else(|_| String::from_utf8_lossy(raw).into_owned())
}

fn skip_space(text: &[u8], at: usize) -> usize {
    text.iter().skip(at).position(|byte| !byte.is_ascii_whitespace()).map_or(text.len(), |length| at + length)
}

fn is_quote(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b'"' | b'\''))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'%' | b'.' | b'\\') || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_masked_wherever_they_are() {
        let redactor = Redactor::default().with("canary-right");
        for (case, body, expected) in [
            ("at its place", r#"{"clientSecret":"wrong","a":1}"#, r#"{"clientSecret":"***","a":1}"#),
            (
                "twice",
                r#"{"clientSecret":"x","clientSecret" : "y"}"#,
                r#"{"clientSecret":"***","clientSecret" : "***"}"#,
            ),
            ("escaped name", r#"{"client\u0053ecret":"wrong"}"#, r#"{"client\u0053ecret":"***"}"#),
            ("not a text", r#"{"clientSecret":["a]",{"b":"c"}],"d":1}"#, r#"{"clientSecret":***,"d":1}"#),
            ("a number", r#"{"clientSecret":123,"d":1}"#, r#"{"clientSecret":***,"d":1}"#),
            ("cut", r#"{"clientSecret":"wro"#, r#"{"clientSecret":"***"#),
            ("escaped quotes", r#"{"clientSecret":"a\"b","c":1}"#, r#"{"clientSecret":"***","c":1}"#),
            ("another name", r#"{"api_key":"k","note":"key"}"#, r#"{"api_key":"***","note":"key"}"#),
            ("another case", r#"{"CLIENTSECRET":"k"}"#, r#"{"CLIENTSECRET":"***"}"#),
            ("a form", "clientSecret=abc&x=1", "clientSecret=***&x=1"),
            ("YAML", "clientSecret: abc\nx: 1", "clientSecret: ***\nx: 1"),
            (
                "a configured one elsewhere",
                r#"{"a":"x canary-right","b":"canary%2Dright"}"#,
                r#"{"a":"x ***","b":"***"}"#,
            ),
            ("nothing after the name", r#"{"clientSecret":"#, r#"{"clientSecret":***"#),
            ("a quote too many", r#"{'a, "clientSecret":"k","b":1}"#, r#"{'a, "clientSecret":"***","b":1}"#),
            ("no quote before it", r#"{clientSecret":"k","b":1}"#, r#"{clientSecret":"***","b":1}"#),
            ("two words", r#"{"client secret": 'k', "b":1}"#, r#"{"client secret": '***', "b":1}"#),
            (
                "JSON within a text",
                r#"{"a":"{\"clientSecret\":\"k\",\"b\":1}"}"#,
                r#"{"a":"{\"clientSecret\":***,\"b\":1}"}"#,
            ),
            ("nothing", "", ""),
        ] {
            assert_eq!(excerpt(body.as_bytes(), Profile::v1(), &redactor).unwrap().text, expected, "{case}");
        }
    }

    #[test]
    fn a_body_in_which_names_cannot_be_found_is_not_kept() {
        let profile = |place: &str| {
            let v1 = include_str!("../../../schemas/profiles/v1.toml");
            Profile::parse(&v1.replace("\"/clientSecret\"", &format!("\"{place}\""))).unwrap()
        };
        let of = |body: &[u8], place: &str| excerpt(body, &profile(place), &Redactor::default()).is_some();
        assert!(of(b"{}", "/clientSecret"));
        assert!(of(b"{}", "/auth/geheim"));
        assert!(!of(b"{}", "/auth/0"));
        assert!(!of(b"{}", "/auth/two words"));
        assert!(!of(b"{\0}\0", "/clientSecret"));
    }

    #[test]
    fn an_excerpt_is_limited_and_cuts_no_credential() {
        let redactor = Redactor::default().with("canary-right");
        for before in MAX_EXCERPT_BYTES - 14..MAX_EXCERPT_BYTES + 2 {
            let body = format!("{}canary-right{}", "ä".repeat(before / 2), "x".repeat(MAX_EXCERPT_BYTES));
            let excerpt = excerpt(body.as_bytes(), Profile::v1(), &redactor).unwrap();
            assert!(excerpt.text.len() <= MAX_EXCERPT_BYTES && !excerpt.is_complete, "{before}");
            assert!(!excerpt.text.contains("can"), "{before}");
        }
    }
}
