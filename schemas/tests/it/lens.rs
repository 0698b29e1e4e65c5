//! The laws of the profile lens, and what a profile may not say.

use std::collections::HashSet;

use proptest::prelude::*;
use schemas::{
    Document, Field, Profile, Role, Schema, Step, StepMessage, Trigger,
    profile::{Dropped, FieldForm, FieldKey, MapKey, Part, Subject},
};
use serde_json::{Value, json};

use crate::generate::{message, profile};

/// What of a message a profile carries: the law's other side, written without the lens.
fn projected(message: &StepMessage, profile: &Profile) -> StepMessage {
    let carries = |role: Role| profile.pointer(role).is_some();
    let mut message = message.clone();
    if !carries(Role::ClientSecret) {
        message.client_secret = None;
    }
    if !carries(Role::WebhookName) {
        message.webhook = None;
    }
    if let Some(webhook) = &mut message.webhook
        && !carries(Role::WebhookDescription)
    {
        webhook.description = None;
    }
    for (role, part) in [
        (Role::FlowName, &mut message.flow.name),
        (Role::FlowSubject, &mut message.flow.subject),
        (Role::FlowInitiator, &mut message.flow.initiator),
    ] {
        if !carries(role) {
            *part = None;
        }
    }
    project_step(&mut message.step, Subject::Step, profile);
    if let Some(step) = &mut message.previous_step {
        project_step(step, Subject::PreviousStep, profile);
    }
    message
}

fn project_step(step: &mut Step, subject: Subject, profile: &Profile) {
    let carries = |part: Part| profile.pointer(Role::Step(subject, part)).is_some();
    if !carries(Part::Type) {
        step.kind = None;
    }
    if !carries(Part::Access) {
        step.access = None;
    }
    if !carries(Part::CreatedAt) {
        step.created_at = None;
    }
    if !carries(Part::CompletedAt) {
        step.completed_at = None;
    }
    if !carries(Part::CompletedBy) {
        step.completed_by = None;
    }
    if !carries(Part::Decisions) {
        step.decisions.clear();
    }
    match profile.field_form() {
        FieldForm::Array { keys } => step.fields.iter_mut().for_each(|field| {
            let has = |key: FieldKey| keys.contains_key(&key);
            if !has(FieldKey::Type) {
                field.kind = None;
            }
            if !has(FieldKey::Order) {
                field.order = None;
            }
            if !has(FieldKey::Identifier) {
                field.identifier = None;
            }
            if !has(FieldKey::Options) {
                field.options = None;
            }
        }),
        FieldForm::Map { key } => {
            let mut seen = HashSet::new();
            let fields = std::mem::take(&mut step.fields).into_iter().filter_map(|field| {
                let (name, identifier) = match key {
                    MapKey::Name => (field.name, None),
                    MapKey::Identifier => (field.identifier.clone()?, field.identifier),
                };
                seen.insert(name.clone()).then_some(Field {
                    name,
                    identifier,
                    kind: None,
                    order: None,
                    value: field.value,
                    options: None,
                })
            });
            step.fields = fields.collect();
        }
    }
}

proptest! {
    #[test]
    fn reading_what_was_written_gives_what_the_profile_carries(message in message(), profile in profile()) {
        let written = profile.write(&message);
        let read = profile.read(&written.body).unwrap();
        let carried = projected(&message, &profile);
        prop_assert_eq!(&read, &carried);
        prop_assert_eq!(written.dropped.is_empty(), carried == message, "{:?}", written.dropped);
    }

    #[test]
    fn what_a_profile_writes_keeps_the_contract_through_it(message in message(), profile in profile()) {
        let body = profile.write(&message).body;
        prop_assert_eq!(profile.violations(&body), []);
        let text = body.to_string();
        let document = Document::read(text.as_bytes(), &profile).unwrap();
        let carried = projected(&message, &profile);
        prop_assert_eq!(document.text(Role::FlowIdentifier), Some(carried.flow.flow_identifier.as_str()));
        prop_assert_eq!(document.secret_span().is_some(), carried.client_secret.is_some());
    }

    #[test]
    fn the_default_profile_is_the_serde_form(message in message()) {
        let written = Profile::v1().write(&message);
        prop_assert_eq!(&written.dropped, &vec![]);
        prop_assert_eq!(&written.body, &serde_json::to_value(&message).unwrap());
        prop_assert_eq!(Profile::v1().read(&written.body).unwrap(), message);
    }

    #[test]
    fn every_generated_message_keeps_the_schema(message in message()) {
        let value = serde_json::to_value(&message).unwrap();
        prop_assert_eq!(Schema::StepMessage.violations(&value), []);
    }
}

const PASCAL: &str = r#"
name = "pascal"
[roles]
trigger = "/Event"
clientSecret = "/Auth/Secret"
flowIdentifier = "/Flow/Id"
stepIdentifier = "/Flow/Step/Name"
stepFields = "/Flow/Step/Data"
[triggers]
stepCreated = 1
stepCompleted = 2
[fields]
form = "map"
key = "name"
"#;

