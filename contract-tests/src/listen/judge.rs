//! Judges a request whole: its head, its body, its credential.

use schemas::{Authentication, Document, Profile, document::PresentedSecret};

use super::{
    arrived::Arrived,
    breach::Findings,
    head,
    message::{Message, Told},
};
use crate::spelling::{Spellings, masked};

/// What senders are judged by. It holds the credential: nothing shows it.
pub(super) struct Judge {
    authentication: Authentication,
    profile: Profile,
    credential: Spellings,
}

/// What came of one request.
pub(super) struct Judged {
    pub(super) findings: Findings,
    pub(super) told: Told,
    /// What must not be shown of it: the credential configured, and the one that it carries.
    pub(super) hidden: Vec<Spellings>,
}

impl Judge {
    pub(super) fn new(authentication: Authentication, profile: Profile) -> Self {
        let credential = Spellings::expected(&authentication);
        Self { authentication, profile, credential }
    }

    pub(super) fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    pub(super) fn profile(&self) -> &Profile {
        &self.profile
    }

    fn hidden(&self, arrived: &Arrived) -> Vec<Spellings> {
        let mut hidden = vec![self.credential.clone()];
        if let Ok(document) = Document::read(&arrived.body, &self.profile)
            && let PresentedSecret::Text(secret) = document.secret()
        {
            hidden.push(Spellings::of(secret, None));
        }
        for value in arrived.header(schemas::wire::AUTHORIZATION) {
            if let Ok(presented) = schemas::authentication::PresentedBasic::parse(value) {
                hidden.push(Spellings::of(presented.expose_password(), Some(presented.username())));
            }
        }
        hidden
    }

    /// Judges a request. No text of the findings holds a credential.
    pub(super) fn judge(&self, arrived: &Arrived) -> Judged {
        let mut findings = Findings::default();
        head::judge(arrived, &self.authentication, &self.credential, &mut findings);
        let message =
            Message { authentication: &self.authentication, profile: &self.profile, credential: &self.credential };
        let mut told = if arrived.has_body() { message.judge(&arrived.body, &mut findings) } else { Told::default() };
        let hidden = self.hidden(arrived);
        let mask = |text: &str| masked(text, &hidden);
        for breach in &mut findings.breaches {
            breach.place = mask(&breach.place);
            breach.what = mask(&breach.what);
        }
        told.kind = told.kind.map(|kind| mask(&kind));
        Judged { findings, told, hidden }
    }
}
