//! `webhook-sender load`: what arrives, when, and what is told of it.

use std::{
    collections::HashSet,
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use insta::{Settings, assert_snapshot};
use rustix::process::{Pid, Signal, kill_process};
use schemas::Sample;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    Run, run,
    support::endpoint::nobody,
    support::server::{Answering, Server},
    webhook_sender,
};

const SAMPLE: &str = "step-completed-customer-set-up";

fn load(url: &str, arguments: &[&str]) -> Run {
    run(webhook_sender().args(["load", "--to", url]).args(arguments).env("SECRET", "canary-5f1b"))
}

fn summary(url: &str, arguments: &[&str]) -> (Option<i32>, Value) {
    let run = load(url, &[arguments, &["--output", "json"]].concat());
    assert_eq!(run.stderr, "");
    (run.code, serde_json::from_str(&run.stdout).unwrap())
}

#[test]
fn a_rate_sends_just_as_many_as_are_due() {
    for (rate, duration, connections, expected) in
        [("200/s", "500ms", "4", 100), ("7/s", "1s", "1", 7), ("600/m", "1s", "16", 10), ("1/s", "200ms", "3", 1)]
    {
        let server = Server::start(Answering::ok());
        let arguments = ["--rate", rate, "--duration", duration, "--connections", connections];
        let (code, summary) = summary(&server.url(), &arguments);
        assert_eq!(code, Some(0), "{rate}: {summary}");
        assert_eq!(summary["answered"], expected, "{rate}: {summary}");
        assert_eq!(summary["statuses"]["200"], expected, "{rate}");
        assert_eq!(server.requests().len(), expected, "{rate}");
    }
}

#[test]
fn at_full_speed_all_that_arrives_is_counted() {
    let server = Server::start(Answering::ok());
    let arguments = ["--max", "--duration", "300ms", "--connections", "5", "--threads", "2", "--sample", SAMPLE];
    let (code, summary) = summary(&server.url(), &arguments);
    assert_eq!(code, Some(0), "{summary}");
    let requests = server.requests();
    assert!(requests.len() > 5, "each connection carries more than one request");
    assert_eq!(summary["answered"], requests.len());
    assert_eq!(server.connections(), 5);
    let sample = Sample::find(SAMPLE).unwrap().body;
    assert!(requests.iter().all(|request| request.body == sample));
    assert_eq!(summary["sentBytes"], requests.len() * sample.len());
    assert_eq!(summary["receivedBytes"], requests.len() * 2);
}

#[test]
fn the_warm_up_is_sent_and_not_counted() {
    let server = Server::start(Answering::ok());
    let arguments = ["--rate", "100/s", "--duration", "200ms", "--warm-up", "300ms"];
    let (_, summary) = summary(&server.url(), &arguments);
    assert_eq!((&summary["answered"], server.requests().len()), (&Value::from(20), 50));
}

#[test]
fn answers_are_counted_by_status() {
    let server = Server::start(Answering::ok().every(4, "503 Service Unavailable"));
    let (code, summary) = summary(&server.url(), &["--rate", "200/s", "--duration", "200ms"]);
    assert_eq!(code, Some(1));
    assert_eq!(summary["statuses"], serde_json::json!({"200": 30, "503": 10}));
    assert_eq!((&summary["answered"], &summary["accepted"]), (&40.into(), &30.into()));
}

#[test]
fn a_stall_is_felt_by_every_request_that_was_due_meanwhile() {
    // One connection, and one stall of 400 ms in a second. A load generator that waits for answers sees one slow
    // request. Due every 5 ms, 80 were due meanwhile, and the last of them waited least.
    let server = Server::start(Answering::ok().stalling_once(20, Duration::from_millis(400)));
    let arguments = ["--rate", "200/s", "--duration", "1s", "--connections", "1"];
    let (code, summary) = summary(&server.url(), &arguments);
    assert_eq!((code, &summary["answered"]), (Some(0), &200.into()));
    let of = |times: &str, what: &str| summary[times][what].as_u64().unwrap();
    assert!(of("serviceUs", "max") >= 400_000, "{summary}");
    assert!(of("serviceUs", "p90") < 200_000, "{summary}");
    // One in a hundred are two, and two waited for all but 10 ms of it; one in ten for all but 100 ms.
    assert!(of("latencyUs", "p99") >= 385_000, "{summary}");
    assert!(of("latencyUs", "p90") >= 295_000, "{summary}");
}

