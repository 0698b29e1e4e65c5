//! Flow models from outside: what `model check` finds and where, what `model show` draws, and that no secret is shown.

mod references;

use std::{fs, path::Path};

use assert_cmd::Command;
use insta::{Settings, assert_snapshot};
use serde_json::{Value, json};

use crate::{Run, run, webhook_sender};

const EVERYTHING_WRONG: &str = include_str!("model/everything-wrong.toml");

/// A model in which nothing is wrong.
const GOOD: &str = r#"name = "M"
published = true
[[step]]
name = "Form"
type = "task"
field = [{ name = "Limit", type = "Currency", value = 5 }]
[[step.webhook]]
name = "A"
endpoint = "https://hooks.example.com/x"
trigger = "stepCompleted"
authentication = { type = "basic", username = "jo", password = "env:PASSWORD" }
[[step]]
name = "Approve"
type = "approval"
actors = ["kim@example.com"]
previous = ["Form"]
sendBackTo = "Form"
[[step.webhook]]
name = "B"
endpoint = "http://127.0.0.1:8080/"
trigger = "stepCreated"
authentication = { type = "clientSecret", clientSecret = "env:SECRET" }
"#;

fn model(arguments: &[&str], input: &str) -> Run {
    let mut command = webhook_sender();
    command.arg("model").args(arguments).env("SECRET", "canary").env("PASSWORD", "canary");
    run(command.write_stdin(input))
}

fn snapshot(name: &str, said: &Run) {
    let mut settings = Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.add_filter(r"/\S*/(\.tmp\w+)", "FOLDER");
    settings.bind(|| {
        let streams = [("stdout", &said.stdout), ("stderr", &said.stderr)];
        let streams = streams.iter().filter(|(_, text)| !text.is_empty());
        let shown: Vec<String> = streams.map(|(stream, text)| format!("----- {stream} -----\n{text}")).collect();
        assert_snapshot!(name, format!("exit {}\n{}", said.code.unwrap(), shown.join("\n")));
    });
}

fn examples() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut models: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| path.to_str().unwrap().to_owned())
        .collect();
    models.sort();
    models
}

fn as_json(toml: &str) -> String {
    serde_json::to_string_pretty(&toml::from_str::<Value>(toml).unwrap()).unwrap()
}

/// `severity line:column message` of each problem.
fn found(input: &str) -> Vec<String> {
    let said = model(&["check", "-", "--output", "json"], input);
    let report: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{}", said.stderr));
    let problems = report[0]["problems"].as_array().unwrap();
    let wrong = problems.iter().any(|problem| problem["severity"] == "error");
    assert_eq!(said.code, Some(if wrong { 2 } else { 0 }), "{report}");
    assert_eq!(report[0]["usable"], !wrong);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |problem: &Value| {
        let (severity, message) = (text(&problem["severity"]), text(&problem["message"]));
        format!("{severity} {}:{} {message}", problem["line"], problem["column"])
    };
    problems.iter().map(line).collect()
}

