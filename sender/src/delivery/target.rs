//! A target: the checked URL of an endpoint. Its `Display` is fit for logs: what stands in the query may open a door,
//! so only the names are shown.

use std::{fmt, str::FromStr};

use delivery::{EndpointUrl, UrlError};
use http::Uri;
use schemas::redaction::{mask_url, url_credentials};
use secrecy::SecretString;

use super::guard::spells_loopback;

/// The URL of an endpoint, as it goes over the wire ([`EndpointUrl`]).
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    url: EndpointUrl,
}

impl Target {
    /// The URL.
    pub fn uri(&self) -> &Uri {
        self.url.uri()
    }

    /// The host, without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        self.url.host()
    }

    /// The value of the `host` header: the port is left out where it is the scheme's own (RFC 9110 section 7.2).
    pub fn host_header(&self) -> &str {
        self.url.host_header()
    }

    /// Whether it is `https`.
    pub fn is_encrypted(&self) -> bool {
        self.url.is_encrypted()
    }

    /// Whether it leads to this very machine by its spelling: a loopback address or a name under `localhost`
    /// (RFC 6761 section 6.3). An IPv4 address in IPv6 clothes does not spell it.
    pub fn is_loopback(&self) -> bool {
        spells_loopback(self.host())
    }

    /// The credentials in it: the values of the query and, where the URL as a whole is a secret, its path.
    pub fn secrets(&self, is_secret: bool) -> Vec<SecretString> {
        url_credentials(self.url.path_and_query(), is_secret)
    }

    /// Path and query as a log may show them.
    pub fn masked_path(&self) -> String {
        mask_url(self.url.path_and_query())
    }
}

impl FromStr for Target {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        text.parse().map(|url| Self { url })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_encrypted() { "https" } else { "http" };
        let authority = self.uri().authority().map_or("", |authority| authority.as_str());
        write!(f, "{scheme}://{authority}{}", self.masked_path())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_it_has_no_value_of_its_query() {
        for (text, expected) in [
            ("https://a.example/run?code=s3cret&x", "https://a.example/run?code=***&***"),
            ("http://bücher.example:8080/hä?ü=ö", "http://xn--bcher-kva.example:8080/h%C3%A4?%C3%BC=***"),
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), expected);
        }
    }

    #[test]
    fn loopback_is_told_by_the_spelling() {
        for (text, expected) in [
            ("http://127.0.0.1/", true),
            ("http://127.8.9.1:99/", true),
            ("http://[::1]/", true),
            ("http://[::ffff:127.0.0.1]/", false),
            ("http://localhost:8080/", true),
            ("http://LOCALHOST./", true),
            ("http://hooks.localhost/", true),
            ("http://127.0.0.1.example.com/", false),
            ("http://notlocalhost/", false),
            ("http://10.0.0.1/", false),
            ("http://0.0.0.0/", false),
            ("http://2130706433/", true),
            ("http://0x7f.1/", true),
            ("http://%6cocalhost/", true),
        ] {
            assert_eq!(text.parse::<Target>().unwrap().is_loopback(), expected, "{text}");
        }
    }
}
