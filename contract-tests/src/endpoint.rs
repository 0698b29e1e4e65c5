//! The URL of the endpoint that is tested, read once into what a connection and a request need.

use std::{fmt, str::FromStr};

use http::{Uri, uri::Scheme};
use schemas::{host::Host, redaction::mask_url};

/// The URL of an endpoint: absolute, `http` or `https`, with a host and without a user. `Display` masks the query's
/// values, since they may open a door.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    host: String,
    port: u16,
    encrypted: bool,
    host_header: String,
    path: String,
    url: String,
    shown: String,
}

/// Why a text is no URL of an endpoint. It is not repeated: it may hold a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// It cannot be read as a URL.
    #[error("the URL cannot be read")]
    Malformed,
    /// It does not begin with `http://` or `https://`.
    #[error("the URL does not begin with http:// or https://")]
    Scheme,
    /// It holds `user@` or `user:password@`.
    #[error("the URL holds a username or password; give them with --username and --password")]
    UserInfo,
}

impl Endpoint {
    /// The host, without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is `https`.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether it leads to this very machine by its spelling.
    pub fn is_loopback(&self) -> bool {
        let name = self.host.trim_end_matches('.').to_ascii_lowercase();
        Host::read(&self.host).is_loopback_address() || name == "localhost" || name.ends_with(".localhost")
    }

    pub(crate) fn host_header(&self) -> &str {
        &self.host_header
    }

    /// Path and query, as a request line has them.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The whole URL. It may hold a credential in its query.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The URL as anyone may see it.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let scheme = |name: &str| text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        if !scheme("http://") && !scheme("https://") {
            return Err(EndpointError::Scheme);
        }
        let uri: Uri = text.parse().map_err(|_| EndpointError::Malformed)?;
        let authority = uri.authority().ok_or(EndpointError::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(EndpointError::UserInfo);
        }
        // A port that is no number is kept by `Uri` and would be taken for the default one.
        let port_is_whole = authority.port_u16().is_some() || authority.as_str() == authority.host();
        if authority.host().is_empty() || !port_is_whole {
            return Err(EndpointError::Malformed);
        }
        let encrypted = uri.scheme() == Some(&Scheme::HTTPS);
        let default = if encrypted { 443 } else { 80 };
        let port = authority.port_u16().unwrap_or(default);
        let bare = authority.host();
        let host_header = if port == default { bare.to_owned() } else { format!("{bare}:{port}") };
        let path = uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        let origin = format!("{}://{host_header}", if encrypted { "https" } else { "http" });
        Ok(Self {
            host: bare.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port,
            encrypted,
            url: format!("{origin}{path}"),
            shown: mask_url(&format!("{origin}{path}")),
            host_header,
            path,
        })
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
    fn only_what_can_be_posted_to_is_an_endpoint() {
        for (text, expected) in [
            ("http://127.0.0.1:8080/hooks/flowingly", Ok("http://127.0.0.1:8080/hooks/flowingly")),
            ("HTTPS://hooks.example.com", Ok("https://hooks.example.com/")),
            ("http://hooks.example.com:80/a", Ok("http://hooks.example.com/a")),
            ("http://[::1]:8080/", Ok("http://[::1]:8080/")),
            ("https://a.example/run?code=s3cret&x", Ok("https://a.example/run?code=***&***")),
            ("ftp://a.example/", Err(EndpointError::Scheme)),
            ("a.example/hook", Err(EndpointError::Scheme)),
            ("http://", Err(EndpointError::Malformed)),
            ("http://a.example:x/", Err(EndpointError::Malformed)),
            ("http://jo:s3cret@a.example/", Err(EndpointError::UserInfo)),
        ] {
            let endpoint = text.parse::<Endpoint>().map(|endpoint| endpoint.to_string());
            assert_eq!(endpoint.as_deref().map_err(|error| *error), expected, "{text}");
        }
        assert_eq!("http://[::1]:8080/".parse::<Endpoint>().unwrap().host(), "::1");
    }
}
