//! A target: the checked URL of an endpoint. Its `Display` is fit for logs: what stands in the query may open a door,
//! so only the names are shown.

use std::{fmt, str::FromStr};

use http::{Uri, uri::Scheme};
use schemas::redaction::{mask_url, url_credentials};
use secrecy::SecretString;

use super::guard::{spells_loopback, unbracketed};

/// The URL of an endpoint: absolute, `http` or `https`, with a host and without a user.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    uri: Uri,
}

/// Why a text is no URL that can be posted to. It is not repeated: it may hold a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It cannot be read as a URL.
    #[error("the URL cannot be read")]
    Malformed,
    /// It does not begin with `http://` or `https://`.
    #[error("the URL does not begin with http:// or https://")]
    Scheme,
    /// It holds `user@` or `user:password@`.
    #[error("the URL holds a username or password")]
    UserInfo,
}

impl Target {
    /// The URL.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The host, without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        unbracketed(self.uri.host().unwrap_or_default())
    }

    /// The value of the `host` header: the port is left out where it is the scheme's own (RFC 9110 section 7.2).
    pub fn host_header(&self) -> String {
        let host = self.uri.host().unwrap_or_default();
        let default = if self.is_encrypted() { 443 } else { 80 };
        match self.uri.port_u16().filter(|port| *port != default) {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Whether it is `https`.
    pub fn is_encrypted(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }

    /// Whether it leads to this very machine by its spelling: a loopback address or a name under `localhost`
    /// (RFC 6761 section 6.3). An IPv4 address in IPv6 clothes does not spell it.
    pub fn is_loopback(&self) -> bool {
        spells_loopback(self.host())
    }

    /// The credentials in it: the values of the query and, where the URL as a whole is a secret, its path.
    pub fn secrets(&self, is_secret: bool) -> Vec<SecretString> {
        self.uri.path_and_query().map_or_else(Vec::new, |path| url_credentials(path.as_str(), is_secret))
    }

    /// Path and query as a log may show them.
    pub fn masked_path(&self) -> String {
        self.uri.path_and_query().map_or_else(|| "/".to_owned(), |path| mask_url(path.as_str()))
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let scheme = |name: &str| text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        if !scheme("http://") && !scheme("https://") {
            return Err(TargetError::Scheme);
        }
        let uri: Uri = text.parse().map_err(|_| TargetError::Malformed)?;
        let authority = uri.authority().ok_or(TargetError::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(TargetError::UserInfo);
        }
        // A port that is no number is kept by `Uri` and would be taken for the default one.
        let port_is_whole = authority.port_u16().is_some() || authority.as_str() == authority.host();
        if authority.host().is_empty() || !port_is_whole {
            return Err(TargetError::Malformed);
        }
        Ok(Self { uri })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_encrypted() { "https" } else { "http" };
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
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
    fn only_what_can_be_posted_to_is_a_target() {
        for (text, expected) in [
            ("http://127.0.0.1:8080/hooks/flowingly", Ok("http://127.0.0.1:8080/hooks/flowingly")),
            ("HTTPS://hooks.example.com", Ok("https://hooks.example.com/")),
            ("http://[::1]:8080/", Ok("http://[::1]:8080/")),
            ("https://a.example/run?code=s3cret&x", Ok("https://a.example/run?code=***&***")),
            ("ftp://a.example/", Err(TargetError::Scheme)),
            ("a.example/hook", Err(TargetError::Scheme)),
            ("http://", Err(TargetError::Malformed)),
            ("http:///hook", Err(TargetError::Malformed)),
            ("http://a.example:x/", Err(TargetError::Malformed)),
            ("http://a.example:99999/", Err(TargetError::Malformed)),
            ("http://a b.example/", Err(TargetError::Malformed)),
            ("http://jo:s3cret@a.example/", Err(TargetError::UserInfo)),
        ] {
            let target = text.parse::<Target>().map(|target| target.to_string());
            assert_eq!(target.as_deref().map_err(|error| *error), expected, "{text}");
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
        ] {
            assert_eq!(text.parse::<Target>().unwrap().is_loopback(), expected, "{text}");
        }
    }

    #[test]
    fn the_host_header_leaves_out_the_schemes_own_port() {
        for (text, expected) in [
            ("http://a.example:80/", "a.example"),
            ("https://a.example:443/", "a.example"),
            ("https://a.example:80/", "a.example:80"),
            ("http://[::1]:8080/", "[::1]:8080"),
        ] {
            assert_eq!(text.parse::<Target>().unwrap().host_header(), expected, "{text}");
        }
    }
}
