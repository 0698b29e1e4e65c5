//! What is allowed to be called besides public addresses, as people write it.

use std::{net::IpAddr, str::FromStr};

use ipnet::IpNet;

use super::guard::AddressGuard;

/// Addresses that are allowed besides public ones: `loopback`, `private`, `any`, an address, or a network such as
/// `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed(What);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Any,
    Loopback,
    Network(IpNet),
    Private,
}

/// A text does not say what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write loopback, private, any, an address, or a network such as 10.0.0.0/8")]
pub struct NotAllowed;

impl AddressGuard {
    /// Public addresses, loopback that the URL spells, and what is allowed.
    pub fn with<'a>(allowed: impl IntoIterator<Item = &'a Allowed>) -> Self {
        allowed.into_iter().fold(Self::default().allow_spelled_loopback(), |guard, allowed| match allowed.0 {
            What::Any => guard.allow_all(),
            What::Loopback => guard.allow_loopback(),
            What::Network(network) => guard.allow(network),
            What::Private => guard.allow_private(),
        })
    }
}

impl FromStr for Allowed {
    type Err = NotAllowed;

    fn from_str(text: &str) -> Result<Self, NotAllowed> {
        Ok(Self(match text {
            "any" => What::Any,
            "loopback" => What::Loopback,
            "private" => What::Private,
            _ => {
                let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
                // `10.0.0.5/8` may be meant as one address, and would be 16 million.
                What::Network(network.ok().filter(|network| network.trunc() == *network).ok_or(NotAllowed)?)
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_addresses_and_networks_are_allowed() {
        for (text, expected) in [
            ("any", Some(What::Any)),
            ("loopback", Some(What::Loopback)),
            ("private", Some(What::Private)),
            ("10.0.0.0/8", Some(What::Network("10.0.0.0/8".parse().unwrap()))),
            ("169.254.169.254", Some(What::Network("169.254.169.254/32".parse().unwrap()))),
            ("fd00::/8", Some(What::Network("fd00::/8".parse().unwrap()))),
            ("10.0.0.0/33", None),
            ("10.0.0.5/8", None),
            ("10.0.0.5/32", Some(What::Network("10.0.0.5/32".parse().unwrap()))),
            ("::ffff:10.0.0.0/8", None),
            ("example.com", None),
            ("Any", None),
            ("", None),
        ] {
            assert_eq!(text.parse::<Allowed>().ok(), expected.map(Allowed), "{text}");
        }
    }
}
