//! The address of the inspector, and the names that browsers may reach it under.

use std::net::{Ipv4Addr, SocketAddr};

use http::uri::Authority;
use toml::Spanned;

use super::{
    Config,
    file::ConfigFile,
    resolve::{ConfigResolver, overlap},
};

const DEFAULT_INSPECT: &str = "127.0.0.1:9091";
const DEFAULT_INSPECT_PORT: u16 = 9091;

/// The listener of the inspector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectConfig {
    pub address: SocketAddr,
    /// Names besides the address itself and `localhost`.
    pub hosts: Vec<HostName>,
}

/// A host and an optional port, as in a `Host` header, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName {
    pub host: String,
    pub port: Option<u16>,
}

impl HostName {
    /// Parses `host` or `host:port`; `None` for anything else, such as user information or an empty port.
    pub fn parse(text: &str) -> Option<Self> {
        let authority: Authority = text.parse().ok()?;
        let name = Self { host: authority.host().to_ascii_lowercase(), port: authority.port_u16() };
        // The parser ignores user information and accepts an empty port.
        (!name.host.is_empty() && name.to_string() == text.to_ascii_lowercase()).then_some(name)
    }
}

impl std::fmt::Display for HostName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl InspectConfig {
    /// On this machine only.
    pub fn local() -> Self {
        Self { address: (Ipv4Addr::LOCALHOST, DEFAULT_INSPECT_PORT).into(), hosts: Vec::new() }
    }

    /// Whether only this machine reaches the address.
    pub fn is_local(&self) -> bool {
        self.address.ip().to_canonical().is_loopback()
    }
}

impl Config {
    /// Whether browsers would send the inspector's password over a network unencrypted.
    pub(super) fn inspects_in_the_clear(&self) -> bool {
        self.tls.is_none() && !self.behind_tls_proxy && self.inspect.as_ref().is_some_and(|inspect| !inspect.is_local())
    }
}

impl ConfigResolver<'_> {
    pub(super) fn inspect(
        &mut self,
        file: &ConfigFile,
        listen: Option<SocketAddr>,
        admin: Option<SocketAddr>,
    ) -> Option<InspectConfig> {
        let hosts = self.inspect_hosts(&file.inspect_hosts);
        let typed = file.inspect.as_ref()?;
        if cfg!(not(feature = "inspect")) {
            self.problem(typed, "this receiver was built without the feature `inspect`");
        }
        let Ok(address) = typed.get_ref().parse::<SocketAddr>() else {
            self.problem(typed, format!("`inspect` must be an IP address and a port, such as {DEFAULT_INSPECT}"));
            return None;
        };
        for (key, other) in [("listen", listen), ("admin", admin)] {
            if other.is_some_and(|other| overlap(other, address)) {
                self.problem(typed, format!("`inspect` and `{key}` are the same address; change the port of one"));
            }
        }
        let inspect = InspectConfig { address, hosts };
        if !inspect.is_local() && file.tls.is_none() && !file.behind_tls_proxy {
            self.problem(
                typed,
                "browsers would send the inspector's password over plain HTTP; use a loopback address, such as \
                 127.0.0.1:9091, give the receiver a certificate under [tls], or put a TLS proxy in front and set \
                 `behind_tls_proxy = true`",
            );
        }
        if address.ip().is_unspecified() && file.inspect_hosts.is_empty() {
            self.problem(
                typed,
                "`inspect` is every address of this machine; add the names that browsers use for it, such as \
                 `inspect_hosts = [\"hooks.example.com\"]`",
            );
        }
        Some(inspect)
    }

    fn inspect_hosts(&mut self, typed: &[Spanned<String>]) -> Vec<HostName> {
        let mut hosts = Vec::new();
        for typed in typed {
            match HostName::parse(typed.get_ref()) {
                Some(host) => hosts.push(host),
                None => self.problem(
                    typed,
                    "`inspect_hosts` must be names with or without a port, such as hooks.example.com or 10.0.0.7:9091",
                ),
            }
        }
        hosts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_and_a_port_and_nothing_else() {
        let name = |host: &str, port| Some(HostName { host: host.to_owned(), port });
        for (text, expected) in [
            ("localhost:9091", name("localhost", Some(9091))),
            ("LocalHost", name("localhost", None)),
            ("[::1]:9091", name("[::1]", Some(9091))),
            ("localhost.", name("localhost.", None)),
            ("localhost:", None),
            ("localhost:09091", None),
            ("localhost:90910", None),
            ("jo@localhost", None),
            ("localhost/", None),
            ("http://localhost", None),
            ("", None),
            (":9091", None),
        ] {
            assert_eq!(HostName::parse(text), expected, "{text}");
        }
    }
}
