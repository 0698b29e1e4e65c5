//! The host of a URL, as far as its spelling alone decides something: whether it is this machine, and whether programs
//! read it differently.

use std::net::{IpAddr, Ipv4Addr};

/// Whether a host, without the brackets of an IPv6 address, is this machine by its spelling: a loopback address,
/// `localhost` or a name under it (RFC 6761 section 6.3). An IPv4 address inside an IPv6 address does not count.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// Whether programs read a numeric host as different addresses: `010.0.0.1` is `8.0.0.1` in C (`inet_aton`) and
/// `10.0.0.1` in programs that ignore the zero.
pub fn is_ambiguous(host: &str) -> bool {
    let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
    let addresses = [parse_c, parse_decimal].map(|parse| parse_address(&labels, parse));
    matches!(addresses, [Some(in_c), Some(in_decimal)] if in_c != in_decimal)
}

/// One to four numbers as an address; the last one fills all bytes that the others leave.
fn parse_address(labels: &[&str], parse: fn(&str) -> Option<u32>) -> Option<Ipv4Addr> {
    let numbers: Vec<u32> = labels.iter().map(|label| parse(label)).collect::<Option<_>>()?;
    let (last, first) = numbers.split_last()?;
    let free_bits = 32_u32.checked_sub(8 * u32::try_from(first.len()).ok()?).filter(|bits| *bits > 0)?;
    let fits = first.iter().all(|number| *number <= 255) && u64::from(*last) < 1 << free_bits;
    let high = first.iter().fold(0_u64, |high, number| high << 8 | u64::from(*number)) << free_bits;
    fits.then(|| Ipv4Addr::from_bits(u32::try_from(high | u64::from(*last)).unwrap_or_default()))
}

/// A number as `strtoul` reads it; `0x` alone is 0.
fn parse_c(label: &str) -> Option<u32> {
    match (hexadecimal(label), label.strip_prefix('0')) {
        (Some(""), _) | (None, Some("")) => Some(0),
        (Some(digits), _) => parse_digits(digits, 16),
        (None, Some(digits)) => parse_digits(digits, 8),
        (None, None) => parse_digits(label, 10),
    }
}

/// A number whose leading zeros are ignored.
fn parse_decimal(label: &str) -> Option<u32> {
    if hexadecimal(label).is_some() { parse_c(label) } else { parse_digits(label, 10) }
}

fn hexadecimal(label: &str) -> Option<&str> {
    label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"))
}

fn parse_digits(digits: &str, radix: u32) -> Option<u32> {
    // Without the sign that `from_str_radix` accepts.
    u32::from_str_radix(digits, radix).ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_host_is_known_by_its_spelling() {
        for (hosts, expected) in [
            ("127.0.0.1 127.8.9.1 ::1 localhost LOCALHOST. hooks.localhost Hooks.LOCALHOST.", true),
            ("::ffff:127.0.0.1 127.0.0.1.example.com notlocalhost 10.0.0.1 0.0.0.0", false),
        ] {
            for host in hosts.split(' ') {
                assert_eq!(is_loopback(host), expected, "{host}");
            }
        }
    }

    #[test]
    fn a_number_with_a_leading_zero_may_have_two_readings() {
        for (hosts, expected) in [
            ("010.0.0.1 010.1 0127.0.0.1 0177.0.0.01 0177.1 0177.1.", true),
            ("127.0.0.1 127.0.0.1. 127.1 2130706433 0x7f000001 0X7F.1 0x7f.0.0.1 017700000001 0 0x 0.0 0x0.0", false),
            ("08.0.0.1 4294967295 4294967296 256.0.0.1 1.2.3.4.5 127..1 +1.2.3.4 a.1 127.0.0.0x", false),
            ("::1 ::ffff:127.0.0.1 localhost a.example 1.example 0xg dead.beef 1a x1 .", false),
        ] {
            for host in hosts.split(' ') {
                assert_eq!(is_ambiguous(host), expected, "{host}");
            }
        }
        assert!(!is_ambiguous(""));
    }
}
