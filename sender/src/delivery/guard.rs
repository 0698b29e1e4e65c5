//! The guard: which addresses may be called. It is asked about the address that is connected to, so that a name cannot
//! lead to a place where its URL could not go: a service of this machine, the network behind it, or the metadata of a
//! cloud.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Which addresses may be called. By default public ones only: those that the registries of special addresses
/// (RFC 6890) leave to the internet, and no metadata address of a cloud. An IPv4 address is judged as such in whatever
/// IPv6 form it comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressGuard {
    all: bool,
    loopback: bool,
    spelled_loopback: bool,
    private: bool,
    networks: Vec<IpNet>,
}

/// What an address is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind {
    /// On the internet.
    Public,
    /// This machine.
    Loopback,
    /// A private network: RFC 1918, or unique local (`fc00::/7`).
    Private,
    /// Any other use: link-local, metadata, unspecified, multicast, broadcast, shared (`100.64.0.0/10`), documentation,
    /// benchmarks, reserved, tunnels.
    Special,
}

impl AddressGuard {
    /// Allows a network, whatever its addresses are good for.
    #[must_use]
    pub fn allow(mut self, network: IpNet) -> Self {
        self.networks.push(network);
        self
    }

    /// Allows this machine.
    #[must_use]
    pub fn allow_loopback(mut self) -> Self {
        self.loopback = true;
        self
    }

    /// Allows this machine where the URL itself spells it: `localhost`, a name under it, `127.x.x.x` or `[::1]`; not
    /// where another name leads to it.
    #[must_use]
    pub fn allow_spelled_loopback(mut self) -> Self {
        self.spelled_loopback = true;
        self
    }

    /// Allows private networks; the metadata addresses in them are still refused.
    #[must_use]
    pub fn allow_private(mut self) -> Self {
        self.private = true;
        self
    }

    /// Allows every address.
    #[must_use]
    pub fn allow_all(mut self) -> Self {
        self.all = true;
        self
    }

    /// Whether every address is allowed.
    pub(super) fn allows_all(&self) -> bool {
        self.all
    }

    /// Whether `address` may be called for the host `host` of a URL (without the brackets of an IPv6 address).
    pub fn allows(&self, host: &str, address: IpAddr) -> bool {
        let judged = judged(address);
        self.all
            || match kind(judged) {
                AddressKind::Public => true,
                AddressKind::Loopback => self.loopback || (self.spelled_loopback && spells_loopback(host)),
                AddressKind::Private => self.private,
                AddressKind::Special => false,
            }
            || self.networks.iter().any(|network| network.contains(&judged) || network.contains(&address))
    }
}

impl AddressKind {
    /// What an address is good for.
    pub fn of(address: IpAddr) -> Self {
        kind(judged(address))
    }
}

/// Whether a host (without brackets) leads to this machine by its spelling: RFC 6761 section 6.3 for the names. An
/// IPv4 address in IPv6 clothes does not spell it.
pub(super) fn spells_loopback(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// A URL's host without the brackets of an IPv6 address.
pub(super) fn unbracketed(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// The address as it is judged: an IPv4 address where one is wrapped into an IPv6 one.
fn judged(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let [.., a, b, c, d] = v6.octets();
    let [_, _, e, f, g, h, ..] = v6.octets();
    if MAPPED.contains(&v6) || NAT64.contains(&v6) {
        Ipv4Addr::new(a, b, c, d).into()
    } else if SIX_TO_FOUR.contains(&v6) {
        Ipv4Addr::new(e, f, g, h).into()
    } else {
        address
    }
}

fn kind(address: IpAddr) -> AddressKind {
    if METADATA.contains(&address) {
        return AddressKind::Special;
    }
    match address {
        IpAddr::V4(v4) if v4.is_loopback() => AddressKind::Loopback,
        IpAddr::V4(v4) if v4.is_private() => AddressKind::Private,
        IpAddr::V4(v4) if SPECIAL_V4.iter().any(|network| network.contains(&v4)) => AddressKind::Special,
        IpAddr::V6(v6) if v6.is_loopback() => AddressKind::Loopback,
        IpAddr::V6(v6) if v6.is_unique_local() => AddressKind::Private,
        // All that is given out on the internet is in one network; IPv4-compatible and link-local are outside of it.
        IpAddr::V6(v6) if !GLOBAL_V6.contains(&v6) || SPECIAL_V6.iter().any(|network| network.contains(&v6)) => {
            AddressKind::Special
        }
        IpAddr::V4(_) | IpAddr::V6(_) => AddressKind::Public,
    }
}

const fn v4(a: u8, b: u8, c: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), length)
}

const fn v6(a: u16, b: u16, c: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), length)
}

const MAPPED: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xFFFF, 0, 0), 96);
const NAT64: Ipv6Net = v6(0x64, 0xFF9B, 0, 96);
const SIX_TO_FOUR: Ipv6Net = v6(0x2002, 0, 0, 16);
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

/// Of IPv6's global network: protocol assignments with Teredo among them, and documentation (RFC 3849, RFC 9637).
const SPECIAL_V6: [Ipv6Net; 3] = [v6(0x2001, 0, 0, 23), v6(0x2001, 0xDB8, 0, 32), v6(0x3FFF, 0, 0, 20)];

