//! `learn`: envelopes that were written down before anything could read them, with the places written down by hand.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use schemas::{Profile, Role, Trigger, profile::FieldForm};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    program::Receiver,
    raw::{answer, post},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    step: Vec<String>,
    exit: i32,
    /// The required roles that must be said to be missing.
    #[serde(default)]
    missing: Vec<String>,
    #[serde(default)]
    roles: BTreeMap<String, String>,
    #[serde(default)]
    triggers: BTreeMap<Trigger, Value>,
    fields: Option<FieldForm>,
}

fn envelopes() -> Vec<(String, PathBuf, Expected)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/envelopes");
    let mut folders: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let read = |folder: PathBuf| {
        let expected = toml::from_str(&fs::read_to_string(folder.join("expected.toml")).unwrap()).unwrap();
        (folder.file_name().unwrap().to_str().unwrap().to_owned(), folder, expected)
    };
    folders.into_iter().map(read).collect()
}

/// The messages of an envelope, by name.
fn messages(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}

fn learn(working: &Path, messages: &[PathBuf], steps: &[String], more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_webhook-receiver"));
    command.arg("learn").args(messages).current_dir(working).env_remove("CARGO").stdin(Stdio::null());
    for step in steps {
        command.arg("--step").arg(step);
    }
    command.args(more).output().unwrap()
}

fn shown(output: &Output) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("exit {}\n{text}", output.status.code().unwrap())
}

