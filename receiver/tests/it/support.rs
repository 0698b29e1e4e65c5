//! What the tests share: a running receiver, clients that send exact bytes, endpoints, certificates and a faulty disk.

pub(crate) mod certificate;
pub(crate) mod delayed_stream;
pub(crate) mod disk;
pub(crate) mod http2_client;
pub(crate) mod program;
pub(crate) mod raw_client;
pub(crate) mod soak;
#[cfg(feature = "relay")]
pub(crate) mod teams;
