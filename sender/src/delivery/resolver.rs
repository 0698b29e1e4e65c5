//! Names to addresses: the platform's way, or another that a caller puts in its place.

use std::{fmt, future::Future, io, net::IpAddr, pin::Pin};

/// Addresses on their way.
pub type Resolving<'r> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'r>>;

/// Finds the addresses of a name. It is asked once for each connection, and what it says is what is connected to.
pub trait Resolver: fmt::Debug + Send + Sync {
    /// The addresses of `host`, in the order in which they are to be tried.
    ///
    /// # Errors
    /// When there is none, or it cannot be told.
    fn resolve<'r>(&'r self, host: &'r str) -> Resolving<'r>;
}

/// The platform's resolver: its hosts file, its DNS.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'r>(&'r self, host: &'r str) -> Resolving<'r> {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((host, 0)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}
