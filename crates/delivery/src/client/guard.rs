//! The guard against server-side request forgery: which addresses may be connected to. It checks the resolved address,
//! so that a name cannot lead to a service of this machine, its network, or a cloud's metadata.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use schemas::host;

/// Which addresses may be connected to. By default only public ones: those that the registries of special addresses
/// (RFC 6890) leave to the internet, except metadata addresses of clouds. An IPv4 address inside an IPv6 address is
/// checked as an IPv4 address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressGuard {
    allowed: Vec<AllowedAddresses>,
    spelled_loopback: bool,
}

/// Addresses that are allowed in addition to public ones. Parsed from `loopback`, `private`, `any`, an address, or a
/// network such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowedAddresses {
    /// Every address.
    Any,
    /// Loopback addresses.
    Loopback,
    /// A network, whatever its addresses are used for.
    Network(IpNet),
    /// Private networks, except the metadata addresses in them.
    Private,
}

/// A text does not name allowed addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write loopback, private, any, an address, or a network such as 10.0.0.0/8")]
pub struct AllowedAddressesError;

/// The use of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind {
    /// The internet.
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
    /// Allows public addresses, loopback addresses that the URL spells, and `allowed`.
    pub fn with<'a>(allowed: impl IntoIterator<Item = &'a AllowedAddresses>) -> Self {
        Self { allowed: allowed.into_iter().copied().collect(), spelled_loopback: true }
    }

    /// Allows these addresses, too.
    #[must_use]
    pub fn allow(mut self, addresses: AllowedAddresses) -> Self {
        self.allowed.push(addresses);
        self
    }

    /// Allows this machine where the URL itself spells it: `localhost`, a name under it, `127.x.x.x` or `[::1]`, but
    /// not another name that resolves to it.
    #[must_use]
    pub fn allow_spelled_loopback(self) -> Self {
        Self { spelled_loopback: true, ..self }
    }

    /// Whether `address` may be connected to for the host `host` of a URL (without the brackets of an IPv6 address).
    pub fn allows(&self, host: &str, address: IpAddr) -> bool {
        let unwrapped = unwrap_ipv4(address);
        let kind = kind(unwrapped);
        kind == AddressKind::Public
            || (kind == AddressKind::Loopback && self.spelled_loopback && host::is_loopback(host))
            || self.allowed.iter().any(|allowed| match allowed {
                AllowedAddresses::Any => true,
                AllowedAddresses::Loopback => kind == AddressKind::Loopback,
                AllowedAddresses::Private => kind == AddressKind::Private,
                AllowedAddresses::Network(network) => contains(network, unwrapped) || network.contains(&address),
            })
    }
}

impl AddressKind {
    /// The use of an address.
    pub fn of(address: IpAddr) -> Self {
        kind(unwrap_ipv4(address))
    }
}

impl FromStr for AllowedAddresses {
    type Err = AllowedAddressesError;

    fn from_str(text: &str) -> Result<Self, AllowedAddressesError> {
        Ok(match text {
            "any" => Self::Any,
            "loopback" => Self::Loopback,
            "private" => Self::Private,
            _ => {
                let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
                // `10.0.0.5/8` may be meant as one address, and would be 16 million.
                let network = network.ok().filter(|network| network.trunc() == *network);
                Self::Network(network.ok_or(AllowedAddressesError)?)
            }
        })
    }
}

/// Whether a network contains an address. A network such as `::ffff:10.0.0.0/104` is one of IPv4 addresses.
fn contains(network: &IpNet, address: IpAddr) -> bool {
    match (network, address) {
        (IpNet::V6(mapped), IpAddr::V4(address)) if mapped.prefix_len() >= 96 => {
            mapped.contains(&address.to_ipv6_mapped())
        }
        _ => network.contains(&address),
    }
}

/// The IPv4 address inside an IPv6 address, or else the address itself.
fn unwrap_ipv4(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let [.., a, b, c, d] = v6.octets();
    let [_, _, e, f, g, h, ..] = v6.octets();
    if IPV4_MAPPED.contains(&v6) || NAT64.contains(&v6) {
        Ipv4Addr::new(a, b, c, d).into()
    } else if SIX_TO_FOUR.contains(&v6) {
        Ipv4Addr::new(e, f, g, h).into()
    } else {
        address
    }
}

fn kind(address: IpAddr) -> AddressKind {
    if METADATA_ADDRESSES.contains(&address) {
        return AddressKind::Special;
    }
    match address {
        IpAddr::V4(v4) if v4.is_loopback() => AddressKind::Loopback,
        IpAddr::V4(v4) if v4.is_private() => AddressKind::Private,
        IpAddr::V4(v4) if SPECIAL_V4.iter().any(|network| network.contains(&v4)) => AddressKind::Special,
        IpAddr::V6(v6) if v6.is_loopback() => AddressKind::Loopback,
        IpAddr::V6(v6) if v6.is_unique_local() => AddressKind::Private,
        // All public addresses are in one network; IPv4-compatible and link-local addresses are outside of it.
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

const IPV4_MAPPED: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xFFFF, 0, 0), 96);
const NAT64: Ipv6Net = v6(0x64, 0xFF9B, 0, 96);
const SIX_TO_FOUR: Ipv6Net = v6(0x2002, 0, 0, 16);
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