#[test]
fn an_endpoint_that_hangs_leaves_a_line() {
    let server = Server::start(Answering::hanging());
    let arguments = ["--rate", "20/s", "--duration", "300ms", "--connections", "2", "--seed", "7"];
    snapshot("load_hanging", &load(&server.url(), &arguments));

    let server = Server::start(Answering::hanging());
    let arguments = ["--rate", "20/s", "--duration", "300ms", "--connections", "2", "--timeout", "400ms"];
    let (code, counted) = summary(&server.url(), &arguments);
    // Two at a time run out of time, until the grace is over as well.
    assert_eq!((code, counted["failures"]["timeout"].as_u64()), (Some(3), Some(6)), "{counted}");
    assert!(counted["latencyUs"]["p50"].as_u64().unwrap() > 500_000, "they had waited in the line: {counted}");

    let server = Server::start(Answering::hanging());
    let arguments = ["--max", "--duration", "200ms", "--connections", "2", "--timeout", "300ms"];
    let (code, summary) = summary(&server.url(), &arguments);
    assert_eq!((code, &summary["failures"]), (Some(3), &serde_json::json!({"timeout": 2})));
}

#[test]
fn a_connection_that_the_endpoint_ends_is_opened_again() {
    let server = Server::start(Answering::ok().closing());
    let (code, summary) = summary(&server.url(), &["--rate", "100/s", "--duration", "300ms", "--connections", "2"]);
    assert_eq!((code, &summary["accepted"]), (Some(0), &30.into()), "{summary}");
    assert!(server.connections() >= 30);

    // Without a word that it will: what was not sent over the one is sent over another.
    let server = Server::start(Answering::ok().closing_silently());
    let arguments = ["--rate", "50/s", "--duration", "300ms", "--connections", "1"];
    let (_, summary) = self::summary(&server.url(), &arguments);
    // Every second one would fail if the end were not noticed. On a busy machine a few are sent before it can be.
    assert!(summary["accepted"].as_u64().unwrap() > 8, "{summary}");
    assert_eq!(server.requests().len(), summary["accepted"], "none is sent twice");

    let server = Server::start(Answering::ok().dropping(3));
    let (code, summary) = self::summary(&server.url(), &["--rate", "100/s", "--duration", "300ms"]);
    assert_eq!((code, &summary["answered"]), (Some(1), &20.into()), "{summary}");
    assert_eq!(summary["failures"], serde_json::json!({"connection-closed": 10}));
}

#[test]
fn a_seed_gives_the_same_bodies() {
    let bodies = |seed: &str| {
        let server = Server::start(Answering::ok());
        // Over one connection they arrive in order.
        load(&server.url(), &["--rate", "300/s", "--duration", "200ms", "--connections", "1", "--seed", seed]);
        server.requests().into_iter().map(|request| request.body).collect::<Vec<_>>()
    };
    let first = bodies("7");
    assert_eq!(first.len(), 60);
    assert_eq!(first, bodies("7"));
    assert_ne!(first, bodies("8"));
    assert_eq!(first.iter().collect::<HashSet<_>>().len(), 60, "no two are equal");
}

#[test]
fn a_model_gives_every_kind_of_its_messages() {
    let server = Server::start(Answering::ok());
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/purchase.toml");
    let arguments = ["--rate", "300/s", "--duration", "1s", "--seed", "7", "--model", model];
    let (code, summary) = summary(&server.url(), &arguments);
    assert_eq!((code, &summary["accepted"]), (Some(0), &300.into()), "{summary}");
    let messages: Vec<Value> =
        server.requests().iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect();
    assert!(messages.iter().all(|message| message["flow"]["name"] == "Purchase"));
    let webhooks: HashSet<&str> = messages.iter().map(|message| message["webhook"]["name"].as_str().unwrap()).collect();
    assert_eq!(webhooks.len(), 5, "{webhooks:?}");
    let flows: HashSet<&str> =
        messages.iter().map(|message| message["flow"]["flowIdentifier"].as_str().unwrap()).collect();
    assert_eq!(flows.len(), 300);
}

