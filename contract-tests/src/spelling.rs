//! Credentials to find in an answer and to mask there, and texts as JSON spells them.

use schemas::{
    Authentication, Redactor,
    redaction::{MIN_CREDENTIAL_BYTES, url_credentials},
};

/// In the text that people type, fewer characters than these stand by chance.
const TELLING_CHARACTERS: usize = 12;

/// A credential to look for. Nothing shows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spellings {
    redactor: Redactor,
    tell: bool,
}

impl Spellings {
    /// Of the credential that somebody expects; none where there is none.
    pub(crate) fn expected(authentication: &Authentication) -> Self {
        let tell = match authentication {
            Authentication::None => false,
            Authentication::ClientSecret { client_secret } => is_telling(client_secret.expose()),
            Authentication::Basic(basic) => is_telling(basic.expose_password()),
        };
        Self { redactor: Redactor::of(authentication), tell }
    }

    /// Of a secret or password that was sent, and of the pair where there is a username. A case sends short ones that are
    /// words of its own, such as `null`: they are not masked.
    pub(crate) fn of(secret: &str, username: Option<&str>) -> Self {
        let redactor = match username {
            Some(username) => Redactor::default().with_basic(username, secret),
            None if secret.len() < MIN_CREDENTIAL_BYTES => Redactor::default(),
            None => Redactor::default().with(secret),
        };
        Self { redactor, tell: is_telling(secret) }
    }

    /// Of what opens a door in a URL, given its path and query.
    pub(crate) fn of_url(path_and_query: &str) -> Self {
        let mut redactor = Redactor::default();
        redactor.extend(&url_credentials(path_and_query, false));
        Self { redactor, tell: false }
    }

    /// Whether they stand in an answer hardly by chance, as the word `secret` may.
    pub(crate) fn tell(&self) -> bool {
        self.tell
    }

    /// Whether one of them stands in the bytes.
    pub(crate) fn are_in(&self, bytes: &[u8]) -> bool {
        self.redactor.is_in(bytes)
    }
}

/// The text with several credentials masked.
pub(crate) fn masked(text: &str, hidden: &[Spellings]) -> String {
    all(hidden).mask(text)
}

/// The same of a text of which the rest was cut off, perhaps in the middle of a credential.
pub(crate) fn masked_cut(text: &str, hidden: &[Spellings]) -> String {
    all(hidden).mask_cut(text)
}

fn all(hidden: &[Spellings]) -> Redactor {
    hidden.iter().fold(Redactor::default(), |all, spellings| all.and(&spellings.redactor))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_masked() {
        let sent = Spellings::of("päss \"wörd\"", Some("jo"));
        for text in ["x päss \"wörd\" y", r#"{"a":"p\u00E4ss \"w\u00f6rd\""}"#, "basic am86cMOkc3MgInfDtnJkIg=="] {
            assert!(sent.are_in(text.as_bytes()), "{text}");
            assert!(masked(text, &[Spellings::default(), sent.clone()]).contains("***"), "{text}");
        }
        let short = Spellings::of("null", None);
        assert!(!short.are_in(b"null"));
        assert_eq!(masked("null", &[short]), "null");
        assert_eq!(
            masked("at /run?code=KEY, not KEYS", &[Spellings::of_url("/run?code=KEY")]),
            "at /run?***, not KEYS"
        );
    }
}
