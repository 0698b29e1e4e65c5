//! The client address of a request: the other end of the connection, or the address in `X-Forwarded-For` if that is a trusted
//! proxy.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use http::HeaderMap;
use ipnet::IpNet;

/// The chain of clients and proxies. Each proxy appends the address that it sees.
const FORWARDED_FOR: &str = "x-forwarded-for";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    connected: SocketAddr,
    /// Set if `connected` is a trusted proxy.
    forwarded: Option<IpAddr>,
}

impl Peer {
    /// The right-most address of the chain that is not a trusted proxy. Everything to the left of it is unverified, and a value
    /// that is not an address ends the chain.
    ///
    /// IPv4 addresses and networks in IPv6 form are treated as IPv4.
    pub(super) fn of(connected: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let connected = canonical(connected);
        let trusts = |address: IpAddr| trusted.iter().any(|network| contains(network, address));
        let mut forwarded = None;
        if trusts(connected.ip()) {
            let fields = headers.get_all(FORWARDED_FOR).iter().rev();
            let hops = fields.flat_map(|field| field.to_str().unwrap_or("?").rsplit(','));
            for address in hops.map_while(address) {
                forwarded = Some(address);
                if !trusts(address) {
                    break;
                }
            }
        }
        Self { connected, forwarded }
    }

    pub(super) fn ip(&self) -> IpAddr {
        self.forwarded.unwrap_or(self.connected.ip())
    }

    pub(super) fn proxy(&self) -> Option<SocketAddr> {
        self.forwarded.map(|_| self.connected)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.forwarded {
            Some(address) => address.fmt(f),
            None => self.connected.fmt(f),
        }
    }
}

/// The address of a peer for logs and records: a listener on an IPv6 address sees IPv4 peers as `::ffff:192.0.2.1` (RFC 4291
/// section 2.5.5.2).
pub(super) fn canonical(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}

/// Whether a network contains a canonical address, even if the network is written as `::ffff:10.0.0.0/104`.
fn contains(network: &IpNet, address: IpAddr) -> bool {
    match (network, address) {
        (IpNet::V6(mapped), IpAddr::V4(address)) if mapped.prefix_len() >= 96 => {
            mapped.contains(&address.to_ipv6_mapped())
        }
        _ => network.contains(&address),
    }
}

/// Parses an address with or without a port.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let parsed = bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()));
    parsed.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn an_ipv4_peer_is_recognized_in_every_form() {
        for (trusted, connected, chain, shown, proxy) in [
            ("10.0.0.0/8", "[::ffff:192.0.2.9]:7", "203.0.113.5", "192.0.2.9:7", None),
            ("10.0.0.0/8", "[::ffff:10.0.0.1]:7", "::ffff:203.0.113.5", "203.0.113.5", Some("10.0.0.1:7")),
            ("10.0.0.0/8", "[::ffff:a00:1]:7", "[::FFFF:203.0.113.5]:80", "203.0.113.5", Some("10.0.0.1:7")),
            ("::ffff:10.0.0.0/104", "10.0.0.1:7", "203.0.113.5, ::ffff:10.9.9.9", "203.0.113.5", Some("10.0.0.1:7")),
            ("::ffff:10.0.0.1/128", "[::ffff:10.0.0.1]:7", "203.0.113.5", "203.0.113.5", Some("10.0.0.1:7")),
            ("::ffff:10.0.0.0/104", "11.0.0.1:7", "203.0.113.5", "11.0.0.1:7", None),
            ("::/0", "10.0.0.1:7", "203.0.113.5", "10.0.0.1:7", None),
            ("2001:db8::/32", "[2001:db8::1]:7", "203.0.113.5", "203.0.113.5", Some("[2001:db8::1]:7")),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(FORWARDED_FOR, HeaderValue::from_static(chain));
            let peer = Peer::of(connected.parse().unwrap(), &headers, &[trusted.parse().unwrap()]);
            let seen = (peer.to_string(), peer.proxy().map(|proxy| proxy.to_string()));
            assert_eq!(seen, (shown.to_owned(), proxy.map(str::to_owned)), "{trusted} {connected} {chain}");
        }
    }

    #[test]
    fn the_right_most_address_that_is_not_a_trusted_proxy_is_the_peer() {
        let trusted: Vec<IpNet> = vec!["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        for (case, connected, chain, expected) in [
            ("an untrusted peer is not believed", "192.0.2.9:1", &["203.0.113.5"][..], "192.0.2.9"),
            ("a proxy is believed", "127.0.0.1:1", &["203.0.113.5"], "203.0.113.5"),
            ("no header", "127.0.0.1:1", &[], "127.0.0.1"),
            (
                "addresses to the left are ignored",
                "127.0.0.1:1",
                &["10.1.1.1, 198.51.100.7, 203.0.113.5"],
                "203.0.113.5",
            ),
            ("two proxies", "127.0.0.1:1", &["198.51.100.7, 203.0.113.5, 10.0.0.2"], "203.0.113.5"),
            ("two fields", "127.0.0.1:1", &["198.51.100.7", "203.0.113.5"], "203.0.113.5"),
            ("proxies only", "127.0.0.1:1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("no address", "127.0.0.1:1", &["203.0.113.5, unknown"], "127.0.0.1"),
            ("no address before a proxy", "127.0.0.1:1", &["unknown, 10.0.0.2"], "10.0.0.2"),
            ("nothing", "127.0.0.1:1", &[""], "127.0.0.1"),
            ("a port", "127.0.0.1:1", &["203.0.113.5:4711"], "203.0.113.5"),
            ("version 6", "127.0.0.1:1", &["2001:db8::1"], "2001:db8::1"),
            ("version 6 with a port", "127.0.0.1:1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("version 6 in brackets", "127.0.0.1:1", &["[2001:db8::1]"], "2001:db8::1"),
            ("4 in 6", "[::ffff:10.0.0.1]:1", &["::ffff:203.0.113.5"], "203.0.113.5"),
        ] {
            let mut headers = HeaderMap::new();
            for field in chain {
                headers.append(FORWARDED_FOR, HeaderValue::from_static(field));
            }
            let peer = Peer::of(connected.parse().unwrap(), &headers, &trusted);
            assert_eq!(peer.ip().to_string(), expected, "{case}");
        }
    }
}
