//! `--allow-address`: which addresses a command may call besides public ones.

use std::net::IpAddr;

use clap::Args;
use ipnet::IpNet;

use crate::delivery::AddressGuard;

#[derive(Args)]
pub(super) struct GuardArgs {
    /// Call addresses that are not public: loopback, private, any, or a network such as 10.0.0.0/8; may be repeated.
    /// Loopback needs it only where the URL does not spell it
    #[arg(long = "allow-address", value_name = "WHAT", help_heading = "Addresses", value_parser = parse)]
    allowed: Vec<Allowed>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allowed {
    Any,
    Loopback,
    Network(IpNet),
    Private,
}

#[derive(Debug, thiserror::Error)]
#[error("write loopback, private, any, an address, or a network such as 10.0.0.0/8")]
struct NotAllowed;

impl GuardArgs {
    /// Public addresses, loopback that the URL spells, and what was allowed.
    pub(super) fn guard(&self) -> AddressGuard {
        self.allowed.iter().fold(AddressGuard::default().allow_spelled_loopback(), |guard, allowed| match allowed {
            Allowed::Any => guard.allow_all(),
            Allowed::Loopback => guard.allow_loopback(),
            Allowed::Network(network) => guard.allow(*network),
            Allowed::Private => guard.allow_private(),
        })
    }
}

fn parse(text: &str) -> Result<Allowed, NotAllowed> {
    match text {
        "any" => Ok(Allowed::Any),
        "loopback" => Ok(Allowed::Loopback),
        "private" => Ok(Allowed::Private),
        _ => {
            let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.map(Allowed::Network).map_err(|_| NotAllowed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_addresses_and_networks_are_allowed() {
        for (text, expected) in [
            ("any", Some(Allowed::Any)),
            ("loopback", Some(Allowed::Loopback)),
            ("private", Some(Allowed::Private)),
            ("10.0.0.0/8", Some(Allowed::Network("10.0.0.0/8".parse().unwrap()))),
            ("169.254.169.254", Some(Allowed::Network("169.254.169.254/32".parse().unwrap()))),
            ("fd00::/8", Some(Allowed::Network("fd00::/8".parse().unwrap()))),
            ("10.0.0.0/33", None),
            ("example.com", None),
            ("Any", None),
            ("", None),
        ] {
            assert_eq!(parse(text).ok(), expected, "{text}");
        }
    }
}
