//! `webhook-sender run`: the files that it writes, held to the contract and to the model's own text by an oracle that
//! shares no code with the program, and the words that people read.

mod printed;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use schemas::Schema;
use serde_json::Value;
use tempfile::TempDir;

use crate::{Run, help::snapshot, run as run_program, webhook_sender};

const EXAMPLES: [&str; 4] = ["customer-set-up", "leave-request", "purchase", "public-intake"];

/// The folder that holds `examples`.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn command(model: &str) -> assert_cmd::Command {
    let mut command = webhook_sender();
    command.current_dir(root()).args(["run", model]);
    command
}

/// Runs an example into a folder of its own.
fn write(example: &str, plan: &[&str]) -> (TempDir, Run) {
    let folder = TempDir::new().unwrap();
    let mut command = command(&format!("examples/{example}.toml"));
    command.args(plan).arg("--to-dir").arg(folder.path());
    let done = run_program(&mut command);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{example}");
    (folder, done)
}

/// The files of a folder by name, which is in the order they were sent.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap())).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The model's own text as JSON.
fn model(example: &str) -> Value {
    let text = fs::read_to_string(root().join(format!("examples/{example}.toml"))).unwrap();
    serde_json::to_value(toml::from_str::<toml::Table>(&text).unwrap()).unwrap()
}

fn find<'v>(items: &'v [Value], key: &str, name: &Value) -> &'v Value {
    items.iter().find(|item| item[key] == *name).unwrap_or_else(|| panic!("{key} = {name}"))
}

/// Holds a message to the contract and to the model that it came from. Says what kind of message it is.
fn check(message: &Value, model: &Value) -> String {
    assert_eq!(Schema::StepMessage.violations(message), [], "{message}");
    let step = find(items(&model["step"]), "name", &message["step"]["stepIdentifier"]);
    let webhook = find(items(&step["webhook"]), "name", &message["webhook"]["name"]);
    assert_eq!(webhook["trigger"], message["trigger"]);
    assert_ne!(webhook["enabled"], Value::Bool(false), "{message}");
    assert_eq!(step["type"], message["step"]["type"]);
    let secret = (webhook["authentication"]["type"] == "clientSecret").then_some("<client-secret>");
    assert_eq!(message.get("clientSecret").map(text), secret, "{message}");

    let created = message["trigger"] == "stepCreated";
    assert_eq!(message["previousStep"].is_object(), created, "{message}");
    let data = if created { &message["previousStep"] } else { &message["step"] };
    if created {
        assert!(items(&message["step"]["fields"]).iter().all(|field| field["value"].is_null()), "{message}");
        assert_eq!(message["step"]["completedAt"], Value::Null);
        assert!(items(&message["step"]["decisions"]).is_empty());
        assert_eq!(message["step"]["createdAt"], data["completedAt"]);
        let rejected = items(&data["decisions"]).last().is_some_and(|last| last["decision"] != "approved");
        let before = find(items(&model["step"]), "name", &data["stepIdentifier"]);
        if rejected {
            assert_eq!(before["sendBackTo"], step["name"], "{message}");
        } else {
            assert!(items(&step["previous"]).contains(&before["name"]), "{message}");
        }
    }
    let outcome = check_decisions(data, find(items(&model["step"]), "name", &data["stepIdentifier"]));
    format!("{} of {} {outcome}", text(&webhook["name"]), text(&step["name"]))
}

/// The decision that ended the step.
fn check_decisions<'v>(step: &'v Value, model: &Value) -> &'v str {
    assert!(step["completedAt"].is_string(), "{step}");
    let decisions = items(&step["decisions"]);
    let verdicts: Vec<&str> = decisions.iter().map(|decision| text(&decision["decision"])).collect();
    for (decision, verdict) in decisions.iter().zip(&verdicts) {
        assert!(*verdict == "approved" || !text(&decision["comment"]).trim().is_empty(), "{step}");
    }
    let Some((last, before)) = verdicts.split_last() else {
        assert!(!text(&model["type"]).ends_with("pproval"), "{step}");
        return "";
    };
    assert!(before.iter().all(|verdict| *verdict == "approved"), "{step}");
    assert_eq!(decisions.last().unwrap()["at"], step["completedAt"]);
    let actors = items(&model["actors"]).len();
    match text(&model["type"]) {
        "approval" => assert_eq!(decisions.len(), 1, "{step}"),
        "parallelApproval" | "sequentialApproval" => {
            assert!(decisions.len() == actors || *last != "approved" && decisions.len() < actors, "{step}");
        }
        kind => panic!("decisions in a {kind}"),
    }
    last
}