#[test]
fn every_problem_is_reported_at_once() {
    let said = model(&["check", "-"], EVERYTHING_WRONG);
    snapshot("model_check_everything_wrong", &said);
    let order: Vec<(u64, u64)> = found(EVERYTHING_WRONG)
        .iter()
        .map(|problem| {
            let (line, column) = problem.split(' ').nth(1).unwrap().split_once(':').unwrap();
            (line.parse().unwrap(), column.parse().unwrap())
        })
        .collect();
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn each_problem_has_its_line_and_column() {
    assert_eq!(found(GOOD), [""; 0]);
    let long = |characters: usize| format!("\"{}\"", "ä".repeat(characters));
    for (old, new, expected) in [
        ("\"env:PASSWORD\"", "\"\"", "error 11:64 the password is empty"),
        ("\"env:PASSWORD\"", "\"hunter2\"", "error 11:64 the password must be a reference and not the secret itself"),
        ("\"env:PASSWORD\"", "12345", "error 11:64 the password must be a reference and not the secret itself"),
        (
            "\"env:PASSWORD\"",
            &long(101),
            "error 11:64 the password must be a reference and not the secret itself; it also has 101 characters, and the product's form takes a password of at most 100",
        ),
        (
            "\"env:SECRET\"",
            &long(251),
            "error 22:58 the client secret must be a reference and not the secret itself; it also has 251 characters, and the product's form takes a client secret of at most 250",
        ),
        ("\"env:SECRET\"", &long(250), "error 22:58 the client secret must be a reference and not the secret itself"),
        ("\"env:SECRET\"", "\"prompt\"", "error 22:58 the client secret of a model cannot be `prompt`"),
        (", clientSecret = \"env:SECRET\"", "", "error 22:18 the authentication has no `clientSecret`"),
        (", username = \"jo\"", "", "error 11:18 the authentication has no `username`"),
        (", password = \"env:PASSWORD\"", "", "error 11:18 the authentication has no `password`"),
        ("\"jo\"", "\"\"", "error 11:47 the username is empty"),
        ("\"jo\"", "\"j:o\"", "error 11:47 the username holds a colon, which Basic authentication cannot carry"),
        (
            "\"jo\"",
            "\"j\\no\"",
            "error 11:47 the username holds a control character, which Basic authentication cannot carry",
        ),
        ("\"jo\"", &long(101), "error 11:47 the username has 101 characters; the product's form takes at most 100"),
        (
            "type = \"basic\"",
            "type = \"none\"",
            "error 11:35 `username` does not belong to the authentication type `none`",
        ),
        ("type = \"basic\", ", "", "error 11:18 the authentication has no `type`"),
        ("endpoint = \"https://hooks.example.com/x\"\n", "", "error 7:1 the webhook has no endpoint"),
        ("\"https://hooks.example.com/x\"", "\"\"", "error 9:12 the webhook has no endpoint"),
        (
            "https://hooks",
            "hooks",
            "error 9:12 the endpoint is not a valid URL: the URL does not begin with http:// or https://",
        ),
        (
            "https://hooks",
            "http://hooks",
            "error 9:12 Basic authentication over plain http would send username and password unencrypted",
        ),
        (
            "trigger = \"stepCompleted\"",
            "trigger = \"stepCreated\"",
            "error 10:11 a stepCreated webhook on the first step never fires: its message needs a previous step",
        ),
        ("[\"Form\"]", "[\"From\"]", "error 16:13 the model has no step `From`"),
        (
            "sendBackTo = \"Form\"",
            "sendBackTo = \"Approve\"",
            "error 17:14 the step `Approve` does not come before this one, so the flow cannot be sent back to it",
        ),
        ("sendBackTo = \"Form\"", "sendBackTo = \"Elsewhere\"", "error 17:14 the model has no step `Elsewhere`"),
        ("name = \"Approve\"", "name = \"Form\"", "error 13:8 the step `Form` is not unique"),
        ("actors = [\"kim@example.com\"]", "actors = []", "error 15:10 the approval has no actors"),
        ("actors = [\"kim@example.com\"]", "actor = []", "error 15:1 `actor` is not a key here"),
        ("type = \"task\"", "type = \"publicForm\"", "error 3:1 the public form has no `access`"),
        (
            "type = \"task\"",
            "type = \"task\"\naccess = \"public\"",
            "error 6:10 only a public form has `access`, not a step of the type `task`",
        ),
        ("type = \"task\"", "type = \"tasks\"", "error 5:8 `tasks` is not a type of step"),
        (
            "value = 5 ",
            "value = \"5\" ",
            "error 6:55 a value of the type Currency is a number such as 35 or 5000.50, at most 15 long",
        ),
        (
            "value = 5 ",
            "value = 12345678901.23456 ",
            "error 6:55 a value of the type Currency is a number such as 35 or 5000.50, at most 15 long",
        ),
        (
            "type = \"Currency\"",
            "type = \"Money\"",
            "warning 6:35 the field type `Money` is unknown, so its value is not checked",
        ),
        ("published = true", "published = true\npublishd = 1", "error 3:1 `publishd` is not a key here"),
        ("published = true", "published = ture", "error 2:13 this cannot be read: "),
    ] {
        assert!(GOOD.contains(old), "{old}");
        let problems = found(&GOOD.replacen(old, new, 1));
        assert!(problems.iter().any(|problem| problem.starts_with(expected)), "{expected}: {problems:#?}");
    }
}

#[test]
fn arrows_are_checked() {
    let steps = |steps: &[(&str, &str)]| {
        let steps = steps.iter().map(|(name, previous)| {
            let previous: Vec<&str> = previous.split(' ').filter(|name| !name.is_empty()).collect();
            json!({"name": name, "type": "task", "previous": previous})
        });
        json!({"name": "M", "step": steps.collect::<Vec<_>>()}).to_string()
    };
    for (name, model, expected) in [
        ("a join", steps(&[("a", ""), ("b", "a"), ("c", "a"), ("d", "b c")]), [].as_slice()),
        ("in any order", steps(&[("b", "a"), ("a", "")]), &[]),
        ("two first steps", steps(&[("a", ""), ("b", "")]), &["a flow has one first step"]),
        ("itself", steps(&[("a", ""), ("b", "a b")]), &["the steps form a circle: `b` -> `b`"]),
        (
            "after a circle",
            steps(&[("a", ""), ("b", "a c"), ("c", "b"), ("d", "c")]),
            &["the steps form a circle: `b` -> `c` -> `b`", "`d` is never reached"],
        ),
        (
            "only a circle",
            steps(&[("a", "b"), ("b", "a")]),
            &["the model has no first step", "the steps form a circle: `a` -> `b` -> `a`"],
        ),
        ("no step", json!({"name": "M", "step": []}).to_string(), &["`step`:"]),
    ] {
        let mut problems: Vec<String> =
            found(&model).iter().map(|problem| problem.splitn(3, ' ').nth(2).unwrap().to_owned()).collect();
        problems.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(problems.len(), expected.len(), "{name}: {problems:#?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.starts_with(expected), "{name}: {problem}");
        }
    }
}

#[test]
fn toml_and_json_say_the_same() {
    let json = as_json(GOOD);
    assert_eq!(found(&json), [""; 0]);
    assert_eq!(model(&["show", "-"], GOOD).stdout, model(&["show", "-"], &json).stdout);
    let broken = as_json(&GOOD.replace("env:PASSWORD", "hunter2").replace("\"Form\"]", "\"From\"]"));
    let said = model(&["check", "-"], &broken);
    snapshot("model_check_json", &said);

    let doubled = r#"{"name": "M", "name": "N", "step": [{"name": "a", "type": "task"}]}"#;
    assert_eq!(found(doubled), ["error 1:15 the key `name` is repeated"]);
    assert_eq!(found("{\"name\": \"é\",,}"), ["error 1:14 this cannot be read: key must be a string"]);
}

#[test]
fn the_examples_are_clean_and_fire_both_triggers_twice() {
    let mut kinds = Vec::new();
    for file in examples() {
        let said = model(&["check", &file], "");
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        let warnings = said.stderr.lines().filter(|line| line.starts_with("warning: "));
        for warning in warnings {
            assert!(warning.contains("client-secret") || warning.contains("variable"), "{warning}");
        }
        assert!(!said.stderr.contains("error:"), "{}", said.stderr);
        assert!(!said.stdout.contains("not published"), "{}", said.stdout);

        let text: Value = toml::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let steps = text["step"].as_array().unwrap();
        let webhooks: Vec<&Value> = steps.iter().filter_map(|step| step.get("webhook")?.as_array()).flatten().collect();
        for trigger in ["stepCreated", "stepCompleted"] {
            let count = webhooks.iter().filter(|webhook| webhook["trigger"] == trigger).count();
            assert!(count >= 2, "{file}: {trigger} {count}");
        }
        let kind = |webhook: &&Value| webhook["authentication"]["type"].as_str().unwrap_or("none").to_owned();
        kinds.extend(webhooks.iter().filter(|webhook| webhook.get("authentication").is_some()).map(kind));
        kinds.extend(
            webhooks.iter().filter(|webhook| webhook.get("authentication").is_none()).map(|_| "none".to_owned()),
        );
    }
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds, ["basic", "clientSecret", "none"]);
    assert_eq!(examples().len(), 4);
}

