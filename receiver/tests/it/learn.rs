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
            let said = text.lines().any(|line| line.trim().starts_with(role.as_str()) && line.contains("required"));
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