/// In IPv6's global network: protocol assignments, including Teredo, and documentation (RFC 3849, RFC 9637).
const SPECIAL_V6: [Ipv6Net; 3] = [v6(0x2001, 0, 0, 23), v6(0x2001, 0xDB8, 0, 32), v6(0x3FFF, 0, 0, 20)];

/// The registry of special IPv4 addresses, without loopback and private.
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

/// Metadata addresses of AWS, Google and Azure outside of link-local and shared networks.
const METADATA_ADDRESSES: [IpAddr; 3] = [
    IpAddr::V6(Ipv6Addr::new(0xFD00, 0xEC2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xFD20, 0xCE, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_sorted_by_its_use() {
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
        let network = |text: &str| none().allow(AllowedAddresses::Network(text.parse().unwrap()));
        for (name, guard, host, address, expected) in [
            ("public", none(), "a.example", "1.1.1.1", true),
            ("loopback", none(), "127.0.0.1", "127.0.0.1", false),
            ("loopback allowed", none().allow(AllowedAddresses::Loopback), "a.example", "::ffff:127.0.0.1", true),
            ("private is not loopback", none().allow(AllowedAddresses::Loopback), "a.example", "10.0.0.1", false),
            ("spelled in digits", none().allow_spelled_loopback(), "127.0.0.9", "127.0.0.9", true),
            ("spelled in IPv6", none().allow_spelled_loopback(), "::1", "::1", true),
            ("spelled as a name", none().allow_spelled_loopback(), "Hooks.LOCALHOST.", "127.0.0.1", true),
            ("not spelled", none().allow_spelled_loopback(), "a.example", "127.0.0.1", false),
            ("in IPv6 clothes", none().allow_spelled_loopback(), "::ffff:127.0.0.1", "::ffff:127.0.0.1", false),
            ("localhost elsewhere", none().allow_spelled_loopback(), "localhost", "10.0.0.1", false),
            ("private allowed", none().allow(AllowedAddresses::Private), "a.example", "192.168.7.7", true),
            ("metadata is not private", none().allow(AllowedAddresses::Private), "a.example", "fd00:ec2::254", false),
            (
                "link-local is not private",
                none().allow(AllowedAddresses::Private),
                "a.example",
                "169.254.169.254",
                false,
            ),
            ("all", none().allow(AllowedAddresses::Any), "a.example", "169.254.169.254", true),
            ("in the network", network("169.254.0.0/16"), "a.example", "169.254.169.254", true),
            ("outside of it", network("10.1.0.0/16"), "a.example", "10.2.0.1", false),
            ("in the network, wrapped", network("10.0.0.0/8"), "a.example", "::ffff:10.0.0.1", true),
            ("in the wrapped network", network("64:ff9b::/96"), "a.example", "64:ff9b::a00:1", true),
            ("in the mapped network", network("::ffff:10.0.0.0/104"), "a.example", "10.0.0.1", true),
            ("outside of the mapped network", network("::ffff:10.0.0.0/104"), "a.example", "192.168.0.1", false),
            ("not in all of version 6", network("::/0"), "a.example", "10.0.0.1", false),
        ] {
            assert_eq!(guard.allows(host, address.parse().unwrap()), expected, "{name}");
        }
    }

    #[test]
    fn words_addresses_and_networks_are_allowed() {
        for (text, expected) in [
            ("any", Some(AllowedAddresses::Any)),
            ("loopback", Some(AllowedAddresses::Loopback)),
            ("private", Some(AllowedAddresses::Private)),
            ("10.0.0.0/8", Some(AllowedAddresses::Network("10.0.0.0/8".parse().unwrap()))),
            ("169.254.169.254", Some(AllowedAddresses::Network("169.254.169.254/32".parse().unwrap()))),
            ("fd00::/8", Some(AllowedAddresses::Network("fd00::/8".parse().unwrap()))),
            ("10.0.0.0/33", None),
            ("10.0.0.5/8", None),
            ("10.0.0.5/32", Some(AllowedAddresses::Network("10.0.0.5/32".parse().unwrap()))),
            ("::ffff:10.0.0.0/8", None),
            ("example.com", None),
            ("Any", None),
            ("", None),
        ] {
            assert_eq!(text.parse::<AllowedAddresses>().ok(), expected, "{text}");
        }
    }
}
