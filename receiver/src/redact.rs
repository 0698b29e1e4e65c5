//! What may be kept and shown of a body: the client secret's value is emptied, control characters are escaped, and what
//! goes into a line or a table is cut.

use std::{borrow::Cow, fmt::Write as _, ops::Range};

use bytes::Bytes;
use schemas::log_command::{self, Notation};

/// The body with the value at `secret` emptied to `""`; all else stays byte for byte. Nobody else holds most large bodies,
/// and then it is done in place.
pub(crate) fn emptied(body: Bytes, secret: Option<Range<usize>>) -> Bytes {
    const EMPTY: &[u8] = b"\"\"";
    let Some(secret) = secret else { return body };
    // The shortest values, such as 0, have no room for it.
    if secret.len() < EMPTY.len() {
        return [&body[..secret.start], EMPTY, &body[secret.end..]].concat().into();
    }
    match body.try_into_mut() {
        Ok(mut body) => {
            let length = body.len() - (secret.len() - EMPTY.len());
            body[secret.start..][..EMPTY.len()].copy_from_slice(EMPTY);
            body.copy_within(secret.end.., secret.start + EMPTY.len());
            body.truncate(length);
            body.freeze()
        }
        Err(body) => [&body[..secret.start], EMPTY, &body[secret.end..]].concat().into(),
    }
}

/// JSON text that is safe on a terminal and in the log of a CI job: what could move the cursor, ring, turn the direction of
/// writing or be a command there is escaped the way JSON does it.
pub(crate) fn printable(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        if is_unsafe(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(shown, "\\u{unit:04x}").expect("a String takes everything");
            }
        } else {
            shown.push(character);
        }
    }
    log_command::escape(&shown, Notation::Json).into_owned()
}

/// Maximum number of characters of a text from a message or a peer in a log line, a table or an error.
const MAX_CHARACTERS: usize = 200;

/// The first characters of a text that somebody else chose: an identifier may be as long as a body.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_CHARACTERS) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

/// The first characters of a text that somebody else chose, on one line and safe on a terminal.
pub(crate) fn one_line(text: &str) -> String {
    printable(&shortened(text)).replace('\n', "\\n")
}

/// Whether a terminal obeys or hides it. A line end is not.
pub(crate) fn is_unsafe(character: char) -> bool {
    let control = character.is_control() && character != '\n';
    let invisible_or_turning = matches!(character,
        '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}');
    control || invisible_or_turning
}

#[cfg(test)]
mod tests {
    use schemas::{Document, Profile};

    use super::*;

    #[test]
    fn only_the_secrets_value_is_emptied() {
        for (body, kept) in [
            (r#"{"a":1, "clientSecret" : "s\u0073\"" ,"b":"s"}"#, r#"{"a":1, "clientSecret" : "" ,"b":"s"}"#),
            (r#"{"clientSecret":[1,{"x":2}]}"#, r#"{"clientSecret":""}"#),
            (r#"{"a":"clientSecret"}"#, r#"{"a":"clientSecret"}"#),
            (r#"{"clientSecret":""}"#, r#"{"clientSecret":""}"#),
            (r#"{"clientSecret":7}"#, r#"{"clientSecret":""}"#),
        ] {
            let secret = Document::read(body.as_bytes(), Profile::v1()).unwrap().secret_span();
            let shared = Bytes::copy_from_slice(body.as_bytes());
            assert_eq!(emptied(shared.clone(), secret.clone()), kept, "held by others");
            assert_eq!(shared, body);
            assert_eq!(emptied(shared, secret), kept, "in place");
        }
    }

    #[test]
    fn what_somebody_else_chose_is_cut() {
        for (text, expected) in [
            ("FLOW-1".to_owned(), "FLOW-1".to_owned()),
            ("ü".repeat(200), "ü".repeat(200)),
            ("💧".repeat(201), format!("{}…", "💧".repeat(200))),
            ("x".repeat(3 << 20), format!("{}…", "x".repeat(200))),
            ("\u{1b}".repeat(300), format!("{}…", "\\u001b".repeat(200))),
            ("a\nb".to_owned(), "a\\nb".to_owned()),
        ] {
            assert_eq!(one_line(&text), expected);
        }
    }

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        assert_eq!(printable("a\u{1b}[2J\u{9b}\u{7f}\nü\u{202e}💧"), "a\\u001b[2J\\u009b\\u007f\nü\\u202e💧");
        assert_eq!(printable("\"##[error]x\"\n::error::x"), "\"\\u0023#[error]x\"\n\\u003a:error::x");
    }
}
