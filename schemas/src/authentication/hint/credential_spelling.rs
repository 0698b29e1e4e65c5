//! The ways in which programs write a credential wrongly.

use serde::{Deserialize, Serialize};

/// Another way to write a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Spelling {
    /// In base64, although it belongs in the message as it is.
    Base64,
    /// In base64 that a strict decoder refuses: without padding, with stray bits or line breaks.
    Base64Lenient,
    /// In base64 of base64.
    Base64Twice,
    /// In the base64 alphabet for URLs.
    Base64Url,
    /// With invisible characters at an edge of the username, the password or the secret.
    InvisibleEdges,
    /// In ISO 8859-1.
    Latin1,
    /// `username:password`, without base64.
    NotBase64,
    /// In another Unicode normalization form.
    Normalization,
    /// With another scheme, or with none.
    OtherScheme,
    /// Percent-encoded, as in a URL or a form.
    PercentEncoded,
    /// With a scheme or a version before it, such as `Basic ` or `v1,`.
    Prefixed,
    /// In single or double quotes.
    Quoted,
    /// Username and password are swapped.
    Swapped,
    /// In UTF-16.
    Utf16,
    /// In UTF-8 that was taken for Latin-1 or Windows-1252 and encoded in UTF-8 again.
    Utf8Twice,
    /// In Windows-1252.
    Windows1252,
}

impl Spelling {
    /// How the credential was sent, such as "in Latin-1".
    pub fn description(self) -> &'static str {
        self.words().0
    }

    /// What the client has to do, such as "encode it in UTF-8".
    pub fn fix(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Base64 => ("in base64", "send it without base64"),
            Self::Base64Lenient => {
                ("in base64 that is not exact", "send the base64 with its padding and without line breaks")
            }
            Self::Base64Twice => ("in base64 twice", "encode it once"),
            Self::Base64Url => ("in base64url", "use the standard base64 alphabet, with padding"),
            Self::InvisibleEdges => {
                ("with white space or an invisible character around it", "leave it out (`echo` adds a line end)")
            }
            Self::Latin1 => ("in Latin-1", "encode it in UTF-8"),
            Self::NotBase64 => ("without base64", "encode `username:password` in base64"),
            Self::Normalization => {
                ("in another Unicode normalization form", "send exactly the characters that are configured")
            }
            Self::OtherScheme => ("with another scheme", "write `Basic` before the base64"),
            Self::PercentEncoded => ("percent-encoded", "decode it first"),
            Self::Prefixed => ("with a prefix such as `Basic ` or `v1,`", "leave the prefix out"),
            Self::Quoted => ("in quotes", "leave the quotes out"),
            Self::Swapped => ("with username and password swapped", "swap them"),
            Self::Utf16 => ("in UTF-16", "encode it in UTF-8"),
            Self::Utf8Twice => ("in UTF-8 twice", "encode it once"),
            Self::Windows1252 => ("in Windows-1252", "encode it in UTF-8"),
        }
    }
}
