//! `webhook-sender replay` and `deliveries`: kept messages come back byte for byte, and what is said of them is true.

mod stopped;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::AtomicUsize,
};

use schemas::Profile;
use sender::{
    credentials::CredentialReference,
    replay::{Replay, Selection, Source, SourceError},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::{
    Run,
    help::snapshot,
    run,
    support::counting::{Counting, Reply},
    webhook_sender,
};

/// With a quote and a backslash, which JSON escapes.
const CANARY: &str = "canary-5f1b\"\\";

/// Waits of milliseconds, so that no test lasts long.
const QUICK: [&str; 4] = ["--backoff", "1ms", "--max-backoff", "2ms"];

/// A folder for a test: its outbox, its files, and a secret.
pub(crate) struct Desk(TempDir);

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = Self(TempDir::new().unwrap());
        desk.file("secret", CANARY.as_bytes());
        desk
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = PathBuf::from(self.path(name));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        self.path(name)
    }

    fn secret(&self) -> String {
        format!("file:{}", self.path("secret"))
    }

    pub(crate) fn replay(&self, from: &str, to: &str) -> assert_cmd::Command {
        let mut command = webhook_sender();
        command.args(["replay", "--from", from, "--to", to, "--data", &self.path("outbox")]).args(QUICK);
        command
    }

    pub(crate) fn deliveries(&self, subcommand: &[&str]) -> assert_cmd::Command {
        let mut command = webhook_sender();
        command.arg("deliveries").args(subcommand).args(["--data", &self.path("outbox")]);
        command
    }

    fn listed(&self) -> Vec<Value> {
        let listed = run(&mut self.deliveries(&["list", "--output", "json", "-n", "100000"]));
        assert_eq!(listed.code, Some(0), "{}", listed.stderr);
        serde_json::from_str(&listed.stdout).unwrap()
    }
}

/// A line as `webhook-receiver messages export` writes it.
pub(crate) fn line(flow: &str, body: &str, secret_at: Option<usize>) -> String {
    let mut line = json!({
        "id": "01990c2e-7d5f-7000-8000-000000000000", "receivedAt": "2026-11-24T08:00:00.123456Z", "endpoint": "crm",
        "peer": "192.0.2.7", "trigger": "stepCompleted", "flow": flow, "step": "Form",
    });
    if let Some(at) = secret_at {
        line["secretAt"] = at.into();
    }
    line["body"] = body.into();
    line.to_string() + "\n"
}

pub(crate) fn ok(command: &mut assert_cmd::Command) -> Run {
    let done = run(command);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    done
}

#[test]
fn exported_lines_come_back_byte_for_byte_with_the_secret_at_its_place() {
    // Literal, so that no code of ours writes what is read here.
    let export = concat!(
        r#"{"id":"01990c2e-7d5f-7000-8000-000000000000","receivedAt":"2026-11-24T08:00:00.123456Z","endpoint":"crm","peer":"192.0.2.7","trigger":"stepCompleted","flow":"FLOW-604","step":"New Customer (Debtor) Form","secretAt":19,"body":"{ \"clientSecret\" : \"\",\r\n\t\"n\":1.50e2, \"Zo\u00eb\":\"\\u00e9\" }\n"}"#,
        "\n",
        r#"{"id":"01990c2e-7d5f-7000-8000-000000000001","receivedAt":"2026-11-24T08:00:01Z","endpoint":"crm","secretAt":8,"body":"{\"own\": \"\", \"clientSecret\":\"none of ours\"}"}"#,
        "\r\n\n",
    );
    let (desk, endpoint) = (Desk::new(), Counting::taking());
    let export = desk.file("export.jsonl", export);
    ok(desk.replay(&export, &endpoint.url("/hook")).args(["--client-secret", &desk.secret(), "--concurrency", "1"]));
    let expected = [
        "{ \"clientSecret\" : \"canary-5f1b\\\"\\\\\",\r\n\t\"n\":1.50e2, \"Zo\u{eb}\":\"\\u00e9\" }\n",
        "{\"own\": \"canary-5f1b\\\"\\\\\", \"clientSecret\":\"none of ours\"}",
    ];
    assert_eq!(endpoint.bodies(), expected);
    let request = &endpoint.requests()[0];
    assert_eq!(request.path, "/hook");
    assert!(request.head.contains("\r\ncontent-type: application/json\r\n"), "{}", request.head);
    assert!(!request.head.contains("authorization"), "{}", request.head);
}

