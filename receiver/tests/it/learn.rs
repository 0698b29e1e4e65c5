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

use crate::support::{
    program::Receiver,
    raw_client::{answer, post},
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

/// A message of a step that is created, after another one, or of one that is completed, with more at the top.
fn captured(created: bool, more: &Value) -> Value {
    let step = |name: &str, fields: Value| serde_json::json!({"name": name, "order": 1, "fields": fields});
    let filled = serde_json::json!([{"name": "Customer", "type": "Text", "value": "Acme"}]);
    let mut message = match created {
        true => {
            serde_json::json!({"step": step("Approve", serde_json::json!([])), "previousStep": step("Form", filled)})
        }
        false => serde_json::json!({"step": step("Form", filled), "previousStep": null}),
    };
    message["flow"] = serde_json::json!({"identifier": "FLOW-1", "number": if created { 7 } else { 8 }});
    message["sentAt"] = if created { 1_764_543_600 } else { 1_764_543_900 }.into();
    message["step"]["order"] = if created { 2 } else { 1 }.into();
    for (name, value) in more.as_object().unwrap() {
        message[name] = value.clone();
    }
    message
}

#[test]
fn a_trigger_that_is_no_text_is_learnt_from_two_captures_that_differ_in_it() {
    use serde_json::json;
    let names = ["Approve".to_owned(), "Form".to_owned()];
    for (case, created, completed, pointer) in [
        ("numbers", json!({"kind": 1}), json!({"kind": 2}), "/kind"),
        ("nought and one", json!({"mode": 0}), json!({"mode": 1}), "/mode"),
        ("a truth", json!({"isNew": true}), json!({"isNew": false}), "/isNew"),
        ("a truth the other way round", json!({"done": false}), json!({"done": true}), "/done"),
        ("decimals", json!({"phase": 1.5}), json!({"phase": 2.5}), "/phase"),
        ("negative", json!({"state": -1}), json!({"state": 1}), "/state"),
        ("named", json!({"event": 10}), json!({"event": 20}), "/event"),
        ("codes of four digits", json!({"code": 2001}), json!({"code": 2002}), "/code"),
        ("a list's id", json!({"typeId": 1}), json!({"typeId": 2}), "/typeId"),
        ("a truth that is called like a number", json!({"firstTime": true}), json!({"firstTime": false}), "/firstTime"),
        (
            "beside numbers of things",
            json!({"ref": 48_213, "at": 1_764_500_000, "mode": 1}),
            json!({"ref": 48_214, "at": 1_764_500_001, "mode": 2}),
            "/mode",
        ),
        ("deep", json!({"meta": {"reason": 3}}), json!({"meta": {"reason": 4}}), "/meta/reason"),
        (
            "beside what counts",
            json!({"attempt": 1, "version": 3, "Kind": 5}),
            json!({"attempt": 2, "version": 4, "Kind": 6}),
            "/Kind",
        ),
    ] {
        let messages = [captured(true, &created), captured(false, &completed)];
        let learned = receiver::learn::learn(&messages, &names);
        let place: schemas::Pointer = pointer.parse().unwrap();
        let Some((profile, text)) = &learned.profile else { panic!("{case}: {:?}", learned.missing) };
        assert_eq!(profile.pointer(Role::Trigger), Some(&place), "{case}: {text}");
        for (trigger, message) in [(Trigger::StepCreated, &messages[0]), (Trigger::StepCompleted, &messages[1])] {
            assert_eq!(Some(profile.trigger_word(trigger)), place.get(message), "{case}: {text}");
        }
        assert_eq!(learned.violations, [], "{case}");
    }
    // What only counts is no trigger: the previous step says what happened.
    let counted = receiver::learn::learn(
        &[captured(true, &json!({"sequence": 1})), captured(false, &json!({"sequence": 2}))],
        &names,
    );
    assert_eq!(counted.profile.unwrap().0.pointer(Role::Trigger), None);
    // Nor is what is the same, or what differs without a previous step.
    for messages in [
        [captured(true, &json!({"kind": 1})), captured(false, &json!({"kind": 1}))],
        [captured(false, &json!({"kind": 1})), captured(false, &json!({"kind": 2}))],
    ] {
        let learned = receiver::learn::learn(&messages, &names);
        assert!(learned.findings.iter().all(|finding| finding.role != Role::Trigger), "{:?}", learned.findings);
    }
}

/// Each of these took minutes when every place was compared with every other.
#[test]
fn captures_of_some_megabytes_are_read_in_one_go() {
    const MANY: usize = 40_000;
    let names = ["Approve".to_owned(), "Form".to_owned()];
    let keyed = |value: fn(usize) -> Value| -> Value {
        (0..MANY).map(|at| (format!("key{at}"), value(at))).collect::<serde_json::Map<_, _>>().into()
    };
    let shapes = [
        ("objects of one key each", (0..MANY).map(|at| serde_json::json!({format!("k{at}"): 1})).collect()),
        ("the step's name everywhere", keyed(|_| "Form".into())),
        ("many collections of fields", keyed(|_| serde_json::json!([{"name": "a", "value": 1, "type": "Text"}]))),
        ("many numbers", keyed(Value::from)),
    ];
    for (case, shape) in shapes {
        let messages =
            [true, false].map(|created| captured(created, &serde_json::json!({"kind": created, "data": shape})));
        let learned = receiver::learn::learn(&messages, &names);
        assert!(learned.findings.iter().any(|finding| finding.role == Role::FlowIdentifier), "{case}");
    }
    // Many captures, each with names of its own.
    let own = |at: usize| (0..200).map(|key| (format!("own{at}-{key}"), key.into())).collect::<serde_json::Map<_, _>>();
    let messages: Vec<Value> =
        (0..500).map(|at| captured(at % 2 == 0, &serde_json::json!({"kind": at % 2, "data": own(at)}))).collect();
    assert!(receiver::learn::learn(&messages, &names).profile.is_some());
}
