//! Arbitrary messages that keep the contract, and arbitrary profiles.

use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*, sample::select};
use schemas::{
    Access, ClientSecret, Decision, Field, FieldType, Flow, Pointer, Profile, Role, Step, StepKind, StepMessage,
    Trigger, Verdict, WebhookLabel,
};
use serde_json::{Value, json};

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9 ]{1,12}", "\\PC{1,8}", Just("\u{1F30A}\u{202E}\"\\\u{0}".to_owned())]
}

fn time() -> impl Strategy<Value = String> {
    (2000..2100u16, 1..=12u8, 1..=28u8, 0..24u8, 0..60u8)
        .prop_map(|(year, month, day, hour, minute)| format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:07Z"))
}

fn choice() -> impl Strategy<Value = Value> {
    (text(), text()).prop_map(|(key, value)| json!({"key": key, "value": value, "isSelected": true}))
}

fn value_of(kind: &FieldType) -> BoxedStrategy<Value> {
    let filled = match kind {
        FieldType::Text | FieldType::TextArea => text().prop_map(Value::from).boxed(),
        FieldType::Email => Just(json!("jo@example.com")).boxed(),
        FieldType::CheckBox => select(vec![json!("true"), json!("false")]).boxed(),
        FieldType::Number | FieldType::Currency => (-9999i32..99999).prop_map(Value::from).boxed(),
        FieldType::Date => Just(json!("19/07/1990")).boxed(),
        FieldType::Datetime => Just(json!("02/07/2021 02:05:00 PM")).boxed(),
        FieldType::SelectList | FieldType::RadioButtonList => choice().boxed(),
        FieldType::MultiSelectList => vec(choice(), 0..3).prop_map(Value::from).boxed(),
        _ => select(vec![json!({"any": [1, 2]}), json!("thing"), json!(false)]).boxed(),
    };
    prop_oneof![3 => filled, 1 => Just(Value::Null)].boxed()
}

fn field(filled: bool) -> impl Strategy<Value = Field> {
    let kinds = FieldType::KNOWN.into_iter().chain([FieldType::Other("Lookup".to_owned())]).collect::<Vec<_>>();
    let kind = select(kinds);
    kind.prop_flat_map(move |kind| {
        let value = if filled { value_of(&kind) } else { Just(Value::Null).boxed() };
        let options = option::of(vec(choice(), 0..3));
        (text(), Just(kind), option::of(1..50u32), option::of("field[0-9]{11}"), value, options)
    })
    .prop_map(|(name, kind, order, identifier, value, options)| Field {
        name,
        kind: Some(kind),
        order,
        identifier,
        value,
        options,
    })
}

fn decision() -> impl Strategy<Value = Decision> {
    let verdicts = vec![Verdict::Approved, Verdict::RejectedAndSentBack, Verdict::RejectedAndCompleted];
    (text(), select(verdicts), "[a-z]{1,9}", option::of(time())).prop_map(|(approver, verdict, comment, at)| Decision {
        approver,
        verdict,
        comment: (verdict != Verdict::Approved).then_some(comment),
        at,
    })
}

fn step(filled: bool) -> impl Strategy<Value = Step> {
    let kinds: Vec<StepKind> =
        StepKind::KNOWN.into_iter().chain([StepKind::Other("robot".to_owned())]).collect::<Vec<_>>();
    let parts = (text(), option::of(select(kinds)), option::of(time()), option::of(time()), option::of(text()));
    (parts, select(vec![Access::Public, Access::Intranet]), vec(decision(), 1..3), vec(field(filled), 0..4)).prop_map(
        |((step_identifier, kind, created_at, completed_at, completed_by), access, decisions, fields)| Step {
            access: (kind == Some(StepKind::PublicForm)).then_some(access),
            decisions: if kind.as_ref().is_some_and(StepKind::is_approval) { decisions } else { Vec::new() },
            step_identifier,
            kind,
            created_at,
            completed_at,
            completed_by,
            fields,
        },
    )
}

/// Any message that keeps the contract.
pub(crate) fn message() -> impl Strategy<Value = StepMessage> {
    let webhook = (text(), option::of(text())).prop_map(|(name, description)| WebhookLabel { name, description });
    let flow = (text(), option::of(text()), option::of(text()), option::of(text()))
        .prop_map(|(flow_identifier, name, subject, initiator)| Flow { flow_identifier, name, subject, initiator });
    let secret = option::of(text().prop_map(|text| ClientSecret::exact(text).unwrap()));
    let steps = prop_oneof![
        (step(false), step(true)).prop_map(|(step, previous)| (Trigger::StepCreated, step, Some(previous))),
        step(true).prop_map(|step| (Trigger::StepCompleted, step, None)),
    ];
    (option::of(webhook), flow, secret, steps).prop_map(
        |(webhook, flow, client_secret, (trigger, step, previous_step))| StepMessage {
            webhook,
            trigger,
            client_secret,
            flow,
            step,
            previous_step,
        },
    )
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// Any profile: any choice of roles that makes sense, at any depth, under any names, with any layout of fields.
pub(crate) fn profile() -> impl Strategy<Value = Profile> {
    let carried = vec(any::<bool>(), Role::ALL.len());
    let containers = select(vec!["", "/data", "/a~1b/ü", "/list/0"]);
    let previous = select(vec!["/before", "/steps/1", "/data/earlier"]);
    let triggers = select(vec![("\"created\"", "\"done\""), ("1", "2"), ("true", "false"), ("0.5", "\"\"")]);
    let fields = select(vec![
        "form = \"array\"\nkeys = { name = \"n\", value = \"v\", type = \"t\", order = \"o\", identifier = \"i\", options = \"c\" }",
        "form = \"array\"\nkeys = { name = \"Name\", value = \"Value\" }",
        "form = \"map\"\nkey = \"name\"",
        "form = \"map\"\nkey = \"identifier\"",
    ]);
    (carried, containers, previous, triggers, fields, "[A-Z][a-z~/é ]{0,6}").prop_map(
        |(carried, container, previous, (created, completed), fields, prefix)| {
            let prefix = prefix.replace('~', "~0").replace('/', "~1");
            let mut roles = BTreeMap::new();
            for (role, chosen) in Role::ALL.into_iter().zip(carried) {
                let needed = Role::REQUIRED.contains(&role)
                    || role == Role::Trigger
                    || ["previousStepIdentifier", "previousStepFields", "webhookName"]
                        .contains(&role.to_string().as_str());
                if chosen || needed {
                    let parent = if role.is_previous_step() { previous } else { container };
                    roles.insert(role, format!("{parent}/{prefix}{role}"));
                }
            }
            let lines: Vec<String> = roles.iter().map(|(role, place)| format!("{role} = {}", quoted(place))).collect();
            let text = format!(
                "name = \"generated\"\n[roles]\n{}\n[triggers]\nstepCreated = {created}\nstepCompleted = {completed}\n[fields]\n{fields}\n",
                lines.join("\n")
            );
            for place in roles.values() {
                place.parse::<Pointer>().expect("generated pointers are well-formed");
            }
            Profile::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
        },
    )
}
