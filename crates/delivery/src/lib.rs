//! What every client of the kit shares: the URL of an endpoint, the configuration of TLS, and why a certificate is not
//! accepted. The sender, the relay and the contract runner use it.

pub mod certificate;
pub mod tls;
pub mod url;

pub use self::{
    certificate::CertificateProblem,
    tls::{RootsError, client_config, roots_from_pem},
    url::{EndpointUrl, UrlError},
};
