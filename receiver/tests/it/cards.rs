//! The cards that the relay makes of every sample and of hostile texts.

mod commands;
mod size;

use std::fs;

use receiver::relay::{Budget, Card, DestinationFilter, MessageMetadata, Template, View};
use schemas::{Profile, Sample};
use serde_json::{Value, json};
use tempfile::TempDir;

fn about() -> MessageMetadata {
    MessageMetadata {
        flow_url: Some("https://acme.example/flows/{flowIdentifier}".parse().unwrap()),
        ..MessageMetadata::default()
    }
}

fn view(body: &[u8]) -> View {
    View::of(body, Profile::v1(), &about()).unwrap()
}

/// The Adaptive Card of a post. Checks the post's form.
pub(crate) fn content(card: &Card) -> Value {
    let mut post: Value = serde_json::from_slice(&card.body).unwrap();
    let content = post["attachments"][0]["content"].take();
    let kind = "application/vnd.microsoft.card.adaptive";
    let envelope =
        json!({"type": "message", "attachments": [{"contentType": kind, "contentUrl": null, "content": null}]});
    assert_eq!(post, envelope);
    content
}

fn schema() -> jsonschema::Validator {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/adaptive-card.schema.json")).unwrap();
    jsonschema::draft202012::new(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// 250 fields of every type, 300 kB.
pub(crate) fn large_message() -> Vec<u8> {
    let long = "The answer is long, because somebody has pasted a whole report into it. ".repeat(81);
    let fields: Vec<Value> = (1..=250)
        .map(|number| {
            let (kind, value) = match number % 5 {
                1 => ("TextArea", json!(long)),
                2 => ("Text", json!(format!("Answer {number}"))),
                3 => ("CheckBox", json!(if number % 2 == 0 { "true" } else { "false" })),
                4 => ("Currency", json!(f64::from(number) * 1000.5)),
                _ => ("Date", json!("19/07/2026")),
            };
            json!({"name": format!("Question {number}"), "type": kind, "order": number, "value": value})
        })
        .collect();
    let message = json!({
        "trigger": "stepCompleted",
        "flow": {"flowIdentifier": "FLOW-604", "name": "Yearly survey", "subject": "Acme Ltd"},
        "step": {"stepIdentifier": "Survey", "completedBy": "jo@example.com", "fields": fields},
    });
    serde_json::to_vec(&message).unwrap()
}

/// All texts of a card, including hidden parts.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(elements) => elements.iter().flat_map(texts).collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, member)| match member {
                Value::String(text) if ["text", "title", "value"].contains(&name.as_str()) => vec![text.clone()],
                Value::String(_) => Vec::new(),
                other => texts(other),
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn numbers_are_shown_with_their_digits() {
    let numbers =
        ["12345678901234567890123", "12345678901234567890124", "5000.50", "0.00000012", "1e2", "-0", "1.10", "7"];
    let field = |number: &&str| format!(r#"{{"name":"{number}!","type":"Number","value":{number}}}"#);
    let fields: Vec<String> = numbers.iter().map(field).collect();
    let body = format!(
        r#"{{"trigger":"stepCompleted","flow":{{"flowIdentifier":"F"}},"step":{{"stepIdentifier":"S","fields":[{},
        {{"name":"C","type":"Currency","value":1234567.10}},{{"name":"D","type":"Currency","value":0.00000012}},
        {{"name":"L","type":"Table","value":[[1.50,{{"a":2e1}}]]}}]}}}}"#,
        fields.join(",")
    );
    let view = view(body.as_bytes());
    let shown = texts(&content(&Template::default_card().card(&view, Budget::default()).unwrap())).join("\n");
    let folder = TempDir::new().unwrap();
    let rendered = |name: &str, source: &str| {
        fs::write(folder.path().join(name), source).unwrap();
        Template::read(&folder.path().join(name)).unwrap().text(&view).unwrap()
    };
    let loops = "{% macro one(value) %}{{ value }}{% endmacro %}{% for field in fields %}<{{ field.text }}={{ one(field.value) }}>{% endfor %}";
    let text = rendered("a.txt.jinja", loops);
    let json = rendered(
        "a.json.jinja",
        "[{% for field in fields %}{{ field.value | json }},{% endfor %}{{ values['5000.50!'] }}]",
    );
    for number in numbers {
        assert!(shown.contains(number), "{number}: {shown}");
        assert!(text.contains(&format!("<{number}={number}>")), "{number}: {text}");
        assert!(json.contains(&format!("{number},")), "{number}: {json}");
    }
    assert!(shown.contains("1,234,567.10") && shown.contains("0.00000012") && !shown.contains("e-7"), "{shown}");
    assert!(shown.contains("1.50") && shown.contains("2e1"), "{shown}");
    assert!(json.contains("[[1.50,{\"a\":2e1}]]") && json.ends_with(",5000.50]"), "{json}");
    assert_eq!(
        rendered("b.txt.jinja", "{{ values['C'] | money }} {{ values['5000.50!'] * 2 }}"),
        "1,234,567.10 10001.0"
    );
    for (condition, holds) in [
        ("values['5000.50!'] > 5000", true),
        ("values['5000.50!'] == 5000.5", true),
        ("values['12345678901234567890123!'] < values['12345678901234567890124!']", true),
        ("values['1e2!'] == 100", true),
        ("values['-0!'] == 0", true),
    ] {
        assert_eq!(DestinationFilter::parse(condition).unwrap().holds(&view).unwrap(), holds, "{condition}");
    }
}