#[test]
fn the_bodies_of_a_folder_take_turns() {
    let folder = TempDir::new().unwrap();
    for (name, body) in [("b.json", "{\"b\": 2 }"), ("a.json", "{ \"a\":1}"), ("c.txt", "no message")] {
        fs::write(folder.path().join(name), body).unwrap();
    }
    let server = Server::start(Answering::ok());
    let from = folder.path().to_str().unwrap();
    let said = load(&server.url(), &["--rate", "100/s", "--duration", "50ms", "--connections", "1", "--from", from]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let bodies: Vec<_> =
        server.requests().into_iter().map(|request| String::from_utf8(request.body).unwrap()).collect();
    assert_eq!(bodies, ["{ \"a\":1}", "{\"b\": 2 }", "{ \"a\":1}", "{\"b\": 2 }", "{ \"a\":1}"]);
}

#[test]
fn credentials_go_to_the_endpoint_and_nowhere_else() {
    for (arguments, header) in [
        (["--client-secret", "env:SECRET"].as_slice(), None),
        (&["--username", "jo", "--password", "env:SECRET"], Some("authorization: basic am86Y2FuYXJ5LTVmMWI=")),
    ] {
        for form in ["human", "json"] {
            let server = Server::start(Answering::ok().every(2, "403 Forbidden").echoing());
            let rest = ["--rate", "100/s", "--duration", "100ms", "--output", form];
            let said = load(&server.url(), &[arguments, &rest].concat());
            assert_eq!(said.code, Some(1), "{}", said.stderr);
            let told = said.stdout + &said.stderr;
            assert!(!told.contains("canary") && !told.contains("am86"), "{told}");
            assert!(!told.contains('\u{1b}'), "nobody is looking: {told}");
            for request in server.requests() {
                let body: Value = serde_json::from_slice(&request.body).unwrap();
                match header {
                    Some(header) => assert!(request.head.contains(header), "{}", request.head),
                    None => assert_eq!(body["clientSecret"], "canary-5f1b"),
                }
            }
        }
    }
}

#[test]
fn an_interrupt_ends_it_early_and_the_summary_is_still_printed() {
    let server = Server::start(Answering::ok());
    let child = Command::new(env!("CARGO_BIN_EXE_webhook-sender"))
        .args(["load", "--to", &server.url(), "--rate", "100/s", "--duration", "10m", "--output", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    server.wait_for(10);
    let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["interrupted"], true);
    assert_eq!(summary["answered"], server.requests().len());
}

/// Checks what is said under a name, with the numbers that change put away.
fn snapshot(name: &str, said: &Run) {
    let mut settings = Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.add_filter(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT");
    settings.add_filter(r" *\d[\d.]* (ms|s)\b", " TIME");
    settings.add_filter(r#""(p50|p90|p99|p999|max|mean)":[\d.]+"#, r#""$1":0"#);
    settings.add_filter(r"[\d.]+/s answered", "RATE answered");
    settings.add_filter(r#""achievedRate":[\d.]+"#, r#""achievedRate":0"#);
    settings.add_filter(r"\d+ bytes received", "N bytes received");
    settings.bind(|| {
        let code = said.code.unwrap();
        assert_snapshot!(
            name,
            format!("exit {code}\n----- stdout -----\n{}----- stderr -----\n{}", said.stdout, said.stderr)
        );
    });
}

#[test]
fn the_words() {
    let server = || Server::start(Answering::ok());
    let rate = ["--rate", "100/s", "--duration", "200ms", "--seed", "7"];
    let json = ["--output", "json"];
    snapshot("load_rate", &load(&server().url(), &rate));
    snapshot("load_rate_json", &load(&server().url(), &[rate.as_slice(), &json].concat()));
    let mixed = Server::start(Answering::ok().every(4, "503 Service Unavailable").dropping(5));
    snapshot("load_mixed", &load(&mixed.url(), &rate));
    snapshot("load_refused", &load(&nobody(), &rate));
    snapshot("load_refused_json", &load(&nobody(), &[rate.as_slice(), &json].concat()));
}

#[test]
fn misuse() {
    let empty = TempDir::new().unwrap();
    let empty = empty.path().to_str().unwrap();
    let file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    fs::write(file.path(), "[1]").unwrap();
    let file = file.path().to_str().unwrap();
    for (name, url, arguments) in [
        ("load_no_pace", "http://127.0.0.1:9/", ["--duration", "1s"].as_slice()),
        ("load_two_paces", "http://127.0.0.1:9/", &["--max", "--rate", "5/s"]),
        ("load_no_rate", "http://127.0.0.1:9/", &["--rate", "5/h"]),
        ("load_rate_too_fast", "http://127.0.0.1:9/", &["--rate", "2000000/s"]),
        ("load_empty_folder", "http://127.0.0.1:9/", &["--max", "--from", empty]),
        (
            "load_no_place_for_secret",
            "http://127.0.0.1:9/",
            &["--max", "--from", file, "--client-secret", "env:SECRET"],
        ),
        ("load_address", "http://[::ffff:169.254.169.254]/", &["--max"]),
        ("load_plaintext", "http://hooks.example.com/", &["--max", "--username", "jo", "--password", "env:SECRET"]),
    ] {
        let mut said = load(url, arguments);
        assert_eq!(said.code, Some(2), "{name}");
        said.stderr = said.stderr.replace(empty, "FOLDER").replace(file, "FILE");
        snapshot(name, &said);
    }
}
