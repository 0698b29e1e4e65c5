//! The condition under which a case proves something: a password that is cut at 72 bytes differs from the whole one only
//! if that is longer.

use std::{fmt, str::FromStr};

use serde::Deserialize;

/// A condition, written `secret: over 72 bytes`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Condition {
    /// Something about the credential given.
    Credential(CredentialPart, Property),
    /// The base64 of `username:password` has padding.
    Padding,
    /// The base64 of `username:password` has a plus or a slash.
    PlusOrSlash,
    /// An `https` URL.
    Https,
    /// HTTP/2 offered by ALPN.
    Http2,
    /// The property names of profile v1.
    ProfileV1,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialPart {
    Secret,
    Username,
    Password,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Property {
    OverBytes(usize),
    OverCharacters(usize),
    BeyondAscii,
    /// A character beyond ASCII, but not beyond Latin-1.
    Latin1,
    Letter,
    Colon,
    /// A character with another normalization form.
    NormalForms,
    /// White space at its beginning or end.
    SpaceAround,
    /// Digits only, without a leading 0.
    Number,
    /// ASCII characters only.
    Ascii,
    /// A character beyond Latin-1.
    BeyondLatin1,
    /// A character beyond U+FFFF.
    BeyondBmp,
    Accent,
    Dot,
    Underscore,
    PlusOrSpace,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a condition; json/case.schema.json lists them")]
pub struct ConditionError(String);

impl Property {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "beyond ASCII" => Self::BeyondAscii,
            "Latin-1 beyond ASCII" => Self::Latin1,
            "a letter" => Self::Letter,
            "a colon" => Self::Colon,
            "two normalization forms" => Self::NormalForms,
            "space around" => Self::SpaceAround,
            "a number" => Self::Number,
            "within ASCII" => Self::Ascii,
            "beyond Latin-1" => Self::BeyondLatin1,
            "beyond U+FFFF" => Self::BeyondBmp,
            "an accent" => Self::Accent,
            "a dot" => Self::Dot,
            "an underscore" => Self::Underscore,
            "a plus or a space" => Self::PlusOrSpace,
            _ => {
                let (number, unit) = text.strip_prefix("over ")?.split_once(' ')?;
                match unit {
                    "bytes" => Self::OverBytes(number.parse().ok()?),
                    "characters" => Self::OverCharacters(number.parse().ok()?),
                    _ => return None,
                }
            }
        })
    }
}

impl Condition {
    /// Whether [`crate::telling`] credentials meet it; the others need a credential, an endpoint or a profile of their
    /// own.
    pub(crate) fn is_met_by_strong_credentials(&self) -> bool {
        match self {
            Self::Credential(_, property) => {
                !matches!(property, Property::Number | Property::SpaceAround | Property::Latin1 | Property::Ascii)
            }
            Self::Padding => true,
            Self::PlusOrSlash | Self::Https | Self::Http2 | Self::ProfileV1 => false,
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Without the number, so that a report has one line for all lengths.
            Self::OverBytes(_) | Self::OverCharacters(_) => f.write_str("that is longer"),
            Self::BeyondAscii => f.write_str("with a character beyond ASCII"),
            Self::Latin1 => f.write_str("with a character such as ä, but not beyond Latin-1"),
            Self::Letter => f.write_str("with a letter"),
            Self::Colon => f.write_str("with a colon"),
            Self::NormalForms => f.write_str("with a character that Unicode can write in two ways, such as ä"),
            Self::SpaceAround => f.write_str("with a space at its beginning or end"),
            Self::Number => f.write_str("of digits only"),
            Self::Ascii => f.write_str("of ASCII characters only"),
            Self::BeyondLatin1 => f.write_str("with a character beyond Latin-1, such as €"),
            Self::BeyondBmp => f.write_str("with a character beyond U+FFFF, such as 😀"),
            Self::Accent => f.write_str("with an accent"),
            Self::Dot => f.write_str("with a dot"),
            Self::Underscore => f.write_str("with an underscore"),
            Self::PlusOrSpace => f.write_str("with a plus sign or a space"),
        }
    }
}

impl fmt::Display for CredentialPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret => "secret",
            Self::Username => "username",
            Self::Password => "password",
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(of, property) => write!(f, "it needs a {of} {property}"),
            Self::Padding => f.write_str("it needs credentials whose base64 has padding"),
            Self::PlusOrSlash => f.write_str("it needs credentials whose base64 has a plus or a slash"),
            Self::Https => f.write_str("it needs an https URL"),
            Self::Http2 => f.write_str("the endpoint does not offer HTTP/2"),
            Self::ProfileV1 => f.write_str("it needs the property names of profile v1"),
        }
    }
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        let unknown = || ConditionError(text.to_owned());
        match text {
            "pair: padding in base64" => return Ok(Self::Padding),
            "pair: plus or slash in base64" => return Ok(Self::PlusOrSlash),
            "https" => return Ok(Self::Https),
            "http/2" => return Ok(Self::Http2),
            "profile v1" => return Ok(Self::ProfileV1),
            _ => {}
        }
        let (of, property) = text.split_once(": ").ok_or_else(unknown)?;
        let of = match of {
            "secret" => CredentialPart::Secret,
            "username" => CredentialPart::Username,
            "password" => CredentialPart::Password,
            _ => return Err(unknown()),
        };
        Ok(Self::Credential(of, Property::parse(property).ok_or_else(unknown)?))
    }
}

impl TryFrom<String> for Condition {
    type Error = ConditionError;

    fn try_from(text: String) -> Result<Self, ConditionError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_parsed_and_described() {
        for (text, said) in [
            ("https", "it needs an https URL"),
            ("secret: over 72 bytes", "it needs a secret that is longer"),
            ("password: a colon", "it needs a password with a colon"),
            ("username: over 1 characters", "it needs a username that is longer"),
            ("secret: within ASCII", "it needs a secret of ASCII characters only"),
            ("password: beyond U+FFFF", "it needs a password with a character beyond U+FFFF, such as 😀"),
        ] {
            assert_eq!(text.parse::<Condition>().unwrap().to_string(), said);
        }
        for text in ["", "secret", "secret: ", "token: a colon", "secret: over x bytes", "secret: over 7 miles"] {
            assert!(text.parse::<Condition>().is_err(), "{text:?}");
        }
    }
}
