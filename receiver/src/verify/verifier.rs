//! The verifier: one kind of authentication, every accepted credential, and the profile with the place of the client secret.

use std::{fmt, sync::Arc, time::SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body::Body;
#[cfg(feature = "server")]
use schemas::authentication::AuthenticationKind;
use schemas::{
    Authentication, Document, Profile,
    document::{PresentedSecret, Scan, Skim},
};

use super::{credentials::Credentials, extract::FromDocument};
use crate::ingest::{
    Rejection,
    body::{self, DEFAULT_MAX_BODY_BYTES},
};

/// Bodies of up to this many bytes are scanned at once, which takes a few microseconds and finds what is wrong if one is not
/// JSON. Longer ones are skimmed first.
pub(crate) const MAX_SCANNED_BYTES: usize = 64 << 10;

/// Decides whether a request comes from the product. Cheap to clone.
///
/// A credential is compared in constant time with fixed-length digests of all accepted ones, so neither its content, its
/// length, nor which one matched can be measured.
#[derive(Clone)]
pub struct Verifier {
    checks: Arc<Checks>,
    profile: Profile,
    body_limit: usize,
}

#[derive(Clone)]
pub(super) enum Checks {
    None,
    Secret(Credentials),
    Basic(Credentials),
}

/// A second credential is not of the same kind as the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all credentials of an endpoint must be of the same kind: give this one the type of `authentication`")]
pub struct KindMismatch;

impl Verifier {
    /// Accepts this credential, in messages of profile v1.
    pub fn new(authentication: &Authentication) -> Self {
        let mut checks = match authentication {
            Authentication::None => Checks::None,
            Authentication::ClientSecret { .. } => Checks::Secret(Credentials::new()),
            Authentication::Basic(_) => Checks::Basic(Credentials::new()),
        };
        checks.accept(authentication, None).expect("the checks were made for this kind");
        Self { checks: Arc::new(checks), profile: Profile::v1().clone(), body_limit: DEFAULT_MAX_BODY_BYTES }
    }

    /// Accepts a second credential, for rotation, forever or until `not_after`.
    ///
    /// # Errors
    /// If it is not of the same kind as the first.
    pub fn also_accept(
        mut self,
        authentication: &Authentication,
        not_after: Option<SystemTime>,
    ) -> Result<Self, KindMismatch> {
        Arc::make_mut(&mut self.checks).accept(authentication, not_after)?;
        Ok(self)
    }

    /// Reads the client secret from the place in this profile.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// Maximum number of bytes of a body; 4 MiB by default.
    #[must_use]
    pub fn with_body_limit(self, body_limit: usize) -> Self {
        Self { body_limit, ..self }
    }

    /// The profile that messages are read with.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Which credential it checks.
    #[cfg(feature = "server")]
    pub(crate) fn kind(&self) -> AuthenticationKind {
        match &*self.checks {
            Checks::None => AuthenticationKind::None,
            Checks::Secret(_) => AuthenticationKind::ClientSecret,
            Checks::Basic(_) => AuthenticationKind::Basic,
        }
    }

    #[cfg(feature = "server")]
    pub(super) fn checks(&self) -> &Checks {
        &self.checks
    }

    /// Maximum number of bytes of a body.
    pub fn body_limit(&self) -> usize {
        self.body_limit
    }

    /// Checks Basic credentials before any of the body is read. Other kinds pass.
    ///
    /// # Errors
    /// If there is not exactly one `authorization` header with an accepted credential.
    pub fn check_headers(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        match &*self.checks {
            Checks::Basic(basic) => basic.check_basic(headers, SystemTime::now()).map_err(Rejection::BasicRefused),
            Checks::None | Checks::Secret(_) => Ok(()),
        }
    }

    /// Checks the client secret inside the message. Other kinds pass.
    ///
    /// # Errors
    /// If there is no accepted secret at the profile's place.
    pub fn check_document(&self, document: &Document<'_>) -> Result<(), Rejection> {
        match &*self.checks {
            Checks::Secret(secrets) => self.check_secret(secrets, Some(document.secret())),
            Checks::None | Checks::Basic(_) => Ok(()),
        }
    }

    fn check_secret(&self, secrets: &Credentials, presented: Option<PresentedSecret<'_>>) -> Result<(), Rejection> {
        secrets.check_secret(presented, &self.profile, SystemTime::now()).map_err(Rejection::SecretRefused)
    }

    /// Reads a complete body. It must be JSON (400), a message (422), authentic (403), and unambiguous (400), in this order.
    /// A body with a wrong secret is only scanned. One of more than 64 KiB is first skimmed, before it is known to be JSON,
    /// which costs about the same for all bodies of one length. If the secret occurs more than once, the first and the last
    /// are compared: a message is refused as unauthentic (403) if neither is accepted, and as ambiguous otherwise.
    ///
    /// # Errors
    /// If a condition does not hold.
    pub fn read<'a>(&'a self, body: &'a [u8]) -> Result<Document<'a>, Rejection> {
        if let Checks::Secret(secrets) = &*self.checks
            && body.len() > MAX_SCANNED_BYTES
            && let Some(skim) = Skim::of(body, &self.profile)
        {
            skim.check_secret(|presented| self.check_secret(secrets, presented))?;
        }
        let scan = Scan::of(body, &self.profile)?;
        if !scan.is_message() {
            return Err(Rejection::NotAMessage);
        }
        if let Checks::Secret(secrets) = &*self.checks {
            scan.check_secret(|presented| self.check_secret(secrets, presented))?;
        }
        Ok(scan.into_document()?)
    }

    /// Verifies a complete request and converts its body to `T`. It has no deadline, and parses the body on the current thread;
    /// the server has one, and parses large bodies on threads of their own.
    ///
    /// # Errors
    /// For every reason of [`Rejection`] that concerns the request itself.
    pub async fn verify<T, B>(&self, request: Request<B>) -> Result<Request<T>, Rejection>
    where
        T: FromDocument,
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (head, mut body) = request.into_parts();
        self.check_headers(&head.headers)?;
        body::check_headers(&head.headers, self.body_limit)?;
        let body = body::read(&mut body, self.body_limit, |_| true).await?;
        let taken = T::from_document(&self.read(&body)?, &body)?;
        Ok(Request::from_parts(head, taken))
    }
}