/// What each webhook can tell of, by the model's text. Which step comes last before a join depends on the order.
fn possible(model: &Value) -> BTreeSet<String> {
    let steps = items(&model["step"]);
    let mut possible = BTreeSet::new();
    for step in steps {
        for webhook in items(&step["webhook"]).iter().filter(|webhook| webhook["enabled"] != Value::Bool(false)) {
            let outcomes: Vec<&str> = if webhook["trigger"] == "stepCompleted" {
                outcomes(step)
            } else {
                let sent_back = steps.iter().any(|other| other["sendBackTo"] == step["name"]);
                let previous = items(&step["previous"]).iter().map(|name| find(steps, "name", name));
                let last = previous.map(|step| outcomes(step)[0]).next_back();
                last.into_iter().chain(sent_back.then_some("rejectedAndSentBack")).collect()
            };
            let name = format!("{} of {}", text(&webhook["name"]), text(&step["name"]));
            possible.extend(outcomes.iter().map(|outcome| format!("{name} {outcome}")));
        }
    }
    possible
}

fn outcomes(step: &Value) -> Vec<&'static str> {
    match (text(&step["type"]), step["sendBackTo"].is_string()) {
        ("task" | "publicForm", _) => vec![""],
        (_, true) => vec!["approved", "rejectedAndCompleted", "rejectedAndSentBack"],
        (_, false) => vec!["approved", "rejectedAndCompleted"],
    }
}

#[test]
fn all_paths_of_the_examples_write_every_kind_of_message_and_nothing_else() {
    for example in EXAMPLES {
        let model = model(example);
        let (folder, _) = write(example, &["--all-paths"]);
        let (mut kinds, mut triggers, mut numbers) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        for (name, body) in files(folder.path()) {
            assert!(
                name.ends_with(".json")
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
            );
            let message: Value = serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
            kinds.insert(check(&message, &model));
            triggers.insert(text(&message["trigger"]).to_owned());

            let flow = text(&message["flow"]["flowIdentifier"]).strip_prefix("FLOW-").unwrap().to_owned();
            let parts: Vec<&str> = name.split('-').collect();
            assert_eq!((parts[0], parts[1].trim_start_matches('0')), ("FLOW", flow.as_str()), "{name}");
            let number = numbers.entry(flow).or_insert(0);
            *number += 1;
            assert_eq!((parts[2], parts[3]), (format!("{number:03}").as_str(), text(&message["trigger"])), "{name}");
        }
        assert_eq!(triggers.into_iter().collect::<Vec<_>>(), ["stepCompleted", "stepCreated"], "{example}");
        assert_eq!(kinds, possible(&model), "{example}");
    }
}

#[test]
fn the_example_scripts_run_and_reject_in_both_ways() {
    let mut verdicts = BTreeSet::new();
    for example in EXAMPLES {
        let model = model(example);
        let script = format!("examples/scripts/{example}.toml");
        let (folder, _) = write(example, &["--script", &script]);
        let files = files(folder.path());
        assert!(!files.is_empty(), "{example}");
        for body in files.values() {
            let message: Value = serde_json::from_slice(body).unwrap();
            check(&message, &model);
            let decisions =
                items(&message["step"]["decisions"]).iter().chain(items(&message["previousStep"]["decisions"]));
            verdicts.extend(decisions.map(|decision| text(&decision["decision"]).to_owned()));
        }
    }
    assert_eq!(verdicts.into_iter().collect::<Vec<_>>(), ["approved", "rejectedAndCompleted", "rejectedAndSentBack"]);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for plan in [["--all-paths"].as_slice(), &["--script", "examples/scripts/purchase.toml"]] {
        let (first, _) = write("purchase", plan);
        let (second, _) = write("purchase", plan);
        assert_eq!(files(first.path()), files(second.path()), "{plan:?}");
    }
}

