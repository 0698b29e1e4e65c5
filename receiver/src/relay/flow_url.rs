//! The URL of a flow in the product, from a pattern.

use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// A pattern such as `https://acme.example/flows/{flowIdentifier}`: where a card's button leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowUrl(String);

const PLACEHOLDER: &str = "{flowIdentifier}";

/// All except the unreserved characters (RFC 3986 section 2.3).
const ESCAPED_CHARACTERS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlowUrlError {
    #[error("the pattern of a flow's URL must start with https:// or http://")]
    Scheme,
    #[error("the pattern of a flow's URL must contain {PLACEHOLDER} and no other braces")]
    Placeholder,
}

impl FromStr for FlowUrl {
    type Err = FlowUrlError;

    fn from_str(pattern: &str) -> Result<Self, FlowUrlError> {
        if !is_web(pattern) {
            return Err(FlowUrlError::Scheme);
        }
        let rest = pattern.replace(PLACEHOLDER, "");
        if rest.len() == pattern.len() || rest.contains(['{', '}']) {
            return Err(FlowUrlError::Placeholder);
        }
        Ok(Self(pattern.to_owned()))
    }
}

impl FlowUrl {
    /// The pattern as it is written.
    pub(super) fn pattern(&self) -> &str {
        &self.0
    }

    /// The URL of a flow; the identifier is percent-encoded (RFC 3986 section 2.1).
    pub fn of(&self, flow_identifier: &str) -> String {
        self.0.replace(PLACEHOLDER, &utf8_percent_encode(flow_identifier, ESCAPED_CHARACTERS).to_string())
    }
}

/// Whether an address may be opened from a card.
pub(super) fn is_web(url: &str) -> bool {
    let begins = |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    (begins("https://") || begins("http://")) && !url.chars().any(|character| character.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identifier_cannot_leave_its_place() {
        let pattern: FlowUrl = "https://acme.example/flows/{flowIdentifier}?tab=1".parse().unwrap();
        assert_eq!(pattern.of("FLOW-604"), "https://acme.example/flows/FLOW-604?tab=1");
        assert_eq!(pattern.of("../ä?&#"), "https://acme.example/flows/..%2F%C3%A4%3F%26%23?tab=1");
    }

    #[test]
    fn what_makes_no_address_is_refused() {
        for (pattern, error) in [
            ("javascript:{flowIdentifier}", FlowUrlError::Scheme),
            ("https://acme.example/", FlowUrlError::Placeholder),
            ("https://acme.example/{flow}", FlowUrlError::Placeholder),
            ("https://acme.example/{flowIdentifier}/{x}", FlowUrlError::Placeholder),
        ] {
            assert_eq!(pattern.parse::<FlowUrl>(), Err(error), "{pattern}");
        }
    }
}