/// The registry of special IPv4 addresses, less loopback and private.
const SPECIAL_V4: [Ipv4Net; 11] = [
    v4(0, 0, 0, 8),
    v4(100, 64, 0, 10),
    v4(169, 254, 0, 16),
    v4(192, 0, 0, 24),
    v4(192, 0, 2, 24),
    v4(192, 88, 99, 24),
    v4(198, 18, 0, 15),
    v4(198, 51, 100, 24),
    v4(203, 0, 113, 24),
    v4(224, 0, 0, 4),
    v4(240, 0, 0, 4),
];

/// Where clouds keep what opens their doors, other than in link-local and shared networks: AWS, Google and Azure.
const METADATA: [IpAddr; 3] = [
    IpAddr::V6(Ipv6Addr::new(0xFD00, 0xEC2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xFD20, 0xCE, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_address_is_good_for() {
        use AddressKind::{Loopback, Private, Public, Special};
        for (name, addresses, expected) in [
            ("on the internet", "1.1.1.1 172.15.255.255 172.32.0.0 100.63.255.255 100.128.0.0 198.17.0.1", Public),
            ("on the internet, IPv6", "2606:4700::1111 2a00:1450::1 2001:4860::8888", Public),
            ("on the internet, wrapped", "::ffff:1.1.1.1 64:ff9b::101:101 2002:101:101::1", Public),
            ("this machine", "127.0.0.1 127.255.255.254 ::1", Loopback),
            ("this machine, wrapped", "::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::", Loopback),
            ("private", "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 fc00::1 fdff::1", Private),
            ("private, wrapped", "::ffff:10.1.2.3 64:ff9b::a00:1 2002:c0a8:101::5", Private),
            ("link-local", "169.254.0.1 169.254.169.254 fe80::1 febf::1 ::ffff:169.254.169.254", Special),
            ("metadata", "fd00:ec2::254 fd20:ce::254 168.63.129.16 100.100.100.200 192.0.0.192", Special),
            ("unspecified", "0.0.0.0 0.1.2.3 :: ::ffff:0.0.0.0", Special),
            ("multicast and broadcast", "224.0.0.1 239.255.255.255 255.255.255.255 ff02::1 ff0e::1", Special),
            ("shared", "100.64.0.1 100.127.255.255", Special),
            ("documentation", "192.0.2.1 198.51.100.7 203.0.113.9 2001:db8::1 3fff::1", Special),
            ("benchmarks", "198.18.0.1 198.19.255.255 2001:2::1", Special),
            ("reserved", "240.0.0.1 250.1.1.1 5f00::1 100::1 1::1 4000::1", Special),
            ("IPv4-compatible", "::127.0.0.1 ::10.0.0.1 ::8.8.8.8", Special),
            ("Teredo", "2001:0:4136:e378:8000:63bf:3fff:fdd2 2001::80ff:fffe", Special),
            ("local NAT64", "64:ff9b:1::7f00:1", Special),
        ] {
            for address in addresses.split(' ') {
                assert_eq!(AddressKind::of(address.parse().unwrap()), expected, "{name}: {address}");
            }
        }
    }

    #[test]
    fn what_is_allowed_besides() {
        let none = AddressGuard::default;
        let network = |text: &str| none().allow(text.parse().unwrap());
        for (name, guard, host, address, expected) in [
            ("public", none(), "a.example", "1.1.1.1", true),
            ("loopback", none(), "127.0.0.1", "127.0.0.1", false),
            ("loopback allowed", none().allow_loopback(), "a.example", "::ffff:127.0.0.1", true),
            ("private is not loopback", none().allow_loopback(), "a.example", "10.0.0.1", false),
            ("spelled in digits", none().allow_spelled_loopback(), "127.0.0.9", "127.0.0.9", true),
            ("spelled in IPv6", none().allow_spelled_loopback(), "::1", "::1", true),
            ("spelled as a name", none().allow_spelled_loopback(), "Hooks.LOCALHOST.", "127.0.0.1", true),
            ("not spelled", none().allow_spelled_loopback(), "a.example", "127.0.0.1", false),
            ("in IPv6 clothes", none().allow_spelled_loopback(), "::ffff:127.0.0.1", "::ffff:127.0.0.1", false),
            ("localhost elsewhere", none().allow_spelled_loopback(), "localhost", "10.0.0.1", false),
            ("private allowed", none().allow_private(), "a.example", "192.168.7.7", true),
            ("metadata is not private", none().allow_private(), "a.example", "fd00:ec2::254", false),
            ("link-local is not private", none().allow_private(), "a.example", "169.254.169.254", false),
            ("all", none().allow_all(), "a.example", "169.254.169.254", true),
            ("in the network", network("169.254.0.0/16"), "a.example", "169.254.169.254", true),
            ("outside of it", network("10.1.0.0/16"), "a.example", "10.2.0.1", false),
            ("in the network, wrapped", network("10.0.0.0/8"), "a.example", "::ffff:10.0.0.1", true),
            ("in the wrapped network", network("64:ff9b::/96"), "a.example", "64:ff9b::a00:1", true),
        ] {
            assert_eq!(guard.allows(host, address.parse().unwrap()), expected, "{name}");
        }
    }
}