const TWO_WEBHOOKS: &str = r#"
name = "Ask"
published = true
[[step]]
name = "Form"
type = "task"
[[step.webhook]]
name = "Secret"
endpoint = "http://127.0.0.1:9/"
trigger = "stepCompleted"
authentication = { type = "clientSecret", clientSecret = "env:NOT_SET_ANYWHERE" }
[[step.webhook]]
name = "Basic"
endpoint = "http://127.0.0.1:9/"
trigger = "stepCompleted"
authentication = { type = "basic", username = "canary-user", password = "file:no/such/file" }
"#;

fn model_file(text: &str) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("model.toml");
    fs::write(&path, text).unwrap();
    (folder, path.to_str().unwrap().to_owned())
}

#[test]
fn no_reference_is_looked_up() {
    let (folder, path) = model_file(TWO_WEBHOOKS);
    fs::write(folder.path().join("secret"), "canary-secret\n").unwrap();
    let existing = TWO_WEBHOOKS.replace("no/such/file", "secret").replace("env:NOT_SET_ANYWHERE", "env:CANARY");
    for text in [TWO_WEBHOOKS, &existing] {
        fs::write(&path, text).unwrap();
        let to = TempDir::new().unwrap();
        let mut command = command(&path);
        command.args(["--all-paths", "--to-dir"]).arg(to.path()).env("CANARY", "canary-variable");
        let done = run_program(&mut command);
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
        let files = files(to.path());
        let bodies: String = files.values().map(|body| str::from_utf8(body).unwrap()).collect();
        assert_eq!(
            files.keys().collect::<Vec<_>>(),
            ["FLOW-1-001-stepCompleted-form-secret.json", "FLOW-1-002-stepCompleted-form-basic.json"]
        );
        assert_eq!(bodies.matches("\"clientSecret\":\"<client-secret>\"").count(), 1);
        assert!(!(bodies + &done.stdout).contains("canary"));
    }
}

#[test]
fn a_folder_with_messages_is_left_alone_unless_forced() {
    let (_folder, path) = model_file(TWO_WEBHOOKS);
    let to = TempDir::new().unwrap();
    let out = to.path().join("new/out");
    let mut command = command(&path);
    command.args(["--all-paths", "--to-dir"]).arg(&out);
    assert_eq!(run_program(&mut command).code, Some(0), "the folder is made");
    fs::write(out.join("mine.json"), "mine").unwrap();
    fs::write(out.join("notes.txt"), "notes").unwrap();
    fs::write(out.join("FLOW-1-001-stepCompleted-form-secret.json"), "old").unwrap();
    let before = files(&out);

    let refused = run_program(&mut command);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("already contains 3 *.json files"), "{}", refused.stderr);
    assert_eq!(files(&out), before);

    let forced = run_program(command.arg("--force"));
    assert_eq!(forced.code, Some(0), "{}", forced.stderr);
    assert!(forced.stdout.contains("2 *.json files were replaced there"), "{}", forced.stdout);
    assert!(forced.stdout.contains("1 *.json file is there from before, untouched"), "{}", forced.stdout);
    let after = files(&out);
    assert_eq!(after["mine.json"], b"mine");
    assert_eq!(after.len(), 4);
    assert_ne!(after["FLOW-1-001-stepCompleted-form-secret.json"], b"old");
}

#[test]
fn messages_are_written_as_a_profile_has_them() {
    let (folder, path) = model_file(TWO_WEBHOOKS);
    let text = include_str!("../../../schemas/profiles/v1.toml").replace("\"/clientSecret\"", "\"/Auth/Secret\"");
    let profile = folder.path().join("profile.toml");
    fs::write(&profile, text.replace("stepCompleted = \"stepCompleted\"", "stepCompleted = 2")).unwrap();
    let to = TempDir::new().unwrap();
    let mut command = command(&path);
    command
        .args(["--all-paths", "--subject", "Zoë", "--start", "2030-01-01T00:00:00+01:00", "--to-dir"])
        .arg(to.path());
    assert_eq!(run_program(command.arg("--profile").arg(&profile)).code, Some(0));
    let message: Value = serde_json::from_slice(files(to.path()).values().next().unwrap()).unwrap();
    assert_eq!(message["Auth"]["Secret"], "<client-secret>");
    assert_eq!((&message["trigger"], &message["flow"]["subject"]), (&2.into(), &"Zoë".into()));
    assert_eq!(message["step"]["createdAt"], "2029-12-31T23:00:00Z");
}
