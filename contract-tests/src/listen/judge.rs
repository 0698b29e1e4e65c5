//! Judges a request: its head, its body and its credential.

use schemas::{Authentication, Document, Profile, document::PresentedSecret};

use super::{
    head,
    message::{Message, MessageFacts},
    raw_request::RawRequest,
    violation::MessageChecks,
};
use crate::secret_encodings::{SecretEncodings, masked};

/// What senders are judged by. It holds the credential, so it is never shown.
pub(super) struct Judge {
    authentication: Authentication,
    profile: Profile,
    credential: SecretEncodings,
}

pub(super) struct Judged {
    pub(super) checks: MessageChecks,
    pub(super) facts: MessageFacts,
    /// What must not be shown: the configured credential, and the one in the request.
    pub(super) hidden: Vec<SecretEncodings>,
}

impl Judge {
    pub(super) fn new(authentication: Authentication, profile: Profile) -> Self {
        let credential = SecretEncodings::expected(&authentication);
        Self { authentication, profile, credential }
    }

    pub(super) fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    pub(super) fn profile(&self) -> &Profile {
        &self.profile
    }

    fn hidden(&self, request: &RawRequest) -> Vec<SecretEncodings> {
        let mut hidden = vec![self.credential.clone()];
        if let Ok(document) = Document::read(&request.body, &self.profile)
            && let PresentedSecret::Text(secret) = document.secret()
        {
            hidden.push(SecretEncodings::of(secret, None));
        }
        for value in request.header(schemas::wire::AUTHORIZATION_HEADER) {
            if let Ok(presented) = schemas::authentication::PresentedBasic::parse(value) {
                hidden.push(SecretEncodings::of(presented.expose_password(), Some(presented.username())));
            }
        }
        hidden
    }

    /// Judges a request. Credentials are masked in the result.
    pub(super) fn judge(&self, request: &RawRequest) -> Judged {
        let mut checks = MessageChecks::default();
        head::judge(request, &self.authentication, &self.credential, &mut checks);
        let message =
            Message { authentication: &self.authentication, profile: &self.profile, credential: &self.credential };
        let mut facts =
            if request.has_body() { message.judge(&request.body, &mut checks) } else { MessageFacts::default() };
        let hidden = self.hidden(request);
        let mask = |text: &str| masked(text, &hidden);
        for violation in &mut checks.violations {
            violation.place = mask(&violation.place);
            violation.what = mask(&violation.what);
        }
        facts.kind = facts.kind.map(|kind| mask(&kind));
        Judged { checks, facts, hidden }
    }
}