#[test]
fn steps_are_drawn() {
    for file in examples() {
        let name = Path::new(&file).file_stem().unwrap().to_str().unwrap().replace('-', "_");
        snapshot(&format!("model_show_{name}"), &model(&["show", &file], ""));
    }
    let step = |name: &str, previous: &[&str]| json!({"name": name, "type": "task", "previous": previous});
    let wide = json!({"name": "Many paths", "step": [
        step("start", &[]), step("a", &["start"]), step("b", &["start"]), step("c", &["start"]),
        step("a then c", &["a", "c"]), step("b1", &["b"]), step("b2", &["b"]),
        step("end", &["a then c", "b1", "b2"]),
    ]});
    snapshot("model_show_many_paths", &model(&["show", "-"], &wide.to_string()));
    let said = model(&["show", "-", "--output", "json"], GOOD);
    let shown: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(shown["steps"][1]["webhooks"][0]["authentication"]["clientSecret"], "env:SECRET");
    assert_eq!(shown["steps"][0]["fields"][0]["order"], 1);
}

#[test]
fn a_new_model_is_good_and_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flow.toml");
    let file = file.to_str().unwrap();
    snapshot("model_new", &model(&["new", file], ""));
    let written = fs::read_to_string(file).unwrap();
    assert_eq!(written, model(&["new"], "").stdout);
    assert_eq!(model(&["check", file], "").stderr, "");

    fs::write(file, "mine").unwrap();
    snapshot("model_new_exists", &model(&["new", file], ""));
    assert_eq!(fs::read_to_string(file).unwrap(), "mine");
}

#[test]
fn help_and_misuse() {
    for (name, arguments) in [
        ("help_model", ["--help"].as_slice()),
        ("help_model_check", &["check", "--help"]),
        ("help_model_new", &["new", "--help"]),
        ("help_model_show", &["show", "--help"]),
        ("model_no_file", &["check", "no-such.toml"]),
    ] {
        snapshot(name, &model(arguments, ""));
    }
    snapshot("model_check_unreadable", &model(&["check", "-"], "name = \"M\"\npublished = ture\nstep = [\n"));
}
