//! Credentials in every encoding in which a program may repeat them, and JSON escapes.

use schemas::{
    Authentication, Redactor,
    redaction::{MIN_CREDENTIAL_BYTES, url_credentials},
};

/// A shorter text may be in another one by chance.
const MIN_DISTINCTIVE_CHARACTERS: usize = 12;

/// A credential to look for and to mask. It has no `Display`.
#[derive(Clone, Debug, Default)]
pub(crate) struct SecretEncodings {
    redactor: Redactor,
    is_distinctive: bool,
}

impl SecretEncodings {
    /// Of the expected credential, if there is one.
    pub(crate) fn expected(authentication: &Authentication) -> Self {
        let is_distinctive = match authentication {
            Authentication::None => false,
            Authentication::ClientSecret { client_secret } => is_distinctive(client_secret.expose()),
            Authentication::Basic(basic) => is_distinctive(basic.expose_password()),
        };
        Self { redactor: Redactor::of(authentication), is_distinctive }
    }

    /// Of a secret or password that was sent, and of the pair where there is a username. Short ones are words of a case,
    /// such as `null`, and are not masked.
    pub(crate) fn of(secret: &str, username: Option<&str>) -> Self {
        let redactor = match username {
            Some(username) => Redactor::default().with_basic(username, secret),
            None if secret.len() < MIN_CREDENTIAL_BYTES => Redactor::default(),
            None => Redactor::default().with(secret),
        };
        Self { redactor, is_distinctive: is_distinctive(secret) }
    }

    /// Of the credentials in a URL, given its path and query.
    pub(crate) fn of_url(path_and_query: &str) -> Self {
        let mut redactor = Redactor::default();
        redactor.extend(&url_credentials(path_and_query, false));
        Self { redactor, is_distinctive: false }
    }

    /// Whether it is too long to be in an answer by chance, as the word `secret` may be.
    pub(crate) fn is_distinctive(&self) -> bool {
        self.is_distinctive
    }

    /// Whether the bytes have the credential in any encoding.
    pub(crate) fn are_in(&self, bytes: &[u8]) -> bool {
        self.redactor.is_in(bytes)
    }
}

/// Masks several credentials in a text.
pub(crate) fn masked(text: &str, hidden: &[SecretEncodings]) -> String {
    all(hidden).mask(text)
}

/// Masks several credentials in a text that was cut off, perhaps in the middle of a credential.
pub(crate) fn masked_cut(text: &str, hidden: &[SecretEncodings]) -> String {
    all(hidden).mask_cut(text)
}

fn all(hidden: &[SecretEncodings]) -> Redactor {
    hidden.iter().fold(Redactor::default(), |all, encodings| all.and(&encodings.redactor))
}

/// Whether the bytes have a text that is not empty.
pub(crate) fn contains(bytes: &[u8], text: &str) -> bool {
    !text.is_empty() && bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Whether a credential is too long to be in a text by chance.
pub(crate) fn is_distinctive(credential: &str) -> bool {
    credential.chars().count() >= MIN_DISTINCTIVE_CHARACTERS
}

/// JSON with every character beyond ASCII as one or two escapes.
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
        let sent = SecretEncodings::of("päss \"wörd\"", Some("jo"));
        for text in ["x päss \"wörd\" y", r#"{"a":"p\u00E4ss \"w\u00f6rd\""}"#, "basic am86cMOkc3MgInfDtnJkIg=="] {
            assert!(sent.are_in(text.as_bytes()), "{text}");
            assert!(masked(text, &[SecretEncodings::default(), sent.clone()]).contains("***"), "{text}");
        }
        let short = SecretEncodings::of("null", None);
        assert!(!short.are_in(b"null"));
        assert_eq!(masked("null", &[short]), "null");
        assert_eq!(
            masked("at /run?code=KEY, not KEYS", &[SecretEncodings::of_url("/run?code=KEY")]),
            "at /run?***, not KEYS"
        );
    }
}
