//! Verifies that a request comes from the product: compares its credential with all accepted ones in constant time. It can be
//! used alone with `default-features = false`.

mod credentials;
mod extract;
mod layer;
mod verifier;

pub use self::{
    extract::{FromDocument, Verified},
    layer::{Verify, VerifyLayer},
    verifier::{KindMismatch, Verifier},
};
