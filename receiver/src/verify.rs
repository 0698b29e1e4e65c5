//! Whether a request comes from the product: all accepted credentials, compared in constant time. Usable alone, with
//! `default-features = false`.

mod basic;
mod client_secret;
mod digest;
mod extract;
mod layer;
mod verifier;

pub use self::{
    extract::{FromDocument, Verified},
    layer::{Verify, VerifyLayer},
    verifier::{KindMismatch, Verifier},
};
