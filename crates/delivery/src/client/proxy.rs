//! The proxy for requests: from the environment or given. An https URL is reached by CONNECT, an http URL in absolute
//! form. The proxy's credentials are never shown.

use std::{env, fmt, sync::Arc};

use http::{HeaderValue, Uri, uri::Scheme};
use hyper_util::client::proxy::matcher::Matcher;
use schemas::{host, uri::encode_path};

use super::guard::AddressKind;
use crate::url::{EndpointUrl, UrlError, without_brackets};

/// Which URLs go through which proxy. Those that spell this machine never do: a proxy's loopback is another machine.
#[derive(Clone, Default)]
pub struct Proxy {
    matcher: Option<Arc<Matcher>>,
}

/// Why a proxy cannot be used. Its URL is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages describe the fields")]
pub enum ProxyError {
    /// The variable is not UTF-8.
    #[error("the variable {variable} is not UTF-8")]
    NotUtf8 { variable: &'static str },
    /// The variable holds something other than a URL, or a host with a port.
    #[error("the variable {variable} does not name a proxy: {source}")]
    Url { variable: &'static str, source: UrlError },
}

/// The variables for http URLs, https URLs, both, and URLs without a proxy. The first name that is set wins.
const HTTP_VARIABLES: [&str; 2] = ["HTTP_PROXY", "http_proxy"];
const HTTPS_VARIABLES: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const ALL_VARIABLES: [&str; 2] = ["ALL_PROXY", "all_proxy"];
const EXCEPT_VARIABLES: [&str; 2] = ["NO_PROXY", "no_proxy"];

pub(super) struct Route {
    /// Its URL, without credentials.
    pub(super) uri: Uri,
    /// Value of its `proxy-authorization` header.
    pub(super) authorization: Option<HeaderValue>,
}

impl Proxy {
    /// No proxy.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in upper or lower case. A CGI program
    /// (`REQUEST_METHOD`) has no proxy, because there `HTTP_PROXY` is a header of the request.
    ///
    /// # Errors
    /// When one of them is set and does not name a proxy: ignoring it would bypass the proxy.
    pub fn from_environment() -> Result<Self, ProxyError> {
        if env::var_os("REQUEST_METHOD").is_some() {
            return Ok(Self::none());
        }
        let [http, https, all] = [HTTP_VARIABLES, HTTPS_VARIABLES, ALL_VARIABLES]
            .map(|names| variable(names).and_then(|(name, url)| proxy_url(name, &url)));
        let builder = Matcher::builder().http(http?).https(https?).all(all?);
        Ok(Self { matcher: Some(Arc::new(builder.no(normalize_hosts(&variable(EXCEPT_VARIABLES)?.1)).build())) })
    }

    /// `proxy` for all URLs except the hosts in `except`, in the form of `NO_PROXY`: domains and their subdomains,
    /// addresses, networks and `*`, separated by commas.
    pub fn all(proxy: &str, except: &str) -> Self {
        Self { matcher: Some(Arc::new(Matcher::builder().all(proxy).no(except).build())) }
    }

    pub(super) fn route(&self, uri: &Uri) -> Option<Route> {
        let host = without_brackets(uri.host()?);
        let is_wrapped_loopback =
            || host.parse().is_ok_and(|address| AddressKind::of(address) == AddressKind::Loopback);
        if host::is_loopback(host) || is_wrapped_loopback() {
            return None;
        }
        let intercept = self.matcher.as_ref()?.intercept(uri)?;
        Some(Route { uri: intercept.uri().clone(), authorization: intercept.basic_auth().cloned() })
    }
}

/// The first of these variables that is set, and what it holds.
fn variable(names: [&'static str; 2]) -> Result<(&'static str, String), ProxyError> {
    let set = names.into_iter().find_map(|name| env::var_os(name).map(|value| (name, value)));
    let Some((variable, value)) = set else { return Ok((names[0], String::new())) };
    value.into_string().map(|value| (variable, value)).map_err(|_| ProxyError::NotUtf8 { variable })
}

/// A proxy's URL in its normal form; empty if there is no proxy. The scheme is http by default.
fn proxy_url(variable: &'static str, url: &str) -> Result<String, ProxyError> {
    let url = url.trim();
    if url.is_empty() {
        return Ok(String::new());
    }
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (scheme, rest) = (scheme.to_ascii_lowercase(), rest.trim_end_matches('/'));
    let (user, host) = rest.rsplit_once('@').map_or((None, rest), |(user, host)| (Some(user), host));
    // Only http and https can be used; the error is reported when a request is to go through the proxy.
    let of_endpoint = if scheme.starts_with("socks") { "http" } else { &scheme };
    let host: EndpointUrl =
        format!("{of_endpoint}://{host}").parse().map_err(|source| ProxyError::Url { variable, source })?;
    let port = host.uri().port().map_or_else(String::new, |port| format!(":{port}"));
    let user = user.map_or_else(String::new, |user| format!("{}@", encode_path(user).replace('@', "%40")));
    Ok(format!("{scheme}://{user}{}{port}", host.uri().host().unwrap_or_default()))
}

/// The hosts of `NO_PROXY` in the form that URLs have them: names in the form of IDNA.
fn normalize_hosts(list: &str) -> String {
    let normal = |host: &str| {
        let (dot, name) = host.strip_prefix('.').map_or(("", host), |name| (".", name));
        match format!("http://{name}").parse::<EndpointUrl>() {
            Ok(url) if !name.is_ascii() => format!("{dot}{}", url.host()),
            _ => host.to_owned(),
        }
    };
    list.split(',').map(|host| normal(host.trim())).collect::<Vec<_>>().join(",")
}

impl Route {
    /// Whether it is an HTTP proxy; there are SOCKS proxies too.
    pub(super) fn is_http(&self) -> bool {
        [Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&self.uri.scheme())
    }

    /// Its host and port.
    pub(super) fn name(&self) -> String {
        self.uri.authority().map(ToString::to_string).unwrap_or_default()
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The matcher's own `Debug` omits the credentials.
        f.debug_struct("Proxy").field("matcher", &self.matcher).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_as_every_url_is() {
        let refused = |source| Err(ProxyError::Url { variable: "HTTPS_PROXY", source });
        for (text, expected) in [
            ("", Ok("")),
            (" http://Proxy.Example:3128/ ", Ok("http://proxy.example:3128")),
            ("proxy.example:3128", Ok("http://proxy.example:3128")),
            ("HTTPS://proxy.example", Ok("https://proxy.example")),
            ("http://bücher.example:3128", Ok("http://xn--bcher-kva.example:3128")),
            ("http://jo:pä ss@w%40rd@proxy.example:3128", Ok("http://jo:p%C3%A4%20ss%40w%40rd@proxy.example:3128")),
            ("socks5h://proxy.example:1080", Ok("socks5h://proxy.example:1080")),
            ("http://[::1]:3128", Ok("http://[::1]:3128")),
            ("ftp://proxy.example", refused(UrlError::Scheme)),
            ("http://pro xy.example", refused(UrlError::Host)),
            ("http://proxy.example:port", refused(UrlError::Port)),
        ] {
            assert_eq!(proxy_url("HTTPS_PROXY", text), expected.map(str::to_owned), "{text}");
        }
        assert_eq!(
            normalize_hosts(".bücher.example, BÜCHER.example,a.example,10.0.0.0/8,*"),
            ".xn--bcher-kva.example,xn--bcher-kva.example,a.example,10.0.0.0/8,*"
        );
    }

    #[test]
    fn which_urls_go_through_the_proxy() {
        let proxy = Proxy::all("http://jo:canary-3@proxy.example:3128", "direct.example,10.0.0.0/8");
        for (target, expected) in [
            ("http://a.example/", Some("proxy.example:3128")),
            ("https://a.example/", Some("proxy.example:3128")),
            ("http://direct.example/", None),
            ("http://hooks.direct.example/", None),
            ("http://10.1.2.3/", None),
            ("http://11.1.2.3/", Some("proxy.example:3128")),
            ("http://127.0.0.1:8080/", None),
            ("http://localhost/", None),
            ("http://[::1]/", None),
            ("http://2130706433/", None),
            ("http://127.1:8080/", None),
            ("http://[::ffff:127.0.0.1]/", None),
            ("http://167772161/", None),
        ] {
            let route = proxy.route(target.parse::<EndpointUrl>().unwrap().uri());
            assert_eq!(route.map(|route| route.name()).as_deref(), expected, "{target}");
        }
        let shown = format!("{proxy:?}");
        assert!(shown.contains("proxy.example") && !shown.contains("canary"), "{shown}");
        assert!(Proxy::none().route(&"http://a.example/".parse().unwrap()).is_none());
    }
}
