//! The accepted credentials of one kind: client secrets in the message (help page, *Client Secret*), or Basic credentials in the
//! `Authorization` header (RFC 7617). They are kept as digests of one length, so comparing them takes the same time whatever
//! their content and length.

use std::time::SystemTime;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, header};
use schemas::{
    Profile, Role,
    authentication::{CLIENT_SECRET_MAX_CHARACTERS, PresentedBasic, hint::Hint},
    document::PresentedSecret,
};
use secrecy::zeroize::Zeroize as _;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

use crate::ingest::{BasicRefusal, SecretRefusal};

/// Maximum number of bytes of a client secret: every character may take four in UTF-8.
const MAX_SECRET_BYTES: usize = 4 * CLIENT_SECRET_MAX_CHARACTERS;

/// The accepted credentials, each with its last moment.
///
/// The key of the digests is drawn at the start and never leaves the process. Without it nobody can choose credentials whose
/// digests begin alike.
#[derive(Clone)]
pub(super) struct Credentials {
    keyed: Hmac<Sha256>,
    accepted: Vec<([u8; 32], Option<SystemTime>)>,
}

impl Credentials {
    pub(super) fn new() -> Self {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the operating system has random numbers");
        let keyed = Hmac::new_from_slice(&key).expect("HMAC takes a key of any length");
        key.zeroize();
        Self { keyed, accepted: Vec::new() }
    }

    /// Accepts one more credential, given by its parts, forever or until `not_after`.
    pub(super) fn accept(&mut self, parts: &[&str], not_after: Option<SystemTime>) {
        self.accepted.push((self.digest(parts), not_after));
    }

    /// Whether the `Authorization` header has exactly one credential, and an accepted one.
    pub(super) fn check_basic(&self, headers: &HeaderMap, now: SystemTime) -> Result<(), BasicRefusal> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let value = values.next().ok_or(BasicRefusal::Missing)?;
        if values.next().is_some() {
            return Err(BasicRefusal::Ambiguous);
        }
        let is_accepted = |username: &str, password: &str| self.contains(&[username, password], now);
        let presented = PresentedBasic::parse(value.as_bytes());
        if presented.as_ref().is_ok_and(|presented| is_accepted(presented.username(), presented.expose_password())) {
            return Ok(());
        }
        // The hint reveals nothing to the client. The spellings that are compared follow from the header, each is compared as the
        // credential itself is, and none ends the search. One that is accepted is the complete credential, so a client that
        // noticed it, by the time or the length of the log line, could as well have sent it in UTF-8.
        let hint = Hint::of_basic(value.as_bytes(), is_accepted);
        Err(if presented.is_ok() { BasicRefusal::Wrong(hint) } else { BasicRefusal::Malformed(hint) })
    }

    /// Whether the value at the secret's place is an accepted secret. `None` is a string longer than any secret: no digest is
    /// computed of it, because the client chooses its length.
    pub(super) fn check_secret(
        &self,
        presented: Option<PresentedSecret<'_>>,
        profile: &Profile,
        now: SystemTime,
    ) -> Result<(), SecretRefusal> {
        let is_accepted = |text: &str| self.contains(&[text], now);
        match presented {
            Some(PresentedSecret::Absent) => Err(SecretRefusal::Missing(profile.pointer(Role::ClientSecret).cloned())),
            Some(PresentedSecret::NotText) => Err(SecretRefusal::NotText),
            Some(PresentedSecret::Text(text)) if text.len() <= MAX_SECRET_BYTES && is_accepted(text) => Ok(()),
            // As with Basic, the time that this takes follows from the message.
            Some(PresentedSecret::Text(text)) => Err(SecretRefusal::Wrong(Hint::of_secret(text, is_accepted))),
            None => Err(SecretRefusal::Wrong(None)),
        }
    }

    /// Whether the credential is accepted. It is compared with every accepted one, whichever matches.
    fn contains(&self, parts: &[&str], now: SystemTime) -> bool {
        let candidate = self.digest(parts);
        let any = self.accepted.iter().fold(Choice::from(0), |found, (accepted, not_after)| {
            let valid = Choice::from(u8::from(not_after.is_none_or(|end| now <= end)));
            found | (accepted.ct_eq(&candidate) & valid)
        });
        any.into()
    }

    /// The digest of a credential. It includes the length of each part, so no two credentials have the same input.
    fn digest(&self, parts: &[&str]) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_digest_depends_on_each_part_and_on_the_key() {
        let credentials = Credentials::new();
        assert_eq!(credentials.digest(&["ab", "c"]), credentials.digest(&["ab", "c"]));
        assert_ne!(credentials.digest(&["ab", "c"]), credentials.digest(&["a", "bc"]));
        assert_ne!(credentials.digest(&["a"]), credentials.digest(&["a", ""]));
        assert_ne!(credentials.digest(&["a"]), Credentials::new().digest(&["a"]));
    }

    #[test]
    fn a_credential_is_accepted_until_its_last_moment() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let later = now + Duration::from_secs(1);
        let mut credentials = Credentials::new();
        credentials.accept(&["old"], Some(now));
        credentials.accept(&["new"], None);
        for (credential, at, expected) in
            [("old", now, true), ("old", later, false), ("new", later, true), ("other", now, false)]
        {
            assert_eq!(credentials.contains(&[credential], at), expected, "{credential}");
        }
    }
}
