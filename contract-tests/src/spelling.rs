//! The spellings in which a credential can stand in an answer, to find it there and to mask it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use schemas::Authentication;
use secrecy::{ExposeSecret as _, SecretString};

/// Fewer bytes would be masked in words that have nothing to do with them.
const LEAST: usize = 6;
/// In the text that people type, fewer characters than these stand by chance.
const TELLING_CHARACTERS: usize = 12;
const MASK: &str = "***";
/// All but the unreserved characters (RFC 3986 section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Texts to look for. They are credentials: nothing shows them.
#[derive(Clone, Default)]
pub(crate) struct Spellings {
    texts: Vec<SecretString>,
    tell: bool,
}

impl Spellings {
    /// Of the credential that somebody expects; none where there is none.
    pub(crate) fn expected(authentication: &Authentication) -> Self {
        match authentication {
            Authentication::None => Self::default(),
            Authentication::ClientSecret { client_secret } => Self::of(client_secret.expose(), None),
            Authentication::Basic(basic) => Self::of(basic.expose_password(), Some(basic.username())),
        }
    }

    /// Of a secret or password, and of the pair where there is a username.
    pub(crate) fn of(secret: &str, username: Option<&str>) -> Self {
        let mut texts = Vec::new();
        if secret.len() >= LEAST {
            let json = in_json(secret);
            texts.push(secret.to_owned());
            texts.push(json.replace('/', "\\/"));
            texts.push(escaped(&json));
            texts.push(json);
            let percent = utf8_percent_encode(secret, RESERVED).to_string();
            texts.push(percent.replace("%20", "+"));
            texts.push(percent);
            texts.push(html(secret));
            texts.push(STANDARD.encode(secret));
        }
        if let Some(username) = username {
            texts.push(STANDARD.encode(format!("{username}:{secret}")));
        }
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts.dedup();
        Self { texts: texts.into_iter().map(SecretString::from).collect(), tell: is_telling(secret) }
    }

    /// Whether they stand in an answer hardly by chance, as the word `secret` may.
    pub(crate) fn tell(&self) -> bool {
        self.tell
    }

    /// Whether one of them stands in the bytes.
    pub(crate) fn are_in(&self, bytes: &[u8]) -> bool {
        let lower = bytes.to_ascii_lowercase();
        self.texts.iter().any(|text| {
            let text = text.expose_secret();
            contains(bytes, text)
                // The hex digits of an escape have no case; a text in another case is another text.
                || ((text.contains("\\u") || text.contains('%'))
                    && contains(&lower, &text.to_ascii_lowercase()))
        })
    }

    /// The text with each of them masked.
    pub(crate) fn mask(&self, text: &str) -> String {
        self.texts.iter().fold(text.to_owned(), |text, spelling| text.replace(spelling.expose_secret(), MASK))
    }
}

/// The text with every spelling of several credentials masked.
pub(crate) fn masked(text: &str, hidden: &[Spellings]) -> String {
    hidden.iter().fold(text.to_owned(), |text, spellings| spellings.mask(&text))
}

/// Whether a text stands in the bytes; none does that is empty.
pub(crate) fn contains(bytes: &[u8], text: &str) -> bool {
    !text.is_empty() && bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Whether a text that holds this credential holds it hardly by chance.
pub(crate) fn is_telling(credential: &str) -> bool {
    credential.chars().count() >= TELLING_CHARACTERS
}

/// The text as the inside of a JSON string.
pub(crate) fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// JSON with every character beyond ASCII as an escape, or as a pair of them.
pub(crate) fn escaped(json: &str) -> String {
    let mut units = [0; 2];
    json.chars()
        .map(|character| {
            if character.is_ascii() {
                return character.to_string();
            }
            character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
        })
        .collect()
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_found_and_masked() {
        let spellings = Spellings::of("päss \"wörd\"", Some("jo"));
        for text in [
            "x päss \"wörd\" y",
            r#"{"clientSecret":"päss \"wörd\""}"#,
            r#"{"a":"p\u00e4ss \"w\u00f6rd\""}"#,
            r#"{"a":"p\u00E4ss \"w\u00F6rd\""}"#,
            "/login?s=p%C3%A4ss%20%22w%C3%B6rd%22",
            "/login?s=p%c3%a4ss+%22w%c3%b6rd%22",
            "<b>päss &quot;wörd&quot;</b>",
            "basic am86cMOkc3MgInfDtnJkIg==",
        ] {
            assert!(spellings.are_in(text.as_bytes()), "{text}");
        }
        for text in ["", "päss", "PÄSS \"WÖRD\"", "am86cMOkc3M="] {
            assert!(!spellings.are_in(text.as_bytes()), "{text}");
        }
        assert_eq!(spellings.mask("x päss \"wörd\" y"), "x *** y");
        assert!(!Spellings::of("short", None).are_in(b"short"));
    }
}
