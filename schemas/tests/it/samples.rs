//! Every sample against the schema, the types and the reader.

use schemas::{Document, Profile, Sample, StepMessage};
use serde_json::Value;

#[test]
fn every_valid_sample_keeps_the_schema_and_the_types() {
    let mut count = 0;
    for sample in Sample::valid() {
        let value: Value = serde_json::from_slice(sample.body).unwrap();
        let document = Document::read(sample.body, Profile::v1()).unwrap();
        assert_eq!(document.violations(), [], "{}", sample.name);
        assert_eq!(document.to_value(), value, "{}", sample.name);

        let message: StepMessage = serde_json::from_value(value.clone()).expect(sample.name);
        let again = serde_json::to_value(&message).unwrap();
        if !sample.name.contains("unknown-properties") {
            assert_eq!(telling(again), telling(value), "{}", sample.name);
        }
        count += 1;
    }
    assert!(count > 30, "{count}");
}

#[test]
fn every_invalid_sample_breaks_the_clause_of_its_name_and_no_other() {
    let mut count = 0;
    for sample in Sample::invalid() {
        let clause = sample.clause().expect(sample.name);
        let document = Document::read(sample.body, Profile::v1()).expect(sample.name);
        let violations = document.violations();
        assert!(!violations.is_empty(), "{} is valid", sample.name);
        for violation in violations {
            assert_eq!(violation.clause, clause, "{}: {violation}", sample.name);
        }
        count += 1;
    }
    assert!(count > 25, "{count}");
}

#[test]
fn names_say_what_kind_of_message_it_is() {
    for sample in Sample::valid() {
        let message: Value = serde_json::from_slice(sample.body).unwrap();
        let expected = if sample.name.starts_with("step-created-") { "stepCreated" } else { "stepCompleted" };
        assert_eq!(message["trigger"], expected, "{}", sample.name);
        assert!(sample.name.starts_with("step-c"), "{}", sample.name);
        assert!(!sample.name.contains("--"), "{}", sample.name);
    }
}

#[test]
fn the_benchmark_message_is_about_1_5_kilobytes() {
    let sample = Sample::find("step-completed-customer-set-up").unwrap();
    assert!((1400..1700).contains(&sample.body.len()), "{}", sample.body.len());
}

/// The value without the members that say nothing: null, and an empty list of decisions.
fn telling(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let silent = |name: &str, member: &Value| {
                member.is_null() || (name == "decisions" && member.as_array().is_some_and(Vec::is_empty))
            };
            let kept = members.into_iter().filter(|(name, member)| !silent(name, member));
            Value::Object(kept.map(|(name, member)| (name, telling(member))).collect())
        }
        Value::Array(elements) => elements.into_iter().map(telling).collect(),
        scalar => scalar,
    }
}
