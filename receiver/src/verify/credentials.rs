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
#[cfg(feature = "server")]
use secrecy::zeroize::Zeroizing;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

use crate::ingest::{BasicRefusal, SecretRefusal};

/// Maximum number of bytes of a client secret: every character may take four in UTF-8.
pub(super) const MAX_SECRET_BYTES: usize = 4 * CLIENT_SECRET_MAX_CHARACTERS;

/// The accepted credentials, each with its last moment.
///
/// The key of the digests is drawn at the start and never leaves the process. Without it nobody can choose credentials whose
/// digests begin alike.
#[derive(Clone)]
pub(super) struct Credentials {
    keyed: Hmac<Sha256>,
    accepted: Vec<Accepted>,
}

/// An accepted credential.
#[derive(Clone)]
struct Accepted {
    digest: [u8; 32],
    /// The digest of its lower case, with which only what the operator sees is worked out.
    #[cfg(feature = "server")]
    lower_case: [u8; 32],
    not_after: Option<SystemTime>,
}

/// How a credential differs from one that is or was accepted.
#[cfg(feature = "server")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nearness {
    pub(super) in_other_case: bool,
    pub(super) is_expired: bool,
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
        self.accepted.push(Accepted {
            digest: self.digest(parts),
            #[cfg(feature = "server")]
            lower_case: self.digest_of_lower_case(parts),
            not_after,
        });
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
        let any = self.accepted.iter().fold(Choice::from(0), |found, accepted| {
            let valid = Choice::from(u8::from(accepted.is_valid(now)));
            found | (accepted.digest.ct_eq(&candidate) & valid)
        });
        any.into()
    }

    /// How near a credential is to one that is or was accepted, in any letter case. All are compared, whichever matches.
    #[cfg(feature = "server")]
    pub(super) fn nearness(&self, parts: &[&str], now: SystemTime) -> Option<Nearness> {
        let (candidate, lower_case) = (self.digest(parts), self.digest_of_lower_case(parts));
        // The valid ones first, then the equal ones.
        let mut matches = [Choice::from(0); 4];
        for accepted in &self.accepted {
            let place = 2 * usize::from(!accepted.is_valid(now));
            matches[place] |= accepted.digest.ct_eq(&candidate);
            matches[place + 1] |= accepted.lower_case.ct_eq(&lower_case);
        }
        let first = matches.iter().position(|matched| bool::from(*matched))?;
        Some(Nearness { in_other_case: first % 2 == 1, is_expired: first >= 2 })
    }

    #[cfg(feature = "server")]
    fn digest_of_lower_case(&self, parts: &[&str]) -> [u8; 32] {
        let lower: Vec<Zeroizing<String>> = parts.iter().map(|part| Zeroizing::new(part.to_lowercase())).collect();
        self.digest(&lower.iter().map(|part| part.as_str()).collect::<Vec<_>>())
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

impl Accepted {
    fn is_valid(&self, now: SystemTime) -> bool {
        self.not_after.is_none_or(|end| now <= end)
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
