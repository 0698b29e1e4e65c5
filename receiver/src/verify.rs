//! Verifies that a request comes from the product: compares its credential with all accepted ones in constant time. It can be
//! used alone with `default-features = false`.

mod credentials;
mod extract;
mod layer;
#[cfg(feature = "server")]
mod near_miss;
mod verifier;

pub use self::{
    extract::{FromDocument, Verified},
    layer::{Verify, VerifyLayer},
    verifier::{KindMismatch, Verifier},
};
#[cfg(feature = "server")]
pub(crate) use self::{near_miss::NearMiss, verifier::MAX_SCANNED_BYTES};
