//! The URL of an endpoint, read once into what a connection and a request need.

use std::{fmt, str::FromStr};

use http::{Uri, uri::Scheme};
use schemas::{
    host,
    redaction::{mask_url, url_credentials},
    uri::{encode_path, encode_query},
};
use secrecy::SecretString;
use url::Url;

/// The URL of an endpoint: absolute, `http` or `https`, with a host and without a user. It is in the form that goes over
/// the wire (RFC 3986): what path and query cannot hold is percent-encoded, names are in lower case and in the form of
/// IDNA, numeric addresses in their usual form, and it has neither a default port nor a fragment.
///
/// `Display` and `Debug` mask the values of the query: they may be credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointUrl {
    uri: Uri,
}

/// Why a text cannot be used as the URL of an endpoint. The text is not repeated: it may hold a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Programs read the host as different addresses: `010.0.0.1` is `8.0.0.1` in C and `10.0.0.1` where the zero is ignored.
    #[error("the host of the URL has numbers with a leading zero, which programs read differently: write them without")]
    AmbiguousHost,
    /// It holds a control character, a backslash, or a space at its beginning or end.
    #[error("the URL holds a control character, a backslash, or a space at its beginning or end")]
    Character,
    /// The host is missing, or cannot be read as a name or an address.
    #[error("the host of the URL is missing or invalid")]
    Host,
    /// It has more than 65,534 bytes.
    #[error("the URL is longer than 65,534 bytes")]
    Length,
    /// The port is not a number up to 65,535.
    #[error("the port of the URL is not a number up to 65535")]
    Port,
    /// It does not begin with `http://` or `https://`.
    #[error("the URL does not begin with http:// or https://")]
    Scheme,
    /// It holds `user@` or `user:password@`.
    #[error("the URL holds a username or password")]
    UserInfo,
}

impl EndpointUrl {
    /// The whole URL. Its query may hold a credential.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The host, without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        without_brackets(self.uri.host().unwrap_or_default())
    }

    /// The port, also where the URL leaves it to the scheme.
    pub fn port(&self) -> u16 {
        self.uri.port_u16().unwrap_or(if self.is_encrypted() { 443 } else { 80 })
    }

    /// The value of the `host` header: the port is left out where it is the scheme's own (RFC 9110 section 7.2).
    pub fn host_header(&self) -> &str {
        self.uri.authority().map_or("", |authority| authority.as_str())
    }

    /// Path and query, as a request line has them.
    pub fn path_and_query(&self) -> &str {
        self.uri.path_and_query().map_or("/", |path| path.as_str())
    }

    /// Path and query with the values of the query masked.
    pub fn masked_path(&self) -> String {
        mask_url(self.path_and_query())
    }

    /// Whether it is `https`.
    pub fn is_encrypted(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }

    /// Whether the host is this machine by its spelling (see [`host::is_loopback`]).
    pub fn is_loopback(&self) -> bool {
        host::is_loopback(self.host())
    }

    /// The credentials in it: the values of the query and, where the URL as a whole is a secret, its path.
    pub fn secrets(&self, is_secret: bool) -> Vec<SecretString> {
        url_credentials(self.path_and_query(), is_secret)
    }
}

/// A host without the brackets of an IPv6 address.
pub(crate) fn without_brackets(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

impl FromStr for EndpointUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        // Browsers drop or rewrite these silently and other clients send them, so only the user knows what is meant.
        if text.contains(|character: char| character.is_control() || character == '\\') || text.trim() != text {
            return Err(UrlError::Character);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        let scheme =
            ["http", "https"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known)).ok_or(UrlError::Scheme)?;
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let authority = normalize_authority(scheme, authority)?;
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let path = if path.is_empty() { "/".to_owned() } else { encode_path(path) };
        let query = query.map(|query| format!("?{}", encode_query(query))).unwrap_or_default();
        let uri = format!("{scheme}://{authority}{path}{query}").parse();
        uri.map(|uri| Self { uri }).map_err(|_| UrlError::Length)
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask_url(&self.uri.to_string()))
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointUrl({self})")
    }
}

