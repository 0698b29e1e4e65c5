//! Name resolution: by the platform, or by a resolver of the caller.

use std::{fmt, future::Future, io, net::IpAddr, pin::Pin};

/// A pending resolution.
pub type Resolving<'r> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'r>>;

/// Resolves names. It is called once for each connection, and only its addresses are connected to.
pub trait Resolver: fmt::Debug + Send + Sync {
    /// The addresses of `host`, in the order in which to try them.
    ///
    /// # Errors
    /// When the name cannot be resolved.
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
