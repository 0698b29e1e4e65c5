//! The proxy that requests go through: by the usual variables of the environment, or given. An https target is reached
//! by CONNECT, an http one in absolute form; its credentials are shown nowhere.

use std::{fmt, sync::Arc};

use http::{HeaderValue, Uri, uri::Scheme};
use hyper_util::client::proxy::matcher::Matcher;
use schemas::host::Host;

use super::guard::{AddressKind, spells_loopback, unbracketed};

/// Which targets go through which proxy. Those that spell this machine, in whatever way, never do: a proxy has another
/// loopback.
#[derive(Clone, Default)]
pub struct Proxy {
    matcher: Option<Arc<Matcher>>,
}

/// The proxy for one target.
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

    /// As `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` have it, in capitals or not; they are read now. In a
    /// CGI program (`REQUEST_METHOD`) there is none, for there `HTTP_PROXY` is a header of the request.
    pub fn from_environment() -> Self {
        Self { matcher: Some(Arc::new(Matcher::from_env())) }
    }

    /// `proxy` for all targets but those that `except` names, as `NO_PROXY` does: domains with all below them, addresses,
    /// networks, `*`; by commas.
    pub fn all(proxy: &str, except: &str) -> Self {
        Self { matcher: Some(Arc::new(Matcher::builder().all(proxy).no(except).build())) }
    }

    pub(super) fn route(&self, uri: &Uri) -> Option<Route> {
        if uri.host().is_some_and(|host| spells_loopback(unbracketed(host)) || may_be_loopback(host)) {
            return None;
        }
        let intercept = self.matcher.as_ref()?.intercept(uri)?;
        Some(Route { uri: intercept.uri().clone(), authorization: intercept.basic_auth().cloned() })
    }
}

/// Whether somebody could read the host as a loopback address.
fn may_be_loopback(host: &str) -> bool {
    let Host::Address(addresses) = Host::read(host) else { return false };
    addresses.into_iter().any(|address| AddressKind::of(address) == AddressKind::Loopback)
}

impl Route {
    /// Whether it is spoken to by HTTP; there are SOCKS proxies too.
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
        // The matcher's own leaves the credentials out.
        f.debug_struct("Proxy").field("matcher", &self.matcher).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_targets_go_through_the_proxy() {
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
            ("http://0177.0.0.1/", None),
            ("http://[::ffff:127.0.0.1]/", None),
            ("http://167772161/", Some("proxy.example:3128")),
        ] {
            let route = proxy.route(&target.parse().unwrap());
            assert_eq!(route.map(|route| route.name()).as_deref(), expected, "{target}");
        }
        let shown = format!("{proxy:?}");
        assert!(shown.contains("proxy.example") && !shown.contains("canary"), "{shown}");
        assert!(Proxy::none().route(&"http://a.example/".parse().unwrap()).is_none());
    }
}
