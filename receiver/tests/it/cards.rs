//! The cards that the relay makes: of every sample, of hostile texts, and of messages that are too large.

use std::{fs, process::Command};

use receiver::relay::{About, Budget, Card, Filter, Shortened, Template, View};
use schemas::{Profile, Sample};
use serde_json::{Value, json};
use tempfile::TempDir;

fn about() -> About {
    About { flow_url: Some("https://acme.example/flows/{flowIdentifier}".parse().unwrap()), ..About::default() }
}

fn view(body: &[u8]) -> View {
    View::of(body, Profile::v1(), &about()).unwrap()
}

/// The Adaptive Card of a post, which is of the form that a workflow wants.
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

/// All that a person can read of a card, hidden parts included.
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
        assert_eq!(Filter::parse(condition).unwrap().holds(&view).unwrap(), holds, "{condition}");
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
            // A button's words are read as they are.
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

#[test]
fn lint_names_file_line_and_sample() {
    let folder = TempDir::new().unwrap();
    fs::write(
        folder.path().join("wrong.jinja"),
        r#"{"type": "AdaptiveCard", "version": "1.5", "body": [
  {"type": "TextBlock", "txt": "{{ flow.name }}"},
  {"type": "TextBlock", "text": "{{ flow.name }}", "wieght": "Bolder", "color": "red"},
  {% for field in fields %}
  {"type": "Input.Text", "id": "input"},
  {% endfor %}
  {"type": "Container", "items": [], "selectAction":
    {"type": "Action.ToggleVisibility", "targetElements": ["nowhere"]}}
  ],
  "actions": [{"type": "Action.Submit"}, {"type": "Action.OpenUrl", "url": "{{ step.name }}"}]
}
"#,
    )
    .unwrap();
    let card = |body: &str| format!("{{\"type\": \"AdaptiveCard\", \"version\": \"1.4\", \"body\": [\n{body}\n]}}\n");
    for (name, source) in [
        ("undefined.jinja", card(r#"{"type": "TextBlock", "text": "{{ flow.subjct }}"}"#)),
        ("sometimes.jinja", card(r#"{"type": "TextBlock", "text": "{{ previous_step.name }}"}"#)),
        ("unquoted.jinja", card(r#"{"type": "TextBlock", "text": {{ flow.id }}}"#)),
        ("syntax.jinja", card("{% for field in fields %}")),
        ("post.jinja", r#"{"type": "message", "attachments": []}"#.to_owned()),
        ("endless.jinja", "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}".to_owned()),
        ("named.txt.jinja", card(r#"{"type": "TextBlock", "text": "{{ flow.id }}"}"#)),
        ("right.jinja", card(r#"{"type": "TextBlock", "text": "{{ flow.subject or flow.id }}"},"#)),
    ] {
        fs::write(folder.path().join(name), source).unwrap();
    }
    let templates = ["wrong", "undefined", "sometimes", "unquoted", "syntax", "post", "named.txt", "right", "missing"]
        .map(|name| format!("{name}.jinja"));
    let output = Command::new(env!("CARGO_BIN_EXE_webhook-receiver"))
        .args(["relay", "lint"])
        .args(templates)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!("lint", format!("exit {}\n{stdout}{stderr}", output.status.code().unwrap()));
    let endless = Template::read(&folder.path().join("endless.jinja")).unwrap();
    let error = endless.text(&view(Sample::find("step-completed-basic").unwrap().body)).unwrap_err();
    assert!(error.to_string().contains("endless.jinja:1: engine ran out of fuel"), "{error}");
}

#[test]
fn the_examples_of_the_page_on_the_relay_hold() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/relay.md")).unwrap();
    let folder = TempDir::new().unwrap();
    let view = view(Sample::find("step-completed-basic").unwrap().body);
    let (_, filters) = page.split_once("### Filters").unwrap();
    let rows = filters.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split("` | `").collect();
        let [example, rest] = cells[..] else { return None };
        Some((example.replace(r"\|", "|"), rest.split('`').next()?.to_owned()))
    });
    let mut count = 0;
    for (example, gives) in rows {
        let file = folder.path().join("example.txt");
        fs::write(&file, format!("{{{{ {example} }}}}")).unwrap();
        assert_eq!(Template::read(&file).unwrap().text(&view).unwrap(), gives, "{example}");
        count += 1;
    }
    assert_eq!(count, 12);
    let (_, template) = page.split_once("```jinja\n").unwrap();
    let file = folder.path().join("small.jinja");
    fs::write(&file, template.split_once("```").unwrap().0).unwrap();
    let found = receiver::relay::lint::cards(&Template::read(&file).unwrap());
    assert_eq!(found, []);
}

#[test]
fn preview_prints_the_post_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_webhook-receiver"));
        let output = command.args(["relay", "preview"]).args(arguments).current_dir(folder.path()).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (post, said) = run(&["step-completed-basic"]);
    assert_eq!((serde_json::from_str::<Value>(&post).unwrap()["type"].as_str(), said.as_str()), (Some("message"), ""));
    let pattern = "https://acme.example/{flowIdentifier}";
    let (post, _) = run(&["step-completed-basic", "--flow-url", pattern]);
    assert!(post.contains("https://acme.example/FLOW-604"), "{post}");

    fs::write(folder.path().join("renderer.js"), "'</script>'").unwrap();
    let (page, said) = run(&["step-completed-basic", "--renderer", "renderer.js", "--html"]);
    assert!(page.contains(r"'<\/script>'") && page.contains("\"AdaptiveCard\"") && said.is_empty(), "{said}");

    fs::write(folder.path().join("large.json"), large_message()).unwrap();
    fs::write(folder.path().join("null.json"), "null").unwrap();
    let told: Vec<String> = [
        &["step-completed-basik"][..],
        &["null.json"],
        &["0199"],
        &["step-completed-basic", "--html"],
        &["step-completed-basic", "--budget", "100"],
        &["step-completed-basic", "--flow-url", "acme.example"],
        &["step-completed-basic", "--template", "none.jinja"],
        &["large.json", "--budget", "5000"],
    ]
    .into_iter()
    .map(|arguments| format!("$ relay preview {}\n{}", arguments.join(" "), run(arguments).1))
    .collect();
    insta::assert_snapshot!("preview_mistakes", told.join("\n"));
}