/// Host and port in their normal form. The host is read as browsers and curl read it: `http://2130706433/` is a loopback
/// address.
fn normalize_authority(scheme: &str, authority: &str) -> Result<String, UrlError> {
    if authority.contains('@') {
        return Err(UrlError::UserInfo);
    }
    if authority.is_empty() {
        return Err(UrlError::Host);
    }
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    if host::is_ambiguous(host) {
        return Err(UrlError::AmbiguousHost);
    }
    let url = Url::parse(&format!("{scheme}://{authority}/")).map_err(|error| match error {
        url::ParseError::InvalidPort => UrlError::Port,
        _ => UrlError::Host,
    })?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(UrlError::Host)?;
    Ok(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, UrlError> {
        text.parse::<EndpointUrl>().map(|url| url.uri().to_string())
    }

    #[test]
    fn a_url_is_in_the_form_that_goes_over_the_wire() {
        for (text, expected) in [
            ("http://127.0.0.1:8080/hooks/flowingly", "http://127.0.0.1:8080/hooks/flowingly"),
            ("HTTPS://Hooks.Example.COM", "https://hooks.example.com/"),
            ("https://a.example:443?x=1", "https://a.example/?x=1"),
            ("http://a.example:080/", "http://a.example/"),
            ("http://a.example:/", "http://a.example/"),
            ("https://a.example:80/", "https://a.example:80/"),
            ("http://[::1]:8080/", "http://[::1]:8080/"),
            ("http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"),
            ("http://[::FFFF:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
            ("http://host/hä?x=ü", "http://host/h%C3%A4?x=%C3%BC"),
            ("http://host/my hook?to=Jo Doe", "http://host/my%20hook?to=Jo%20Doe"),
            ("http://host/a|b/[c]?d={e}&f=\"g\"^`", "http://host/a%7Cb/%5Bc%5D?d=%7Be%7D&f=%22g%22%5E%60"),
            ("http://host/%C3%a4?x=%c3%BC", "http://host/%C3%a4?x=%c3%BC"),
            ("http://host/100%?x=%zz", "http://host/100%25?x=%25zz"),
            ("http://host/a/../b//c/", "http://host/a/../b//c/"),
            ("http://host/run?code=a/b?c:d@e=~", "http://host/run?code=a/b?c:d@e=~"),
            ("http://host/a#part?x", "http://host/a"),
            ("http://host#part", "http://host/"),
            ("http://bücher.example/", "http://xn--bcher-kva.example/"),
            ("http://BÜCHER.example:81/", "http://xn--bcher-kva.example:81/"),
            ("http://%62%C3%BCcher.example/", "http://xn--bcher-kva.example/"),
            ("http://2130706433/", "http://127.0.0.1/"),
            ("http://0x7f.1:8080/", "http://127.0.0.1:8080/"),
            ("http://017700000001./", "http://127.0.0.1/"),
            ("http://１２７.0.0.1/", "http://127.0.0.1/"),
            ("http://my_service:8080/", "http://my_service:8080/"),
            ("http://localhost./", "http://localhost./"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
            assert_eq!(read(expected).as_deref(), Ok(expected), "{text}: twice is as once");
        }
    }

    #[test]
    fn what_cannot_be_the_url_of_an_endpoint_is_refused_with_the_reason() {
        for (text, expected) in [
            ("ftp://a.example/", UrlError::Scheme),
            ("a.example/hook", UrlError::Scheme),
            ("", UrlError::Scheme),
            ("http:/a.example/", UrlError::Scheme),
            ("http://", UrlError::Host),
            ("http:///hook", UrlError::Host),
            ("http://?x", UrlError::Host),
            ("http://:80/", UrlError::Host),
            ("http://a b.example/", UrlError::Host),
            ("http://a.example|b/", UrlError::Host),
            ("http://[::1/", UrlError::Host),
            ("http://[fe80::1%25eth0]/", UrlError::Host),
            ("http://256.1.1.1/", UrlError::Host),
            ("http://4294967297/", UrlError::Host),
            ("http://1.2.3.4.5/", UrlError::Host),
            ("http://a.1/", UrlError::Host),
            ("http://010.0.0.1/", UrlError::AmbiguousHost),
            ("http://0177.1:8080/", UrlError::AmbiguousHost),
            ("http://a%2fb/", UrlError::Host),
            ("http://xn--zz--/", UrlError::Host),
            ("http://a.example:x/", UrlError::Port),
            ("http://a.example:99999/", UrlError::Port),
            ("http://a.example:80:80/", UrlError::Port),
            ("http://jo:s3cret@a.example/", UrlError::UserInfo),
            ("http://@a.example/", UrlError::UserInfo),
            (" http://a.example/", UrlError::Character),
            ("http://a.example/\n", UrlError::Character),
            ("http://a.example/\t", UrlError::Character),
            ("http://a.example\\@b.example/", UrlError::Character),
            ("http://a.example/a\\b", UrlError::Character),
        ] {
            assert_eq!(read(text), Err(expected), "{text:?}");
        }
        assert_eq!(read(&format!("http://a.example/{}", "a".repeat(70_000))), Err(UrlError::Length));
    }

    #[test]
    fn its_parts_are_those_of_a_request() {
        for (text, host, port, header, path) in [
            ("http://a.example/b?c", "a.example", 80, "a.example", "/b?c"),
            ("https://a.example:80/", "a.example", 80, "a.example:80", "/"),
            ("https://[::1]:443", "::1", 443, "[::1]", "/"),
        ] {
            let url: EndpointUrl = text.parse().unwrap();
            assert_eq!((url.host(), url.port(), url.host_header(), url.path_and_query()), (host, port, header, path));
        }
    }
    #[test]
    fn the_values_of_its_query_are_not_shown() {
        for (text, expected) in [
            ("https://a.example:443/run?code=s3cret&x", "https://a.example/run?code=***&***"),
            ("http://bücher.example:8080/hä?ü=ö", "http://xn--bcher-kva.example:8080/h%C3%A4?%C3%BC=***"),
        ] {
            assert_eq!(text.parse::<EndpointUrl>().unwrap().to_string(), expected);
        }
    }

    #[test]
    fn loopback_is_known_by_the_spelling() {
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
            assert_eq!(text.parse::<EndpointUrl>().unwrap().is_loopback(), expected, "{text}");
        }
    }
}
