//! What may be kept of a body, and how much of a text is shown in a line or a table.

use std::{borrow::Cow, ops::Range};

use bytes::Bytes;
use schemas::{json, text};

/// The body with the value at `secret` emptied to `""`; all else stays byte for byte. Nobody else holds most large bodies,
/// and then it is done in place.
pub(crate) fn emptied(body: Bytes, secret: Option<Range<usize>>) -> Bytes {
    const EMPTY: &str = "\"\"";
    let Some(secret) = secret else { return body };
    // The shortest values, such as 0, have no room for it.
    if secret.len() < EMPTY.len() {
        return json::replace(&body, secret, EMPTY).into();
    }
    match body.try_into_mut() {
        Ok(mut body) => {
            let length = body.len() - (secret.len() - EMPTY.len());
            body[secret.start..][..EMPTY.len()].copy_from_slice(EMPTY.as_bytes());
            body.copy_within(secret.end.., secret.start + EMPTY.len());
            body.truncate(length);
            body.freeze()
        }
        Err(body) => json::replace(&body, secret, EMPTY).into(),
    }
}

/// Maximum number of characters of a text from a message or a peer in a log line, a table or an error.
const MAX_CHARACTERS: usize = 200;

/// The first characters of a text that somebody else chose: an identifier may be as long as a body.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    text::truncate(text, MAX_CHARACTERS)
}

/// The first characters of a text that somebody else chose, on one line and safe on a terminal.
pub(crate) fn one_line(text: &str) -> String {
    text::one_line(text, MAX_CHARACTERS)
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
}
