//! `CONTRACT.md` and the schemas speak of the same clauses.

use std::collections::BTreeSet;

use schemas::{Sample, Schema, Violation, validate::MAX_VIOLATIONS};
use serde_json::Value;

const CONTRACT: &str = include_str!("../../CONTRACT.md");

fn clauses() -> Vec<(&'static str, &'static str)> {
    let headings = CONTRACT.lines().filter_map(|line| line.strip_prefix("### "));
    headings
        .map(|heading| {
            let mut parts = heading.split(" · ");
            (parts.next().unwrap(), parts.next().unwrap())
        })
        .collect()
}

#[test]
fn clauses_are_numbered_without_gaps_and_have_a_level() {
    let mut numbers = std::collections::BTreeMap::<&str, Vec<usize>>::new();
    for (id, level) in clauses() {
        assert!(["MUST", "SHOULD", "MAY"].contains(&level), "{id}: {level}");
        let (area, number) = id.split_once('-').unwrap();
        numbers.entry(area).or_default().push(number.parse().unwrap());
    }
    assert_eq!(numbers.keys().copied().collect::<Vec<_>>(), ["AUTH", "HTTP", "MSG", "OPS"]);
    for (area, numbers) in numbers {
        assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>(), "{area}");
    }
}

#[test]
fn every_clause_states_its_source_and_provenance() {
    for section in CONTRACT.split("\n### ").skip(1) {
        let section = section.split("\n## ").next().unwrap();
        let id = section.split(' ').next().unwrap();
        assert!(section.contains("\nSource: "), "{id}");
        let provenance = section.lines().find_map(|line| line.strip_prefix("Provenance: "));
        let word = provenance.unwrap_or_else(|| panic!("{id} states no provenance")).trim_end_matches(['.', ' ']);
        assert!(["documented", "public-api", "assumed", "standard"].contains(&word), "{id}: {word}");
    }
}

#[test]
fn every_clause_that_a_schema_names_is_in_the_contract() {
    fn named(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("x-clause").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| named(member, found));
            }
            Value::Array(elements) => elements.iter().for_each(|element| named(element, found)),
            _ => {}
        }
    }
    let known: BTreeSet<&str> = clauses().into_iter().map(|(id, _)| id).collect();
    for schema in Schema::ALL {
        let mut found = BTreeSet::new();
        named(&serde_json::from_str(schema.text()).unwrap(), &mut found);
        for clause in found {
            assert!(known.contains(clause.as_str()), "{schema:?} names {clause}");
        }
    }
}

#[test]
fn schemas_keep_the_meta_schema() {
    for schema in Schema::ALL {
        let source: Value = serde_json::from_str(schema.text()).unwrap();
        assert_eq!(source["$schema"], "https://json-schema.org/draft/2020-12/schema", "{schema:?}");
        jsonschema::draft202012::meta::validate(&source).unwrap_or_else(|error| panic!("{schema:?}: {error}"));
    }
}

#[test]
fn the_clause_of_doubled_names_is_the_one_on_unique_names() {
    let body = br#"{"trigger":"stepCompleted","flow":{"flowIdentifier":"F"},"step":{"stepIdentifier":"S","fields":[]},
        "noise":{"a":1,"a":2}}"#;
    let document = schemas::Document::read(body, schemas::Profile::v1()).unwrap();
    let violations = document.violations();
    let [Violation { pointer, clause, .. }] = violations.as_slice() else { panic!("{violations:?}") };
    assert_eq!(pointer, "/noise/a");
    let section = CONTRACT.split("\n### ").find(|section| section.starts_with(clause.as_str())).unwrap();
    assert!(section.lines().next().unwrap().contains("nique"), "{section}");
}

#[test]
fn violations_name_place_clause_and_reason_and_no_value() {
    let sample = Sample::find("step-completed-client-secret-251-characters--MSG-15").unwrap();
    let message: Value = serde_json::from_slice(sample.body).unwrap();
    let secret = message["clientSecret"].as_str().unwrap();
    let [violation] = &Schema::StepMessage.violations(&message)[..] else { panic!("one violation") };
    assert_eq!(violation.pointer, "/clientSecret");
    assert!(violation.message.contains("250"), "{violation}");
    assert!(!violation.message.contains(secret));

    let [missing] = &Schema::StepMessage
        .violations(&serde_json::json!({"trigger": "stepCompleted", "step": {"stepIdentifier": "S", "fields": []}}))[..]
    else {
        panic!("one violation")
    };
    assert_eq!((missing.pointer.as_str(), missing.message.as_str()), ("/flow", "is missing"));
}

#[test]
fn what_is_wrong_a_thousand_times_is_told_a_hundred_times_and_found_wherever_it_stands() {
    let sample = Sample::find("step-completed-customer-set-up").unwrap();
    let with = |wrong: &dyn Fn(&mut Vec<Value>)| {
        let mut message: Value = serde_json::from_slice(sample.body).unwrap();
        let fields = message["step"]["fields"].as_array_mut().unwrap();
        let field = fields[0].clone();
        fields.resize(5000, field);
        wrong(fields);
        Schema::StepMessage.violations(&message)
    };
    assert_eq!(with(&|_| {}), []);
    let everywhere = with(&|fields| fields.iter_mut().for_each(|field| *field = Value::Null));
    assert_eq!((everywhere.len(), everywhere[99].pointer.as_str()), (MAX_VIOLATIONS, "/step/fields/99"));
    let few = with(&|fields| [7, 8, 4000].iter().for_each(|at| fields[*at] = Value::Null));
    let places: Vec<&str> = few.iter().map(|violation| violation.pointer.as_str()).collect();
    assert_eq!(places, ["/step/fields/7", "/step/fields/8"]);
    let late = with(&|fields| fields[4000] = Value::Null);
    let places: Vec<&str> = late.iter().map(|violation| violation.pointer.as_str()).collect();
    assert_eq!(places, ["/step/fields/4000"]);
    let members: serde_json::Map<String, Value> = (0..5000).map(|number| (number.to_string(), Value::Null)).collect();
    assert_eq!(Schema::Webhook.violations(&Value::Object(members)).len(), MAX_VIOLATIONS);
}
