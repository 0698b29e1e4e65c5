//! A tower layer: the inner service receives only verified requests, with their exact body.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::Request;
use tower::{Layer, Service};

use super::Verifier;

/// Puts a [`Verifier`] in front of a service.
#[derive(Clone, Debug)]
pub struct VerifyLayer(Verifier);

/// A service behind a [`Verifier`].
#[derive(Clone, Debug)]
pub struct Verify<S> {
    inner: S,
    verifier: Verifier,
}

impl VerifyLayer {
    /// Passes on what this verifier accepts.
    pub fn new(verifier: Verifier) -> Self {
        Self(verifier)
    }
}

impl<S> Layer<S> for VerifyLayer {
    type Service = Verify<S>;

    fn layer(&self, inner: S) -> Verify<S> {
        Verify { inner, verifier: self.0.clone() }
    }
}

impl<S> Service<Request<Body>> for Verify<S>
where
    S: Service<Request<Body>, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The clone takes the place of the service that was polled ready, which goes into the future.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let verifier = self.verifier.clone();
        Box::pin(async move {
            match verifier.verify::<Bytes, _>(request).await {
                Ok(request) => inner.call(request.map(Body::from)).await,
                Err(rejection) => Ok(rejection.into_response()),
            }
        })
    }
}
