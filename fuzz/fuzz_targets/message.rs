//! Checks that our reader and `serde_json` agree about a body, in profile v1 and in another one.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use schemas::{
    Document, Profile,
    document::{PresentedSecret, ReadError, Scan, Skim},
};
use serde_json::Value;

static FOREIGN: LazyLock<Profile> =
    LazyLock::new(|| Profile::parse(include_str!("../seeds/profile-foreign.toml")).expect("it is a profile"));

fuzz_target!(|body: &[u8]| {
    for profile in [Profile::v1(), &FOREIGN] {
        check(body, profile);
    }
});

fn check(body: &[u8], profile: &Profile) {
    // For JSON a skim finds what a scan finds; for other bytes it may find anything.
    let presented = |presented: Option<PresentedSecret<'_>>| {
        Err::<(), _>(presented.map(|presented| match presented {
            PresentedSecret::Text(text) => Some(text.to_owned()),
            PresentedSecret::Absent | PresentedSecret::NotText => None,
        }))
    };
    let skimmed = Skim::of(body, profile).map(|skim| skim.check_secret(presented));
    if let (Some(skimmed), Ok(scan)) = (skimmed, Scan::of(body, profile)) {
        assert_eq!(skimmed, scan.check_secret(presented));
    }
    let plain = serde_json::from_slice::<Value>(body);
    let document = match Document::read(body, profile) {
        Ok(document) => document,
        // The only JSON that is refused.
        Err(ReadError::Duplicate(_)) => return assert!(plain.is_ok()),
        Err(error) => return assert!(plain.is_err(), "{error}"),
    };
    assert_eq!(document.to_value(), plain.expect("what is read is JSON"));
    assert_eq!(document.root().to_value(), document.to_value());
    for role in profile.carried() {
        // The tree also has the first of two equal names.
        assert_eq!(document.get(role), profile.pointer(role).and_then(|place| document.root().get(place)), "{role}");
    }
    document.violations();
    document.trigger();
    let Some(span) = document.secret_span() else {
        return assert!(document.secret() == PresentedSecret::Absent);
    };
    if let PresentedSecret::Text(text) = document.secret() {
        let raw: String = serde_json::from_slice(&body[span.clone()]).expect("its bytes are a string");
        assert_eq!(raw, text);
    }
    let emptied = document.with_secret("").expect("the secret has a span");
    assert_eq!(emptied.at, span.start);
    let emptied = Document::read(&emptied.body, profile).expect("what was read is still read with the secret emptied");
    assert!(emptied.secret() == PresentedSecret::Text(""));
}
