//! Fixed-length digests of credentials, so that comparing them takes the same time whatever their content and length.

use std::time::SystemTime;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::zeroize::Zeroize as _;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

/// A keyed hash whose key is drawn when the process starts and never leaves it. Without the key nobody can choose
/// credentials whose digests begin alike.
#[derive(Clone)]
pub(super) struct DigestKey(Hmac<Sha256>);

type Digest = [u8; 32];

impl DigestKey {
    /// Draws a key.
    pub(super) fn draw() -> Self {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the operating system has random numbers");
        let keyed = Hmac::new_from_slice(&key).expect("HMAC takes a key of any length");
        key.zeroize();
        Self(keyed)
    }

    /// The digest of a credential's parts; each part's length goes in, so that no two credentials look alike.
    pub(super) fn digest(&self, parts: &[&str]) -> Digest {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

/// The credentials that are accepted, as digests.
#[derive(Clone, Default)]
pub(super) struct Accepted(Vec<(Digest, Option<SystemTime>)>);

impl Accepted {
    /// Accepts one more credential, for ever or until `not_after`.
    pub(super) fn add(&mut self, digest: Digest, not_after: Option<SystemTime>) {
        self.0.push((digest, not_after));
    }

    /// Whether the candidate is one of them. Every one is compared, whichever matches.
    pub(super) fn contain(&self, candidate: &Digest, now: SystemTime) -> bool {
        let any = self.0.iter().fold(Choice::from(0), |found, (accepted, not_after)| {
            let valid = Choice::from(u8::from(not_after.is_none_or(|end| now <= end)));
            found | (accepted.ct_eq(candidate) & valid)
        });
        any.into()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn parts_are_kept_apart() {
        let key = DigestKey::draw();
        assert_eq!(key.digest(&["ab", "c"]), key.digest(&["ab", "c"]));
        assert_ne!(key.digest(&["ab", "c"]), key.digest(&["a", "bc"]));
        assert_ne!(key.digest(&["a"]), key.digest(&["a", ""]));
        assert_ne!(key.digest(&["a"]), DigestKey::draw().digest(&["a"]));
    }

    #[test]
    fn a_credential_ends_when_its_time_is_over() {
        let key = DigestKey::draw();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let mut accepted = Accepted::default();
        accepted.add(key.digest(&["old"]), Some(now));
        accepted.add(key.digest(&["new"]), None);
        for (credential, at, expected) in [
            ("old", now, true),
            ("old", now + Duration::from_secs(1), false),
            ("new", now + Duration::from_secs(1), true),
            ("other", now, false),
        ] {
            assert_eq!(accepted.contain(&key.digest(&[credential]), at), expected, "{credential}");
        }
    }
}