#[test]
fn raw_bodies_come_from_a_file_a_folder_or_standard_input() {
    let (desk, endpoint) = (Desk::new(), Counting::taking());
    let placeholder = "{\n\n \"b\": 1.0, \"clientSecret\": \"<client-secret>\" }\n";
    let filled = placeholder.replace("<client-secret>", "canary-5f1b\\\"\\\\");
    let file = desk.file("one.json", placeholder);
    desk.file("folder/b.json", r#"{"n":2}"#);
    desk.file("folder/a.json", r#"{ "n": 1 }"#);
    desk.file("folder/notes.txt", "no message");
    let secret = ["--client-secret".to_owned(), desk.secret()];
    ok(desk.replay(&file, &endpoint.url("/")).args(&secret));
    ok(desk.replay("-", &endpoint.url("/")).args(&secret).write_stdin(placeholder));
    ok(desk.replay(&desk.path("folder"), &endpoint.url("/")).args(["--concurrency", "1"]));
    ok(desk
        .replay("-", &endpoint.url("/"))
        .args(["--concurrency", "1"])
        .write_stdin(line("F", "{}", None) + &line("F", "{ }", None)));
    let expected = [&filled, &filled, r#"{ "n": 1 }"#, r#"{"n":2}"#, "{}", "{ }"];
    assert_eq!(endpoint.bodies(), expected);
}

#[test]
fn the_credentials_are_those_that_are_given() {
    let (desk, endpoint) = (Desk::new(), Counting::taking());
    let export = desk.file("export.jsonl", line("F", r#"{"a":1,"clientSecret":""}"#, Some(22)));
    let password = ["--username", "jo", "--password"];
    ok(desk.replay(&export, &endpoint.url("/")).args(password).arg(desk.secret()));
    let without = ok(&mut desk.replay(&export, &endpoint.url("/")));
    assert!(without.stderr.contains("1 of the messages had a client secret"), "{}", without.stderr);
    let export = desk.file("without.jsonl", line("F", r#"{"a":1}"#, None));
    ok(desk.replay(&export, &endpoint.url("/")).args(["--client-secret", &desk.secret()]));
    let expected = [r#"{"a":1}"#, r#"{"a":1}"#, r#"{"a":1,"clientSecret":"canary-5f1b\"\\"}"#];
    assert_eq!(endpoint.bodies(), expected);
    let heads: Vec<String> = endpoint.requests().into_iter().map(|request| request.head).collect();
    // base64 of jo:canary-5f1b"\
    assert!(heads[0].contains("\r\nauthorization: basic am86Y2FuYXJ5LTVmMWIiXA==\r\n"), "{}", heads[0]);
    assert!(!heads[1].contains("authorization") && !heads[2].contains("authorization"));
}

#[test]
fn only_what_is_asked_for_is_sent() {
    let (desk, endpoint) = (Desk::new(), Counting::taking());
    let other = line("FLOW-2", r#"{"n":2}"#, None).replace("08:00:00", "09:00:00").replace("crm", "erp");
    let export =
        desk.file("export.jsonl", line("FLOW-1", r#"{"n":1}"#, None) + &other.replace("stepCompleted", "stepCreated"));
    for (arguments, expected) in [
        (["--flow", "FLOW-1"], 1),
        (["--endpoint", "erp"], 2),
        (["--since", "2026-11-24T08:30:00Z"], 2),
        (["--until", "2026-11-24T08:30:00Z"], 1),
        (["--trigger", "step-created"], 2),
    ] {
        ok(desk.replay(&export, &endpoint.url("/")).args(arguments));
        assert_eq!(endpoint.bodies().last().unwrap(), &format!("{{\"n\":{expected}}}"), "{arguments:?}");
    }
    assert_eq!(endpoint.requests().len(), 5);
    let nothing = ok(desk.replay(&export, &endpoint.url("/")).args(["--step", "no such"]));
    assert!(nothing.stderr.contains("nothing to send"), "{}", nothing.stderr);
    let dry = ok(desk.replay(&export, &endpoint.url("/")).args(["--flow", "FLOW-1", "--dry-run"]));
    assert!(dry.stdout.starts_with("1 message would be sent to http://127.0.0.1:"), "{}", dry.stdout);
    assert_eq!(endpoint.requests().len(), 5);
}

#[test]
fn deliveries_are_shown_as_they_are() {
    let desk = Desk::new();
    let answers = [503, 503, 200, 410];
    let next = AtomicUsize::new(0);
    let flaky = Counting::new(move |_, _| {
        let number = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Reply::Status(answers[number.min(3)], format!("answer {number}"))
    });
    let silent = Counting::new(|_, _| Reply::Silence);
    let lines: String =
        ["one", "two", "three"].iter().map(|n| line("FLOW-604", &format!("{{\"n\":\"{n}\"}}"), None)).collect();
    let three = desk.file("three.jsonl", lines);
    let one = desk.file("one.jsonl", line("FLOW-7", r#"{"clientSecret":"","webhook":{"name":"Notify"}}"#, Some(16)));
    snapshot(
        "replay_flaky",
        desk.replay(&three, &flaky.url("/hooks/flowingly?code=s3cret")).args(["--concurrency", "1"]),
    );
    let mut hanging = desk.replay(&one, &silent.url("/hooks/flowingly"));
    hanging.args(["--timeout", "100ms", "--attempts", "2", "--client-secret", &desk.secret()]);
    snapshot("replay_silent", &mut hanging);
    assert_eq!((flaky.requests().len(), silent.requests().len()), (4, 2));

    snapshot("deliveries_list", &mut desk.deliveries(&["list"]));
    snapshot("deliveries_list_failed", &mut desk.deliveries(&["list", "--status", "failed", "--flow", "FLOW-7"]));
    snapshot("deliveries_show_delivered", &mut desk.deliveries(&["show", "1"]));
    snapshot("deliveries_show_silent", &mut desk.deliveries(&["show", "4"]));
    snapshot("deliveries_show_json", &mut desk.deliveries(&["show", "2", "--output", "json"]));
    snapshot("deliveries_discard", &mut desk.deliveries(&["discard", "3", "--reason", "sent by hand"]));
    snapshot("deliveries_show_discarded", &mut desk.deliveries(&["show", "3"]));
    let mut retry = desk.deliveries(&["retry", "--failed", "--timeout", "100ms", "--attempts", "1"]);
    snapshot("deliveries_retry_failed", &mut retry);
    assert_eq!(desk.listed().len(), 4, "nothing is lost");
}

#[test]
fn dead_letters_are_delivered_when_they_are_tried_again() {
    let desk = Desk::new();
    let endpoint = Counting::new(|number, _| Reply::Status(if number < 2 { 422 } else { 204 }, String::new()));
    let export = desk.file("export.jsonl", line("F", r#"{"n":1}"#, None) + &line("F", r#"{"n":2}"#, None));
    let first = run(&mut desk.replay(&export, &endpoint.url("/")));
    assert_eq!(first.code, Some(1), "{}{}", first.stdout, first.stderr);
    let again = ok(&mut desk.deliveries(&["retry", "2"]));
    assert!(again.stdout.starts_with("tried 1 message: 1 delivered\n"), "{}", again.stdout);
    ok(&mut desk.deliveries(&["retry", "--failed"]));
    assert_eq!(endpoint.bodies(), [r#"{"n":1}"#, r#"{"n":2}"#, r#"{"n":2}"#, r#"{"n":1}"#]);
    let nothing = ok(&mut desk.deliveries(&["retry"]));
    assert_eq!(nothing.stdout, "nothing to deliver\n");
}

#[test]
fn what_cannot_be_used_is_reported_and_nothing_is_sent() {
    let (desk, endpoint) = (Desk::new(), Counting::taking());
    let bad = [
        line("F", r#"{"n":1}"#, None),
        line("F", r#"{"clientSecret":"canary"}"#, Some(5)),
        "{\"id\":\"01990c2e-7d5f-7000-8000-000000000000\",\"receivedAt\":\"2026-11-24T0\n".to_owned(),
        "{\"receivedAt\":\"2026-11-24T08:00:00Z\",\"body\":\"{}\"}\n".to_owned(),
        line("F", "no JSON", None),
        line("F", r#"{"n":2}"#, None),
    ];
    let export = desk.file("export.jsonl", bad.concat());
    let to = endpoint.url("/");
    snapshot("replay_bad_lines", &mut desk.replay(&export, &to));
    assert_eq!(endpoint.requests().len(), 0);
    let stdin = run(desk.replay("-", &to).write_stdin(bad.concat()));
    assert_eq!(stdin.code, Some(2));
    assert!(stdin.stderr.contains("standard input:3: "), "{}", stdin.stderr);
    assert_eq!(endpoint.requests().len(), 0);
    assert_eq!(desk.listed().len(), 0, "nothing was taken in");
    snapshot("replay_skip_bad", desk.replay(&export, &to).args(["--skip-bad", "--concurrency", "1"]));
    assert_eq!(endpoint.bodies(), [r#"{"n":1}"#, r#"{"n":2}"#]);
}

#[test]
fn errors() {
    let (desk, to) = (Desk::new(), "http://127.0.0.1:9/");
    snapshot("deliveries_error_no_outbox", &mut desk.deliveries(&["list"]));
    let export = desk.file("export.jsonl", line("F", "{}", None));
    let raw = desk.file("raw.json", "{}");
    desk.file("receiver/lock", "");
    desk.file("receiver/log/00000000000000000000.log", "");
    desk.file("empty/notes.txt", "");
    let (receiver, segment, empty) =
        (desk.path("receiver"), desk.path("receiver/log/00000000000000000000.log"), desk.path("empty"));
    for (name, from, arguments) in [
        ("replay_error_receiver_folder", receiver.as_str(), [].as_slice()),
        ("replay_error_receiver_log", &desk.path("receiver/log"), &[]),
        ("replay_error_receiver_segment", &segment, &[]),
        ("replay_error_empty_folder", &empty, &[]),
        ("replay_error_no_file", "no-such.jsonl", &[]),
        ("replay_error_since_of_raw", &raw, &["--since", "2026-11-24T08:00:00Z"]),
        ("replay_error_since_without_zone", &export, &["--since", "2026-11-24T08:00"]),
        ("replay_error_since_after_until", &export, &["--since", "2026-11-24", "--until", "2026-11-23"]),
        ("replay_error_prompt", &export, &["--client-secret", "prompt"]),
        ("replay_error_literal_secret", &export, &["--client-secret", "canary"]),
        ("replay_error_no_variable", &export, &["--client-secret", "env:NOT_SET_ANYWHERE"]),
        ("replay_error_policy", &export, &["--attempts", "0"]),
    ] {
        snapshot(name, desk.replay(from, to).args(arguments));
    }
    snapshot("replay_error_url_reference", &mut desk.replay(&export, "env:NOT_SET_ANYWHERE"));
    ok(&mut desk.replay(&export, &Counting::taking().url("/")));
    for (name, subcommand) in [
        ("deliveries_error_no_delivery", ["show", "7"].as_slice()),
        ("deliveries_error_retry_delivered", &["retry", "1"]),
        ("deliveries_error_discard_delivered", &["discard", "1"]),
        ("deliveries_error_discard_nothing", &["discard"]),
    ] {
        snapshot(name, &mut desk.deliveries(subcommand));
    }
}

#[test]
fn a_secret_that_an_endpoint_echoes_is_kept_nowhere() {
    let desk = Desk::new();
    let endpoint = Counting::new(|_, arrived| {
        Reply::Status(422, format!("{}{}", arrived.head, String::from_utf8_lossy(&arrived.body)))
    });
    let export = desk.file("export.jsonl", line("F", r#"{"clientSecret":""}"#, Some(16)));
    let url = desk.file("url", endpoint.url("/hook?sig=canary-7a"));
    let to = format!("file:{url}");
    let mut said = Vec::new();
    for credentials in
        [["--client-secret", &desk.secret()].as_slice(), &["--username", "jo", "--password", &desk.secret()]]
    {
        said.push(run(desk.replay(&export, &to).args(credentials)));
    }
    for subcommand in [["list"].as_slice(), &["show", "1"], &["show", "2"], &["show", "2", "--output", "json"]] {
        said.push(run(&mut desk.deliveries(subcommand)));
    }
    assert!(endpoint.requests()[0].path.contains("canary-7a") && endpoint.bodies()[0].contains("canary-5f1b"));
    for said in &said {
        assert!(!said.stdout.contains("canary") && !said.stderr.contains("canary"), "{}{}", said.stdout, said.stderr);
    }
    for entry in fs::read_dir(desk.path("outbox")).unwrap() {
        let file = fs::read(entry.unwrap().path()).unwrap();
        for secret in ["canary", "am86Y2FuYXJ5LTVmMWIiXA==", "Y2FuYXJ5LTVmMWIiXA=="] {
            assert!(!file.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
        }
    }
}
