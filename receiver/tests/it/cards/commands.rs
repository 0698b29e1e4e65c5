//! `relay lint`, `relay preview`, and the examples in `docs/relay.md`.

use std::{fs, process::Command};

use receiver::relay::Template;
use schemas::Sample;
use serde_json::Value;
use tempfile::TempDir;

use super::{large_message, view};

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