#[test]
fn another_wire_is_read_written_and_judged_at_its_own_places() {
    let profile = Profile::parse(PASCAL).unwrap();
    let wire = json!({"Event": 2, "Auth": {"Secret": "s"}, "Noise": 7,
        "Flow": {"Id": "FLOW-1", "Step": {"Name": "Form", "Data": {"Customer": "Acme Ltd"}}}});
    let message = profile.read(&wire).unwrap();
    assert_eq!((message.trigger, message.flow.flow_identifier.as_str()), (Trigger::StepCompleted, "FLOW-1"));
    assert_eq!((message.step.fields[0].name.as_str(), &message.step.fields[0].value), ("Customer", &json!("Acme Ltd")));
    assert_eq!(profile.violations(&wire), []);

    let broken = json!({"Event": 3, "Flow": {"Id": 7, "Step": {"Data": {}}}});
    let places: Vec<String> = profile.violations(&broken).into_iter().map(|violation| violation.pointer).collect();
    assert_eq!(
        HashSet::<&str>::from_iter(places.iter().map(String::as_str)),
        HashSet::from(["/Event", "/Flow/Id", "/Flow/Step/Name"])
    );
    let error = profile.read(&broken).unwrap_err().to_string();
    assert!(error.contains("/Flow/Step/Name: is missing"), "{error}");
}

#[test]
fn what_is_dropped_is_named() {
    let profile = Profile::parse(PASCAL).unwrap();
    let message: StepMessage = serde_json::from_value(json!({
        "trigger": "stepCompleted",
        "flow": {"flowIdentifier": "F", "subject": "Acme"},
        "step": {"stepIdentifier": "S", "fields": [
            {"name": "a", "type": "Text", "value": "1"},
            {"name": "a", "value": "2"},
        ]},
    }))
    .unwrap();
    let dropped = profile.write(&message).dropped;
    let fields = Role::Step(Subject::Step, Part::Fields);
    assert_eq!(
        dropped,
        [Dropped::Role(Role::FlowSubject), Dropped::FieldKey(fields, FieldKey::Type), Dropped::Field(fields, 1)]
    );
}

#[test]
fn a_trigger_that_is_not_on_the_wire_is_told_by_the_previous_step() {
    let text = PASCAL.replace(
        "trigger = \"/Event\"\n",
        "previousStepIdentifier = \"/Prev/Name\"\npreviousStepFields = \"/Prev/Data\"\n",
    );
    let profile = Profile::parse(&text).unwrap();
    let wire = |previous: Value| json!({"Flow": {"Id": "F", "Step": {"Name": "S", "Data": {}}}, "Prev": previous});
    assert_eq!(profile.read(&wire(Value::Null)).unwrap().trigger, Trigger::StepCompleted);
    assert_eq!(profile.read(&wire(json!({"Name": "P", "Data": {}}))).unwrap().trigger, Trigger::StepCreated);
}

#[test]
fn a_profile_that_cannot_work_is_refused_with_line_and_words() {
    let with =
        |from: &str, to: &str| Profile::parse(&PASCAL.replace(from, to)).map(|_| ()).map_err(|error| error.to_string());
    for (case, from, to, expected) in [
        ("one inside the other", "\"/Flow/Id\"", "\"/Flow\"", "overlap"),
        ("both at one place", "\"/Flow/Id\"", "\"/Event\"", "overlap"),
        ("index and name", "\"/Flow/Id\"", "\"/0\"", "mix an index and a name"),
        ("the whole message", "\"/Event\"", "\"\"", "whole message"),
        ("no pointer", "\"/Event\"", "\"Event\"", "begins with `/`"),
        ("far index", "\"/Event\"", "\"/x/99999\"", "index"),
        ("too deep to be read again", "\"/Event\"", &format!("\"{}\"", "/x".repeat(65)), "deeper than 64 levels"),
        ("unknown role", "trigger =", "triger =", "`triger` is not a role"),
        ("required role gone", "flowIdentifier = \"/Flow/Id\"", "", "`flowIdentifier` is missing"),
        ("no way to tell the trigger", "trigger = \"/Event\"", "", "neither `trigger`"),
        ("one word for both", "stepCreated = 1", "stepCreated = 2", "one word for both"),
        ("a word missing", "stepCreated = 1", "", "no word for `stepCreated`"),
        ("needs another", "trigger =", "webhookDescription = \"/D\"\ntrigger =", "needs the role `webhookName`"),
        ("unknown key", "name = \"pascal\"", "name = \"pascal\"\ncolour = 1", "unknown field `colour`"),
        ("unknown form", "form = \"map\"", "form = \"heap\"", "heap"),
        ("no TOML", "[roles]", "[roles", "line"),
    ] {
        let error = with(from, to).expect_err(case);
        assert!(error.contains(expected), "{case}: {error}");
        assert!(error.starts_with("line "), "{case}: {error}");
    }
    let error = with("\"/Flow/Id\"", "\"/Event\"").unwrap_err();
    assert!(error.starts_with("line 6: "), "{error}");
}
