//! From a request to its acknowledgement: framing, admission, body, verification, storage, and the answer to a refusal.

#[cfg(feature = "server")]
mod admission;
pub(crate) mod body;
#[cfg(feature = "server")]
mod capture;
#[cfg(feature = "server")]
mod deadline;
#[cfg(feature = "server")]
mod endpoint;
#[cfg(feature = "server")]
mod expectation;
mod rejection;
#[cfg(feature = "server")]
mod workers;

#[cfg(feature = "server")]
pub use self::endpoint::Nonconforming;
pub use self::rejection::{BasicRefusal, Problem, Rejection, SecretRefusal};
#[cfg(feature = "server")]
pub(crate) use self::{
    admission::AdmissionLimits,
    capture::{CAPTURE_FILE, Capture, CaptureFile},
    deadline::with_jitter,
    endpoint::{Endpoint, Endpoints, Handled, Pipeline, RequestContext},
    expectation::Expectation,
    rejection::Details,
};
