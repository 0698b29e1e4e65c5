//! How near a refused credential was to an accepted one, for the operator.
//!
//! Unlike the hint of a log line, this compares in another letter case, too, and with expired credentials. An answer that
//! depended on it, in its content or its time, would help to guess a credential: examine off the request path only.

use std::time::SystemTime;

use schemas::{
    Role,
    authentication::hint::{Hint, Spelling},
    document::{PresentedSecret, Scan, Skim},
    pointer,
};
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    credentials::{Credentials, MAX_SECRET_BYTES, Nearness},
    verifier::{Checks, Verifier},
};

/// Maximum size of a body in which a secret is searched for outside its place.
const MAX_SEARCHED_BYTES: usize = 256 << 10;
/// Maximum number of texts of a body that are compared with the secret.
const MAX_COMPARED_TEXTS: usize = 4096;

/// How near a refused credential was to an accepted one. It holds no part of either.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(crate) enum NearMiss {
    /// Not at all.
    NotNear,
    /// It was not examined, because too many wrong credentials arrived in the same second.
    NotExamined,
    /// It is an accepted credential except for these differences; at least one.
    Differs {
        /// The encodings, the outer one first.
        spellings: Vec<Spelling>,
        /// Whether letters have another case.
        in_other_case: bool,
        /// Whether the credential that it matches is past its `not_after`.
        is_expired: bool,
    },
    /// An accepted secret is in the message, but not at the profile's place.
    Elsewhere {
        /// JSON Pointer of the place.
        pointer: String,
        /// Whether the secret is past its `not_after`.
        is_expired: bool,
    },
}

/// What is compared, and how.
#[derive(Clone, Copy, Debug, Default)]
struct Comparison {
    hint: Option<Hint>,
    nearness: Option<Nearness>,
}

impl Verifier {
    /// How near the value of an `authorization` header was. Every header of one length takes about the same time, whichever
    /// variant matches.
    pub(crate) fn examine_header(&self, header: &[u8]) -> NearMiss {
        let Checks::Basic(basic) = self.checks() else { return NearMiss::NotNear };
        let now = SystemTime::now();
        let mut found = Comparison::default();
        let presented = schemas::authentication::PresentedBasic::parse(header);
        if let Ok(presented) = &presented {
            found.compare(basic, &[presented.username(), presented.expose_password()], now);
        }
        let plain = found.nearness;
        let hint = Hint::of_basic(header, |username, password| found.compare(basic, &[username, password], now));
        found.near_miss(plain, hint)
    }

    /// How near the client secret in a body was, or where else in the message an accepted one is.
    pub(crate) fn examine_body(&self, body: &[u8]) -> NearMiss {
        let Checks::Secret(secrets) = self.checks() else { return NearMiss::NotNear };
        let now = SystemTime::now();
        let (mut found, mut hint) = (Comparison::default(), None);
        let mut plain = None;
        if let Some(presented) = self.presented_secret(body) {
            found.compare(secrets, &[&presented], now);
            plain = found.nearness;
            hint = Hint::of_secret(&presented, |secret| found.compare(secrets, &[secret], now));
        }
        // The whole message is searched whatever was found at the place.
        match (found.near_miss(plain, hint), self.elsewhere(secrets, body, now)) {
            (NearMiss::NotNear, elsewhere) => elsewhere,
            (near, _) => near,
        }
    }

    /// The text at the client secret's place, right or wrong.
    pub(crate) fn presented_secret(&self, body: &[u8]) -> Option<Zeroizing<String>> {
        // As an error, because `check_secret` gives nothing else back.
        let take = |presented: Option<PresentedSecret<'_>>| match presented {
            Some(PresentedSecret::Text(text)) => Err(Some(Zeroizing::new(text.to_owned()))),
            _ => Err(None),
        };
        let taken = match Scan::of(body, self.profile()) {
            Ok(scan) => scan.check_secret(take),
            Err(_) => Skim::of(body, self.profile())?.check_secret(take),
        };
        taken.err().flatten()
    }

    fn elsewhere(&self, secrets: &Credentials, body: &[u8], now: SystemTime) -> NearMiss {
        if body.len() > MAX_SEARCHED_BYTES {
            return NearMiss::NotNear;
        }
        let Ok(root) = serde_json::from_slice::<Value>(body) else { return NearMiss::NotNear };
        let own = self.profile().pointer(Role::ClientSecret).map(ToString::to_string);
        let (mut found, mut left) = (None, MAX_COMPARED_TEXTS);
        search(&root, &mut String::new(), &mut left, &mut |pointer, text| {
            let nearness = secrets.nearness(&[text], now);
            let is_exact = nearness.filter(|nearness| !nearness.in_other_case);
            if let (Some(nearness), None) = (is_exact, &found)
                && own.as_deref() != Some(pointer)
            {
                found = Some(NearMiss::Elsewhere { pointer: pointer.to_owned(), is_expired: nearness.is_expired });
            }
        });
        found.unwrap_or(NearMiss::NotNear)
    }
}

impl Comparison {
    /// Whether the credential is near. The first one that is counts; the others are compared anyway.
    fn compare(&mut self, credentials: &Credentials, parts: &[&str], now: SystemTime) -> bool {
        let nearness = credentials.nearness(parts, now);
        self.nearness = self.nearness.or(nearness);
        nearness.is_some()
    }

    /// A difference of the credential as it was sent explains more than one of another reading.
    fn near_miss(mut self, plain: Option<Nearness>, hint: Option<Hint>) -> NearMiss {
        self.hint = hint.filter(|_| plain.is_none());
        let Some(nearness) = self.nearness else { return NearMiss::NotNear };
        let spellings: Vec<Spelling> = self.hint.into_iter().flat_map(Hint::spellings).collect();
        if spellings.is_empty() && !nearness.in_other_case && !nearness.is_expired {
            // It became valid in the meantime, by a reload.
            return NearMiss::NotNear;
        }
        NearMiss::Differs { spellings, in_other_case: nearness.in_other_case, is_expired: nearness.is_expired }
    }
}

/// Calls `found` with each text of a tree and its place.
fn search(value: &Value, place: &mut String, left: &mut usize, found: &mut impl FnMut(&str, &str)) {
    let length = place.len();
    let mut below = |token: &str, value: &Value, left: &mut usize| {
        place.push('/');
        place.push_str(&pointer::escape(token));
        search(value, place, left, found);
        place.truncate(length);
    };
    match value {
        Value::String(text) if *left > 0 && text.len() <= MAX_SECRET_BYTES => {
            *left -= 1;
            found(place, text);
        }
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, element)| below(&index.to_string(), element, left));
        }
        Value::Object(members) => members.iter().for_each(|(name, member)| below(name, member, left)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
