//! The URL of the endpoint under test, in the parts that a connection and a request need.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use delivery::{EndpointUrl, UrlError};
use schemas::redaction::mask_url;

/// The URL of an endpoint, as it goes over the wire ([`EndpointUrl`]). `Display` masks the query's values, which may be
/// credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: EndpointUrl,
    shown: String,
    /// The PEM file with its own authorities.
    ca: Option<PathBuf>,
}

impl Endpoint {
    /// The host, without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        self.url.host()
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.url.port()
    }

    /// Whether it is `https`.
    pub fn is_encrypted(&self) -> bool {
        self.url.is_encrypted()
    }

    /// Whether its host is a loopback name or address.
    pub fn is_loopback(&self) -> bool {
        self.url.is_loopback()
    }

    pub(crate) fn host_header(&self) -> &str {
        self.url.host_header()
    }

    /// Path and query for a request line.
    pub(crate) fn path(&self) -> &str {
        self.url.path_and_query()
    }

    /// The whole URL. It may hold a credential in its query.
    pub(crate) fn url(&self) -> String {
        self.url.uri().to_string()
    }

    /// Sets the PEM file with its own authorities, for command lines.
    pub(crate) fn with_ca(self, ca: Option<PathBuf>) -> Self {
        Self { ca, ..self }
    }

    /// The PEM file with its own authorities.
    pub(crate) fn ca(&self) -> Option<&Path> {
        self.ca.as_deref()
    }

    /// The URL with credentials masked.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }
}

impl FromStr for Endpoint {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let url: EndpointUrl = text.parse()?;
        let shown = mask_url(&url.uri().to_string());
        Ok(Self { url, shown, ca: None })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_it_has_no_value_of_its_query() {
        for (text, expected) in [
            ("https://a.example:443/run?code=s3cret&x", "https://a.example/run?code=***&***"),
            ("http://bücher.example:8080/hä?ü=ö", "http://xn--bcher-kva.example:8080/h%C3%A4?%C3%BC=***"),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), expected);
        }
    }
}