impl Checks {
    fn accept(&mut self, authentication: &Authentication, not_after: Option<SystemTime>) -> Result<(), KindMismatch> {
        match (self, authentication) {
            (Self::Secret(secrets), Authentication::ClientSecret { client_secret }) => {
                secrets.accept(&[client_secret.expose()], not_after);
            }
            (Self::Basic(basic), Authentication::Basic(credentials)) => {
                basic.accept(&[credentials.username(), credentials.expose_password()], not_after);
            }
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

#[cfg(test)]
mod tests {
    use schemas::{ClientSecret, document::ReadError};

    use super::*;
    use crate::ingest::SecretRefusal;

    fn verifier(profile: Option<Profile>) -> Verifier {
        let client_secret = ClientSecret::new("right".to_owned()).unwrap();
        let verifier = Verifier::new(&Authentication::ClientSecret { client_secret });
        profile.map_or(verifier.clone(), |profile| verifier.with_profile(profile))
    }

    #[test]
    fn a_secret_is_compared_before_anything_else_is_looked_for() {
        const LONG: usize = 100_000;
        let noise = vec!["\"\":0"; 600].join(",");
        let long = format!("\"{}right\"", "\\u0000".repeat(LONG));
        let large = vec!["\"\":0"; LONG].join(",");
        let cases: Vec<(&str, String, Option<&str>)> = vec![
            ("right", r#"{"clientSecret":"right"}"#.into(), None),
            ("right, escaped", r#"{"client\u0053ecret":"\u0072ight"}"#.into(), None),
            ("right, last of many names", format!(r#"{{{noise},"clientSecret":"right"}}"#), None),
            ("wrong", r#"{"clientSecret":"wrong"}"#.into(), Some("wrong")),
            ("two wrong ones", r#"{"clientSecret":"wrong","clientSecret":"other"}"#.into(), Some("wrong")),
            ("right, then wrong", r#"{"clientSecret":"right","clientSecret":"wrong"}"#.into(), Some("ambiguous")),
            ("wrong, then right", r#"{"clientSecret":"wrong","clientSecret":"right"}"#.into(), Some("ambiguous")),
            ("null, then right", r#"{"clientSecret":null,"client\u0053ecret":"right"}"#.into(), Some("ambiguous")),
            (
                "right between wrong ones",
                r#"{"clientSecret":"wrong","clientSecret":"right","clientSecret":"wrong"}"#.into(),
                Some("wrong"),
            ),
            ("wrong, another role twice", r#"{"clientSecret":"wrong","trigger":1,"trigger":2}"#.into(), Some("wrong")),
            (
                "right, another role twice",
                r#"{"clientSecret":"right","trigger":1,"trigger":2}"#.into(),
                Some("ambiguous"),
            ),
            ("an array that holds it", r#"{"clientSecret":["right"]}"#.into(), Some("not text")),
            ("an object, then an array", r#"{"clientSecret":{},"clientSecret":["right"]}"#.into(), Some("not text")),
            ("longer than any", format!(r#"{{"clientSecret":{long}}}"#), Some("wrong")),
            (
                "longer than any, then right",
                format!(r#"{{"clientSecret":{long},"clientSecret":"right"}}"#),
                Some("ambiguous"),
            ),
            (
                "right, then longer than any",
                format!(r#"{{"clientSecret":"right","clientSecret":{long}}}"#),
                Some("ambiguous"),
            ),
            ("missing, names twice", r#"{"a":1,"a":2,"trigger":{},"trigger":[]}"#.into(), Some("missing")),
            ("missing, not JSON", r#"{"a":1,"a":2,}"#.into(), Some("not JSON")),
            ("missing, not a message", "[{}]".into(), Some("not a message")),
            ("large, right", format!(r#"{{{large},"clientSecret":"right"}}"#), None),
            ("large, right, not JSON", format!(r#"{{"clientSecret":"right",{large}"#), Some("not JSON")),
            ("large, wrong, not JSON", format!(r#"{{"clientSecret":"wrong",{large}"#), Some("wrong")),
            ("large, missing, not JSON", format!("{{{large},}}"), Some("missing")),
            ("large, missing, not a message", format!("[{{{large}}}]"), Some("missing")),
            ("large, a string that does not end", format!(r#"{{{large},"clientSecret":"right"#), Some("not text")),
            (
                "large, wrong, then right",
                format!(r#"{{"clientSecret":0,{large},"clientSecret":"right"}}"#),
                Some("ambiguous"),
            ),
            ("large, right in a bad string", format!("{{{large},\"clientSecret\":\"right\\x\"}}"), Some("not text")),
        ];
        let verifier = verifier(None);
        for (case, body, expected) in cases {
            let refused = verifier.read(body.as_bytes()).err().map(|rejection| match rejection {
                Rejection::SecretRefused(SecretRefusal::Wrong(_)) => "wrong",
                Rejection::SecretRefused(SecretRefusal::NotText) => "not text",
                Rejection::SecretRefused(SecretRefusal::Missing(_)) => "missing",
                Rejection::Unreadable(ReadError::Duplicate(_)) => "ambiguous",
                Rejection::Unreadable(_) => "not JSON",
                Rejection::NotAMessage => "not a message",
                _ => "another reason",
            });
            assert_eq!(refused, expected, "{case}");
        }
    }

    #[test]
    fn a_secret_in_a_duplicate_object_is_reported_as_ambiguous_only_to_clients_that_know_it() {
        let toml = r#"
            name = "nested"
            [roles]
            clientSecret = "/auth/secret"
            flowIdentifier = "/flow"
            stepIdentifier = "/step"
            stepFields = "/fields"
            previousStepIdentifier = "/previous/step"
            previousStepFields = "/previous/fields"
            [fields]
            form = "map"
            key = "name"
        "#;
        let verifier = verifier(Some(Profile::parse(toml).unwrap()));
        for (first, second, expected) in [("right", "wrong", 400), ("wrong", "right", 400), ("wrong", "other", 403)] {
            let body = format!(r#"{{"auth":{{"secret":"{first}"}},"auth":{{"secret":"{second}"}}}}"#);
            let status = verifier.read(body.as_bytes()).unwrap_err().status();
            assert_eq!(status.as_u16(), expected, "{body}");
        }
    }
}
