//! `--allow-address`: which addresses a command may call besides public ones.

use clap::Args;
use delivery::{AddressGuard, AllowedAddresses};

#[derive(Args)]
pub(super) struct GuardArgs {
    /// Call addresses that are not public: loopback, private, any, or a network such as 10.0.0.0/8; may be repeated.
    /// Loopback needs it only where the URL does not spell it
    #[arg(long = "allow-address", value_name = "WHAT", help_heading = "Addresses")]
    allowed: Vec<AllowedAddresses>,
}

impl GuardArgs {
    /// Public addresses, loopback that the URL spells, and what was allowed.
    pub(super) fn guard(&self) -> AddressGuard {
        AddressGuard::with(&self.allowed)
    }
}
