//! Checks that any profile text causes no panic, and that messages written through a valid profile can be read again.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use schemas::{Document, Profile, Sample, StepMessage};

static MESSAGES: LazyLock<Vec<StepMessage>> = LazyLock::new(|| {
    let bodies = Sample::valid().filter(|sample| sample.name.contains("exhaustive") || sample.name.contains("minimal"));
    bodies.map(|sample| serde_json::from_slice(sample.body).expect("samples are messages")).collect()
});

fuzz_target!(|text: &str| {
    let profile = match Profile::parse(text) {
        Ok(profile) => profile,
        Err(error) => {
            let lines = text.matches('\n').count() + 1;
            return assert!(error.problems.iter().all(|problem| (1..=lines).contains(&problem.line)), "{error}");
        }
    };
    for message in MESSAGES.iter() {
        let written = profile.write(message).body;
        let read = profile.read(&written).unwrap_or_else(|error| panic!("{error}\n{written}"));
        assert_eq!(profile.write(&read).body, written);
        let bytes = written.to_string();
        let document = Document::read(bytes.as_bytes(), &profile).expect("what is written can be read");
        assert_eq!(document.trigger(), Some(message.trigger));
        document.violations();
    }
});
