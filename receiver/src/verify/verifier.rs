//! The verifier: one kind of authentication, every credential that is accepted, and the profile that says where a
//! client secret stands.

use std::{fmt, sync::Arc, time::SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body::Body;
use schemas::{Authentication, Document, Profile};

use super::{basic::Basic, client_secret::Secrets, extract::FromDocument};
use crate::{
    intake::{self, BODY_LIMIT},
    rejection::Rejection,
};

/// Decides whether a request comes from the product. Cheap to clone.
///
/// A credential is compared in constant time over fixed-length digests of all accepted ones, so neither its content,
/// its length nor which one matched can be measured.
#[derive(Clone)]
pub struct Verifier {
    checks: Arc<Checks>,
    profile: Profile,
    body_limit: usize,
}

#[derive(Clone)]
enum Checks {
    None,
    Secret(Secrets),
    Basic(Basic),
}

/// A second credential is of another kind than the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all credentials of an endpoint are of one kind: give this one the type of `authentication`")]
pub struct KindMismatch;

impl Verifier {
    /// Accepts this credential, in messages of profile v1.
    pub fn new(authentication: &Authentication) -> Self {
        let mut checks = match authentication {
            Authentication::None => Checks::None,
            Authentication::ClientSecret { .. } => Checks::Secret(Secrets::new()),
            Authentication::Basic(_) => Checks::Basic(Basic::new()),
        };
        checks.accept(authentication, None).expect("the checks were made for this kind");
        Self { checks: Arc::new(checks), profile: Profile::v1().clone(), body_limit: BODY_LIMIT }
    }

    /// Accepts a second credential as well, for rotation; after `not_after` no more.
    ///
    /// # Errors
    /// When it is of another kind than the first, or neither has a credential.
    pub fn also_accept(
        mut self,
        authentication: &Authentication,
        not_after: Option<SystemTime>,
    ) -> Result<Self, KindMismatch> {
        Arc::make_mut(&mut self.checks).accept(authentication, not_after)?;
        Ok(self)
    }

    /// Looks for the client secret where this profile has it.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// Takes bodies of at most this many bytes; [`BODY_LIMIT`] unless said.
    #[must_use]
    pub fn with_body_limit(self, body_limit: usize) -> Self {
        Self { body_limit, ..self }
    }

    /// The profile that it reads messages with.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Most bytes of a body.
    pub fn body_limit(&self) -> usize {
        self.body_limit
    }

    /// Checks Basic credentials, before any of the body is read. Other kinds pass.
    ///
    /// # Errors
    /// When there is not exactly one `authorization` header with an accepted credential.
    pub fn check_headers(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        match &*self.checks {
            Checks::Basic(basic) => basic.check(headers, SystemTime::now()).map_err(Rejection::BasicRefused),
            Checks::None | Checks::Secret(_) => Ok(()),
        }
    }

    /// Checks the client secret inside the message. Other kinds pass.
    ///
    /// # Errors
    /// When no accepted secret stands at the profile's place.
    pub fn check_document(&self, document: &Document<'_>) -> Result<(), Rejection> {
        match &*self.checks {
            Checks::Secret(secrets) => secrets.check(document, SystemTime::now()).map_err(Rejection::SecretRefused),
            Checks::None | Checks::Basic(_) => Ok(()),
        }
    }

    /// Reads a body that is already there: JSON, a message, authentic.
    ///
    /// # Errors
    /// When it is none of the three.
    pub fn read<'a>(&'a self, body: &'a [u8]) -> Result<Document<'a>, Rejection> {
        let document = Document::read(body, &self.profile)?;
        if !document.is_message() {
            return Err(Rejection::NotAMessage);
        }
        self.check_document(&document)?;
        Ok(document)
    }

    /// Verifies a whole request and takes its body as `T`. It sets no deadline; the server does.
    ///
    /// # Errors
    /// For every reason of [`Rejection`] that has to do with the request alone.
    pub async fn verify<T, B>(&self, request: Request<B>) -> Result<Request<T>, Rejection>
    where
        T: FromDocument,
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (head, mut body) = request.into_parts();
        self.check_headers(&head.headers)?;
        intake::check_announced(&head.headers, self.body_limit)?;
        let body = intake::read_body(&mut body, self.body_limit).await?;
        let taken = T::from_document(&self.read(&body)?, &body)?;
        Ok(Request::from_parts(head, taken))
    }
}

impl Checks {
    fn accept(&mut self, authentication: &Authentication, not_after: Option<SystemTime>) -> Result<(), KindMismatch> {
        match (self, authentication) {
            (Self::Secret(secrets), Authentication::ClientSecret { client_secret }) => {
                secrets.accept(client_secret, not_after);
            }
            (Self::Basic(basic), Authentication::Basic(credentials)) => basic.accept(credentials, not_after),
            (Self::None, Authentication::None) => {}
            _ => return Err(KindMismatch),
        }
        Ok(())
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &*self.checks {
            Checks::None => "none",
            Checks::Secret(_) => "client-secret",
            Checks::Basic(_) => "basic",
        };
        f.debug_struct("Verifier").field("kind", &kind).field("profile", &self.profile.name()).finish_non_exhaustive()
    }
}
