//! Decides which requests reach the inspector, and sets the headers that keep browsers from doing more than its pages need.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};

use super::{page::CONTENT_SECURITY_POLICY, password::Passwords};
use crate::config::{HostName, InspectConfig};

const CHALLENGE: HeaderValue =
    HeaderValue::from_static("Basic realm=\"webhook-receiver inspector\", charset=\"UTF-8\"");

/// On every answer. A handler may set its own Content-Security-Policy.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// What a request is checked against.
pub(super) struct Guard {
    hosts: Hosts,
    pub(super) passwords: Passwords,
}

/// The names that the inspector answers to. Another name leads here through a DNS server that somebody else controls, so that
/// a page of theirs could read the answers.
struct Hosts(Vec<HostName>);

/// Why a request does not reach a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Host,
    CrossSite,
    Credentials,
}

impl Guard {
    /// `address` is the bound address of `config`.
    pub(super) fn new(config: &InspectConfig, address: SocketAddr, default_port: u16, passwords: Passwords) -> Self {
        Self { hosts: Hosts::new(config, address, default_port), passwords }
    }

    fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        if !self.hosts.allow(uri, headers) {
            return Err(Refusal::Host);
        }
        if !is_from_own_page(headers) {
            return Err(Refusal::CrossSite);
        }
        if uri.path() == SIGN_OUT || !self.passwords.accepts(headers) {
            return Err(Refusal::Credentials);
        }
        Ok(())
    }
}

/// Answers 401 whatever the credentials are, which makes a browser forget them.
pub(super) const SIGN_OUT: &str = "/sign-out";

/// The middleware around all routes.
pub(super) async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.check(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, value);
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert_with(|| HeaderValue::from_static(&CONTENT_SECURITY_POLICY));
    response
}

impl Hosts {
    fn new(config: &InspectConfig, address: SocketAddr, default_port: u16) -> Self {
        let port = address.port();
        let mut names = Vec::new();
        let mut add = |host: &str, ports: &[Option<u16>]| {
            names.extend(ports.iter().map(|port| HostName { host: host.to_owned(), port: *port }));
        };
        // A browser leaves the scheme's own port out.
        let own_port = if port == default_port { &[Some(port), None][..] } else { &[Some(port)] };
        add("localhost", own_port);
        if !address.ip().is_unspecified() {
            let ip = SocketAddr::new(address.ip(), 0).to_string();
            add(ip.trim_end_matches(":0"), own_port);
        }
        for name in &config.hosts {
            match name.port {
                Some(_) => add(&name.host, &[name.port]),
                // Reached directly, or through a proxy on the scheme's own port.
                None => add(&name.host, &[None, Some(port)]),
            }
        }
        Self(names)
    }

    /// Whether the request has exactly one `Host`, and an allowed one.
    fn allow(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
        let is_allowed = |text: &str| HostName::parse(text).is_some_and(|host| self.0.contains(&host));
        host.to_str().is_ok_and(is_allowed) && uri.authority().is_none_or(|authority| is_allowed(authority.as_str()))
    }
}

/// Whether a browser sends the request for the inspector's own page, or because somebody followed a link or typed the address.
/// Browsers set these headers themselves (Fetch Metadata, `Origin`); other clients send none.
fn is_from_own_page(headers: &HeaderMap) -> bool {
    let value = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    match value("sec-fetch-site") {
        Some(b"same-origin" | b"none") => true,
        // A POST is checked again, by the layer for it.
        Some(_) => value("sec-fetch-mode") == Some(b"navigate") && value("sec-fetch-dest") == Some(b"document"),
        // Browsers do not send Fetch Metadata for a WebSocket, but they add the password to one from another port.
        None => value("origin").is_none_or(|origin| {
            let authority = [&b"http://"[..], b"https://"].iter().find_map(|scheme| origin.strip_prefix(*scheme));
            authority.is_some() && authority == value("host")
        }),
    }
}

impl Refusal {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Host => (
                StatusCode::MISDIRECTED_REQUEST,
                "The inspector does not answer to this host name. Use the address that the receiver printed at start, or add \
                 the name to `inspect_hosts` in its configuration.\n",
            ),
            Self::CrossSite => (StatusCode::FORBIDDEN, "This request comes from another site.\n"),
            Self::Credentials => (
                StatusCode::UNAUTHORIZED,
                "Sign in as `operator`. The receiver printed at start which file has the password.\n",
            ),
        };
        let mut response = (status, text).into_response();
        if self == Self::Credentials {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, CHALLENGE);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_hosts_are_allowed() {
        let config = InspectConfig {
            address: "127.0.0.1:9091".parse().unwrap(),
            hosts: vec![HostName::parse("hooks.example.com").unwrap(), HostName::parse("10.0.0.7:444").unwrap()],
        };
        let hosts = Hosts::new(&config, config.address, 80);
        for (values, expected) in [
            (&["127.0.0.1:9091"][..], true),
            (&["localhost:9091"], true),
            (&["LOCALHOST:9091"], true),
            (&["hooks.example.com"], true),
            (&["hooks.example.com:9091"], true),
            (&["10.0.0.7:444"], true),
            (&["10.0.0.7"], false),
            (&["hooks.example.com:9092"], false),
            (&["hooks.example.com.evil.example"], false),
            (&["127.0.0.1.evil.example:9091"], false),
            (&["evil.example:9091"], false),
            (&["127.0.0.1"], false),
            (&["127.0.0.1:9092"], false),
            (&["127.0.0.1:09091"], false),
            (&["localhost.:9091"], false),
            (&["jo@localhost:9091"], false),
            (&["[::1]:9091"], false),
            (&["0.0.0.0:9091"], false),
            (&[""], false),
            (&[], false),
            (&["localhost:9091", "localhost:9091"], false),
        ] {
            let headers = values.iter().map(|value| (header::HOST, HeaderValue::from_static(value))).collect();
            assert_eq!(hosts.allow(&Uri::from_static("/"), &headers), expected, "{values:?}");
        }
        let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("localhost:9091"))]);
        assert!(!hosts.allow(&Uri::from_static("http://evil.example/"), &headers));
        let default_port = Hosts::new(&config, "[::1]:80".parse().unwrap(), 80);
        for host in ["[::1]", "[::1]:80", "localhost"] {
            let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
            assert!(default_port.allow(&Uri::from_static("/"), &headers), "{host}");
        }
    }
}