#[test]
fn every_sample_has_a_whole_card_that_teams_knows() {
    let (template, schema) = (Template::default_card(), schema());
    for sample in Sample::valid() {
        let card = template.card(&view(sample.body), Budget::default());
        let card = card.unwrap_or_else(|error| panic!("{}: {error}", sample.name));
        assert_eq!(card.shortened, [], "{}", sample.name);
        let content = content(&card);
        let wrong: Vec<String> = schema.iter_errors(&content).map(|error| format!("{error}")).collect();
        assert_eq!(wrong, [""; 0], "{}", sample.name);
    }
}

#[test]
fn the_default_card_says_what_happened() {
    for name in [
        "step-completed-all-field-types",
        "step-completed-minimal",
        "step-completed-approval-rejected-and-completed",
        "step-completed-parallel-approval-rejected-and-sent-back",
        "step-completed-unknown-field-type",
        "step-created-after-approval-sent-back",
        "step-created-after-task",
    ] {
        let card = Template::default_card().card(&view(Sample::find(name).unwrap().body), Budget::default()).unwrap();
        insta::assert_snapshot!(name, serde_json::to_string_pretty(&content(&card)).unwrap());
    }
}

#[test]
fn what_does_not_conform_is_shown_as_far_as_it_goes() {
    for sample in Sample::invalid() {
        let Ok(view) = View::of(sample.body, Profile::v1(), &about()) else { continue };
        let card = Template::default_card().card(&view, Budget::default());
        assert!(card.is_ok(), "{}: {}", sample.name, card.unwrap_err());
    }
}

#[test]
fn a_text_stays_a_text_wherever_it_stands() {
    let of = |text: &str| {
        let message = json!({
            "trigger": "stepCreated",
            "flow": {"flowIdentifier": text, "name": text, "subject": text, "initiator": text},
            "step": {"stepIdentifier": text, "fields": []},
            "previousStep": {
                "stepIdentifier": text, "completedBy": text, "completedAt": text,
                "decisions": [
                    {"approver": text, "decision": "rejectedAndSentBack", "comment": text, "at": text},
                    {"approver": text, "decision": text, "comment": text},
                ],
                "fields": [
                    {"name": text, "type": "Text", "value": text},
                    {"name": text, "type": "TextArea", "value": format!("{text} {}", "long ".repeat(40))},
                    {"name": text, "type": "SelectList", "value": {"key": text, "value": text}},
                    {"name": text, "type": text, "value": {text: [text]}},
                    {"name": text, "type": "Date", "value": null},
                ],
            },
        });
        content(&Template::default_card().card(&view(message.to_string().as_bytes()), Budget::default()).unwrap())
    };
    let harmless = shape(&of("Acme"));
    for (name, text, never) in [
        ("quotes", r#"a", "type": "Image", "x": "b"#, &[][..]),
        ("backslashes", r#"a\", \u0022 \\"#, &[]),
        ("line breaks", "a\r\nb\u{2028}c", &["\r", "\u{2028}"]),
        ("template", "{{ flow.id }}{% if x %}{# c #}", &["{{"]),
        ("date function", "{{DATE(2026-11-24T10:30:00Z,SHORT)}}", &["{{"]),
        ("link", "[click](javascript:alert(1))", &["[click]("]),
        ("picture", "![x](http://a.example/b.png)", &["![x]("]),
        ("bold", "**a** _b_", &["**", " _b_"]),
        ("mention", "<at>Jo</at>", &["<at"]),
        ("markup", "<script>alert(1)</script> &lt;b&gt;", &["<script", "&lt;b"]),
        ("heading", "a\n# b\n> c", &["\n#", "\n>"]),
        ("list", "a\n- c\n1. d", &["\n-", "\n1."]),
        ("control characters", "a\u{0}b\u{1b}[31mc\u{9b}d", &["\u{0}", "\u{1b}", "\u{9b}"]),
        ("direction", "a\u{202e}b\u{2066}c", &["\u{202e}", "\u{2066}"]),
        ("marks", "\u{fdd1}**a**\u{fdd0}\u{fdd2}1\u{fdd2}", &["\u{fdd0}", "\u{fdd1}", "\u{fdd2}", "**"]),
    ] {
        let card = of(text);
        assert_eq!(shape(&card), harmless, "{name}");
        for text in texts(&card) {
            // A button's title is not Markdown.
            let is_button = text.starts_with("Open ");
            let found = never.iter().find(|never| !is_button && text.contains(**never));
            assert_eq!(found, None, "{name}: {text}");
        }
    }
}

/// The card with every text emptied.
fn shape(value: &Value) -> Value {
    match value {
        Value::String(_) => "".into(),
        Value::Array(elements) => elements.iter().map(shape).collect(),
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), shape(member))).collect(),
        other => other.clone(),
    }
}