#[test]
fn every_envelope_is_learnt_or_refused_as_was_written_down_by_hand() {
    let mut wrong = Vec::new();
    for (name, folder, expected) in envelopes() {
        let working = TempDir::new().unwrap();
        let output = learn(working.path(), &messages(&folder), &expected.step, &["--out", "learned"]);
        let text = shown(&output);
        insta::with_settings!({ snapshot_path => "snapshots/learn", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name.clone(), text);
        });
        if output.status.code() != Some(expected.exit) {
            wrong.push(format!("{name}: {text}"));
            continue;
        }
        for role in &expected.missing {
            let said = text.lines().any(|line| line.trim().starts_with(role.as_str()) && line.ends_with("(required)"));
            assert!(said, "{name}: {role} is missing: {text}");
        }
        let written = fs::read_to_string(working.path().join("learned/profile.toml"));
        if expected.exit != 0 {
            assert!(written.is_err(), "{name}");
            continue;
        }
        let profile = Profile::parse(&written.unwrap()).unwrap();
        let roles: BTreeMap<String, String> =
            profile.carried().map(|role| (role.to_string(), profile.pointer(role).unwrap().to_string())).collect();
        for role in Role::ALL.map(|role| role.to_string()) {
            if roles.get(&role) != expected.roles.get(&role) {
                wrong.push(format!("{name}: {role}: {:?}, not {:?}", roles.get(&role), expected.roles.get(&role)));
            }
        }
        if Some(profile.field_form()) != expected.fields.as_ref() {
            wrong.push(format!("{name}: {:?}, not {:?}", profile.field_form(), expected.fields));
        }
        for (trigger, word) in &expected.triggers {
            if profile.trigger_word(*trigger) != word {
                wrong.push(format!("{name}: {trigger:?} is {}, not {word}", profile.trigger_word(*trigger)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A way from the capture to the profile, without a file of messages.
#[test]
fn captures_are_learnt_by_their_ids_and_the_secret_is_printed_nowhere() {
    let [secret, unknown] = ["canary-4b1d", "canary-77aa"];
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("secret"), secret).unwrap();
    fs::write(folder.path().join("unknown"), unknown).unwrap();
    let receiver = Receiver::start_in(
        folder.path(),
        r#"
            [[endpoint]]
            path = "/known"
            authentication = { type = "client-secret", secret = "file:secret" }
            capture = true
            [[endpoint]]
            path = "/unknown"
            capture = true
        "#,
        &[],
    );
    let envelope = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/envelopes/nested-data");
    let mut ids = BTreeMap::<&str, Vec<String>>::new();
    for (path, secret) in [("/known", secret), ("/unknown", unknown)] {
        for file in messages(&envelope) {
            let body = fs::read_to_string(file).unwrap().replace("<client-secret>", secret);
            let answer = answer(receiver.address, post(path, "", body));
            ids.entry(path).or_default().push(answer.json()["id"].as_str().unwrap().to_owned());
        }
    }
    let steps = ["--step", "Onboarding request", "--step", "Manager approval"];
    let reference = format!("file:{}", folder.path().join("unknown").display());
    for (path, more) in [("/known", vec![]), ("/unknown", vec!["--client-secret", &reference])] {
        let words: Vec<&str> =
            ["learn"].into_iter().chain(ids[path].iter().map(String::as_str)).chain(steps).chain(more).collect();
        let text = shown(&receiver.command(&words));
        assert!(text.starts_with("exit 0"), "{path}: {text}");
        assert!(text.contains("clientSecret = \"/data/clientSecret\"\n"), "{path}: {text}");
        assert!(!text.contains("canary"), "{path}: {text}");
    }
    // Without the secret only its name speaks for the place, and that is said.
    let words: Vec<&str> =
        ["learn"].into_iter().chain(ids["/unknown"].iter().map(String::as_str)).chain(steps).collect();
    let text = shown(&receiver.command(&words));
    assert!(text.contains("clientSecret = \"/data/clientSecret\"  # low confidence\n"), "{text}");
    assert!(!text.contains("canary"), "{text}");

    let exported = receiver.command(&["messages", "export"]);
    fs::write(folder.path().join("exported.jsonl"), exported.stdout).unwrap();
    let files = ["exported.jsonl", "data/captures.jsonl"].map(|file| folder.path().join(file));
    let names = steps.map(str::to_owned);
    let text =
        shown(&learn(folder.path(), &files, &[names[1].clone(), names[3].clone()], &["--client-secret", &reference]));
    assert!(text.starts_with("exit 0\nRead 4 messages.\n"), "{text}");
}

#[test]
fn the_schema_takes_the_messages_and_holds_none_of_their_values() {
    for (name, folder, expected) in envelopes().into_iter().filter(|(_, _, expected)| expected.exit == 0) {
        let working = TempDir::new().unwrap();
        learn(working.path(), &messages(&folder), &expected.step, &["--out", "."]);
        let text = fs::read_to_string(working.path().join("envelope.schema.json")).unwrap();
        let validator = jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
        for file in messages(&folder) {
            let message: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            let errors: Vec<String> = validator.iter_errors(&message).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{name}: {errors:?}");
            for role in ["flowIdentifier", "stepIdentifier"] {
                let value = message.pointer(&expected.roles[role]).unwrap().as_str().unwrap();
                assert!(!text.contains(value), "{name}: {value}");
            }
            let mut less = message.clone();
            *less.pointer_mut(&expected.roles["flowIdentifier"]).unwrap() = 1.into();
            assert!(!validator.is_valid(&less), "{name}");
        }
        if name == "nested-data" {
            insta::assert_snapshot!("envelope_schema_of_nested_data", text);
        }
    }
}

#[test]
fn mistakes_of_the_command_line_are_said_with_the_way_out() {
    let working = TempDir::new().unwrap();
    fs::write(working.path().join("text.json"), "no JSON").unwrap();
    fs::write(working.path().join("empty.json"), "").unwrap();
    fs::write(working.path().join("object.json"), "{}").unwrap();
    let file = |name: &str| vec![PathBuf::from(name)];
    let step = ["S".to_owned()];
    let mut text = String::new();
    for (case, messages, more) in [
        ("no such file", file("none.json"), &[][..]),
        ("no data", file("01a2"), &[]),
        ("no JSON", file("text.json"), &[]),
        ("empty", file("empty.json"), &[]),
        ("an empty object", file("object.json"), &[]),
        ("a secret itself", file("object.json"), &["--client-secret", "canary-5f"]),
        ("no secret there", file("object.json"), &["--client-secret", "env:NO_SUCH_VARIABLE_HERE"]),
    ] {
        let shown = shown(&learn(working.path(), &messages, &step, more));
        assert!(!shown.starts_with("exit 0") && !shown.contains("canary"), "{case}: {shown}");
        text.push_str(&format!("# {case}\n{shown}\n"));
    }
    insta::assert_snapshot!("learn_mistakes", text);
}
