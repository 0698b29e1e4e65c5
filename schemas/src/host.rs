//! The host of a URL: a name, or an address in any form that resolvers, proxies and C libraries accept (`inet_aton`: one to
//! four parts, each decimal, octal or hexadecimal).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What the host of a URL is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name to resolve.
    Name,
    /// An address; two if programs read the text differently: `010.0.0.1` is `8.0.0.1` in C and `10.0.0.1` in programs that
    /// ignore the zero.
    Address(Vec<IpAddr>),
    /// Neither: it is in brackets or ends in a number, and is not an address. Programs disagree on what it means.
    Malformed,
}

impl Host {
    /// Reads the host of a URL, with or without the brackets of an IPv6 address and a dot at the end.
    pub fn read(host: &str) -> Self {
        if let Some(inner) = host.strip_prefix('[') {
            let inner = inner.strip_suffix(']').unwrap_or(inner);
            return v6(inner).map_or(Self::Malformed, |address| Self::Address(vec![address.into()]));
        }
        if let Some(address) = v6(host) {
            return Self::Address(vec![address.into()]);
        }
        let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
        // No top-level domain is a number.
        if !labels.last().is_some_and(|last| is_number(last)) {
            return Self::Name;
        }
        let readings = [in_c, in_decimal].map(|number| v4(&labels, number));
        let mut addresses: Vec<IpAddr> = readings.into_iter().flatten().map(IpAddr::from).collect();
        addresses.dedup();
        if addresses.is_empty() { Self::Malformed } else { Self::Address(addresses) }
    }

    /// Whether it is a loopback address in every reading, also as an IPv4 address in an IPv6 one.
    pub fn is_loopback_address(&self) -> bool {
        matches!(self, Self::Address(addresses) if addresses.iter().all(|address| address.to_canonical().is_loopback()))
    }
}

/// An IPv6 address, whose zone does not matter (RFC 6874).
fn v6(text: &str) -> Option<Ipv6Addr> {
    text.split('%').next()?.parse().ok()
}

fn v4(labels: &[&str], number: fn(&str) -> Option<u32>) -> Option<Ipv4Addr> {
    let numbers: Vec<u32> = labels.iter().map(|label| number(label)).collect::<Option<_>>()?;
    let (last, first) = numbers.split_last()?;
    // The last part fills the remaining bytes.
    let free_bits = 32_u32.checked_sub(8 * u32::try_from(first.len()).ok()?).filter(|bits| *bits > 0)?;
    let fits = first.iter().all(|number| *number <= 255) && u64::from(*last) < 1 << free_bits;
    let high = first.iter().fold(0_u64, |high, number| high << 8 | u64::from(*number)) << free_bits;
    fits.then(|| Ipv4Addr::from_bits(u32::try_from(high | u64::from(*last)).unwrap_or_default()))
}

fn is_number(label: &str) -> bool {
    let is_decimal = !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    is_decimal || hexadecimal(label).is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn hexadecimal(label: &str) -> Option<&str> {
    label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"))
}

/// A part as `strtoul` reads it; `0x` alone is 0.
fn in_c(label: &str) -> Option<u32> {
    match (hexadecimal(label), label.strip_prefix('0')) {
        (Some(""), _) | (None, Some("")) => Some(0),
        (Some(digits), _) => digits_in(digits, 16),
        (None, Some(digits)) => digits_in(digits, 8),
        (None, None) => digits_in(label, 10),
    }
}

/// A part whose leading zeros are ignored.
fn in_decimal(label: &str) -> Option<u32> {
    if hexadecimal(label).is_some() { in_c(label) } else { digits_in(label, 10) }
}

fn digits_in(digits: &str, radix: u32) -> Option<u32> {
    // `parse` would accept a sign.
    u32::from_str_radix(digits, radix).ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_is_read() {
        for (spellings, expected) in [
            ("127.0.0.1 127.0.0.1. 127.1 127.0.1 2130706433 0x7f000001 0X7F.1 0x7f.0.0.1", "127.0.0.1"),
            ("017700000001 0177.0.0.01 0177.1", "127.0.0.1|"),
            ("10.0.0.1 10.1 167772161 0xa000001 0xA.0.0.1", "10.0.0.1"),
            ("169.254.169.254 2852039166 0xa9fea9fe 169.254.43518 169.16689662 0xA9.254.0xa9fe", "169.254.169.254"),
            ("0 0x 0.0 0x0.0", "0.0.0.0"),
            ("4294967295 255.255.255.255 0xffffffff", "255.255.255.255"),
            ("8.8.8.8 134744072", "8.8.8.8"),
            ("010.0.0.1 010.1", "8.0.0.1|10.0.0.1"),
            ("0127.0.0.1", "87.0.0.1|127.0.0.1"),
            ("08.0.0.1", "8.0.0.1"),
            ("[::1] ::1 [0:0:0:0:0:0:0:1]", "::1"),
            ("[::ffff:127.0.0.1] [::ffff:7f00:1]", "::ffff:127.0.0.1"),
            ("[fe80::1%25eth0] fe80::1%eth0", "fe80::1"),
        ] {
            for spelling in spellings.split(' ') {
                let Host::Address(addresses) = Host::read(spelling) else {
                    panic!("{spelling}: {:?}", Host::read(spelling))
                };
                // A second reading of an octal number does not matter where the first is what is asked for.
                let expected: Vec<IpAddr> = expected.split_terminator('|').map(|text| text.parse().unwrap()).collect();
                assert!(addresses.starts_with(&expected), "{spelling}: {addresses:?}");
            }
        }
        assert_eq!(
            Host::read("0127.0.0.1"),
            Host::Address(["87.0.0.1", "127.0.0.1"].map(|text| text.parse().unwrap()).into())
        );
    }

    #[test]
    fn names_are_names_and_numbers_that_are_no_address_are_refused() {
        for host in
            ["localhost", "a.example", "1.example", "127.0.0.1.example", "0xg", "dead.beef", "1a", "x1", "", "."]
        {
            assert_eq!(Host::read(host), Host::Name, "{host}");
        }
        for host in [
            "256.0.0.1",
            "1.2.3.256",
            "1.2.3.4.5",
            "4294967296",
            "0x100000000",
            "127..1",
            "a.1",
            "1.2.65536",
            "127.0.0.0x",
            "[v1.a]",
            "[::g]",
            "[",
            "+1.2.3.4",
        ] {
            assert!(!matches!(Host::read(host), Host::Name), "{host}");
        }
        assert_eq!(Host::read("1.2.3.256"), Host::Malformed);
        for (host, expected) in [
            ("127.1", true),
            ("[::ffff:127.0.0.1]", true),
            ("0127.0.0.1", false),
            ("10.1", false),
            ("localhost", false),
        ] {
            assert_eq!(Host::read(host).is_loopback_address(), expected, "{host}");
        }
    }
}
