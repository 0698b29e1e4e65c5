//! An axum extractor: a handler that takes `Verified<StepMessage>` cannot be reached by an unverified request.

use axum::extract::{FromRef, FromRequest, Request};
use bytes::Bytes;
use schemas::{Document, StepMessage};

use super::Verifier;
use crate::ingest::Rejection;

/// A message that passed the [`Verifier`] of the router's state.
#[derive(Clone, Debug)]
pub struct Verified<T>(pub T);

/// A type that a verified body can be converted to.
pub trait FromDocument: Sized {
    /// Converts the document; `body` is its exact bytes.
    ///
    /// # Errors
    /// If the message is authentic but does not have this form.
    fn from_document(document: &Document<'_>, body: &Bytes) -> Result<Self, Rejection>;
}

impl FromDocument for StepMessage {
    fn from_document(document: &Document<'_>, _body: &Bytes) -> Result<Self, Rejection> {
        let read = document.profile().read(&document.to_value());
        read.map_err(|_| Rejection::Nonconforming(document.violations()))
    }
}

impl FromDocument for Bytes {
    fn from_document(_document: &Document<'_>, body: &Bytes) -> Result<Self, Rejection> {
        Ok(body.clone())
    }
}

impl<S, T> FromRequest<S> for Verified<T>
where
    S: Send + Sync,
    T: FromDocument,
    Verifier: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        Verifier::from_ref(state).verify(request).await.map(|request| Self(request.into_body()))
    }
}
