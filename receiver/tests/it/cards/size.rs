//! Cards of messages that are too large.

use std::fs;

use receiver::relay::{Budget, Shortened, Template};
use schemas::Sample;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{content, large_message, schema, texts, view};

#[test]
fn the_large_message_fits_and_says_what_is_missing() {
    let body = large_message();
    assert!(body.len() > 290_000, "{}", body.len());
    let card = Template::default_card().card(&view(&body), Budget::default()).unwrap();
    assert!((19_500..=20_000).contains(&card.body.len()), "{}", card.body.len());
    let [Shortened::Texts(texts_cut), Shortened::Fields(left_out)] = card.shortened[..] else {
        panic!("{:?}", card.shortened)
    };
    let is_name = |text: &&String| text.trim_start_matches("**").starts_with("Question");
    let shown = texts(&content(&card)).iter().filter(is_name).count();
    assert_eq!(shown + left_out, 250);
    let notice = format!("Shortened to fit into Teams: {texts_cut} long texts cut, {left_out} more fields not shown.");
    assert!(texts(&content(&card)).contains(&notice), "{notice}");
}

#[test]
fn any_message_fits_into_any_budget() {
    let (template, schema) = (Template::default_card(), schema());
    for seed in 0..20 {
        let mut random = fastrand::Rng::with_seed(seed);
        let body = arbitrary(&mut random).to_string();
        let budget = Budget::new(random.usize(Budget::MIN.bytes()..=Budget::MAX.bytes())).unwrap();
        let card = template.card(&view(body.as_bytes()), budget).unwrap();
        assert!(card.body.len() <= budget.bytes(), "seed {seed}: {} of {}", card.body.len(), budget.bytes());
        assert!(schema.is_valid(&content(&card)), "seed {seed}");
        assert!(!card.shortened.contains(&Shortened::Template), "seed {seed}");
    }
}

fn arbitrary(random: &mut fastrand::Rng) -> Value {
    let fields = |random: &mut fastrand::Rng| -> Vec<Value> {
        let kinds = ["Text", "TextArea", "SelectList", "MultiSelectList", "Currency", "Table"];
        let one = |random: &mut fastrand::Rng| {
            let value = match random.u8(0..4) {
                0 => json!({"key": text(random), "value": text(random)}),
                1 => json!([text(random), text(random)]),
                _ => json!(text(random)),
            };
            json!({"name": text(random), "type": kinds[random.usize(..kinds.len())], "value": value})
        };
        (0..random.usize(..120)).map(|_| one(random)).collect()
    };
    let step = |random: &mut fastrand::Rng| {
        let decision = |random: &mut fastrand::Rng| {
            let verdict = ["approved", "rejectedAndSentBack", "rejectedAndCompleted"][random.usize(..3)];
            json!({"approver": text(random), "decision": verdict, "comment": text(random)})
        };
        let decisions: Vec<Value> = (0..random.usize(..30)).map(|_| decision(random)).collect();
        json!({"stepIdentifier": text(random), "completedBy": text(random), "decisions": decisions, "fields": fields(random)})
    };
    json!({
        "trigger": if random.bool() { "stepCreated" } else { "stepCompleted" },
        "flow": {"flowIdentifier": text(random), "name": text(random), "subject": text(random), "initiator": text(random)},
        "step": step(random),
        "previousStep": step(random),
    })
}

fn text(random: &mut fastrand::Rng) -> String {
    let alphabet: Vec<char> = "abc de_*\\\"[]<&{\n#-1.水\u{1F600}é".chars().collect();
    let length = if random.u8(..20) == 0 { random.usize(..4_000) } else { random.usize(..60) };
    (0..length).map(|_| alphabet[random.usize(..alphabet.len())]).collect()
}

#[test]
fn an_own_template_is_shrunk_too_and_gives_way_when_it_is_too_large_itself() {
    let folder = TempDir::new().unwrap();
    let read = |source: &str| {
        let file = folder.path().join("own.jinja");
        fs::write(&file, source).unwrap();
        Template::read(&file).unwrap()
    };
    let listing = read(
        r#"{"type": "AdaptiveCard", "version": "1.4", "body": [
        {% for field in fields %}{"type": "TextBlock", "text": "{{ field.name }}: {{ field.value }}"},{% endfor %}]}"#,
    );
    let card = listing.card(&view(&large_message()), Budget::default()).unwrap();
    assert!(card.body.len() <= 20_000 && !card.shortened.is_empty());
    assert!(texts(&content(&card)).last().unwrap().starts_with("Shortened to fit into Teams"));
    let words = "word ".repeat(10_000);
    let bloated = read(&format!(
        r#"{{"type": "AdaptiveCard", "version": "1.4", "body": [{{"type": "TextBlock", "text": "{words}"}}]}}"#
    ));
    let card = bloated.card(&view(Sample::find("step-completed-basic").unwrap().body), Budget::default()).unwrap();
    assert_eq!(card.shortened, [Shortened::Template]);
    assert!(texts(&content(&card)).contains(&"Acme Ltd".to_owned()));
}
