//! The relay for its operator: status, dead letters and retries, and no secret in any output.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{SIG, SOON, endpoint, folder, message, send, shown, to_http, to_teams};
use crate::support::{
    program::Receiver,
    raw_client::{PATIENCE, answer},
    teams::{Reply, Teams},
};

fn status(receiver: &Receiver) -> Value {
    let output = receiver.command(&["relay", "status", "--output", "json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Waits until the status fulfils a condition.
pub(super) fn until(receiver: &Receiver, is_reached: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let status = status(receiver);
        if is_reached(&status) {
            return status;
        }
        assert!(began.elapsed() < PATIENCE, "{status:#}");
    }
}

fn said(receiver: &Receiver, arguments: &[&str]) -> String {
    let output = receiver.command(arguments);
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("exit {}\n{text}", output.status.code().unwrap())
}

#[test]
fn what_was_given_up_is_shown_and_comes_back() {
    let is_open = Arc::new(AtomicBool::new(false));
    let opened = is_open.clone();
    let teams = Teams::start(move |_, _| match opened.load(Ordering::Relaxed) {
        true => Reply::accepted(),
        false => Reply::Answer(404, String::new(), "{\"error\":{\"code\":\"WorkflowNotFound\"}}".to_owned()),
    });
    let folder = folder(&teams);
    let receiver = Receiver::start_in(folder.path(), &endpoint(&to_teams("rate = \"100/s\"")), &[]);
    let nothing = said(&receiver, &["relay", "status"]);
    let id = send(&receiver, &message("FLOW-1", 1));
    let other = send(&receiver, &message("FLOW-2", 2));
    let status = until(&receiver, |status| status["destinations"][0]["deadLetters"] == 2);
    assert_eq!(status["readUpTo"], status["logEnd"]);
    assert_eq!(status["deadLetters"][0]["reason"], "refused");
    let members = |value: &Value| value.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>().join(" ");
    assert_eq!(
        [members(&status["destinations"][0]), members(&status["deadLetters"][0])],
        [
            "name endpoint isConfigured waiting oldestWaiting accepted lastAccepted lastFailure deadLetters",
            "id destination endpoint flow receivedAt attempts reason detail",
        ]
    );
    let at = status["destinations"][0]["lastFailure"]["at"].as_str().unwrap();
    let second = format!("{}Z", at.split(['.', 'Z']).next().unwrap());
    let shown = said(&receiver, &["relay", "status"]);
    is_open.store(true, Ordering::Relaxed);
    let told = [
        nothing,
        shown.replace(&id, "ID-1").replace(&other, "ID-2").replace(&second, "TIME"),
        said(&receiver, &["relay", "retry", &id]),
        said(&receiver, &["relay", "retry", &id]).replace(&id, "ID-1"),
        said(&receiver, &["relay", "retry", "teams"]),
        said(&receiver, &["relay", "retry", "--all"]),
        said(&receiver, &["relay", "retry"]),
    ];
    insta::assert_snapshot!("relay_operated", told.join("\n"));
    teams.until_accepted(2);
    let status = until(&receiver, |status| status["destinations"][0]["accepted"] == 2);
    assert_eq!(status["deadLetters"], serde_json::json!([]));
    let metrics = answer(receiver.admin(), "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n");
    let metrics = String::from_utf8(metrics.body).unwrap();
    for line in [
        "webhook_receiver_relay_attempts_total{destination=\"teams\",outcome=\"accepted\"} 2",
        "webhook_receiver_relay_attempts_total{destination=\"teams\",outcome=\"dead\"} 2",
        "webhook_receiver_relay_lag_bytes 0",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[test]
fn a_condition_that_cannot_compare_sends_nothing_and_says_why() {
    let teams = Teams::accepting();
    let when = "when = \"values['T'] > 10000\"";
    let to = endpoint(&(to_http("large", &teams, when) + &to_http("all", &teams, "")));
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::start_in(folder.path(), &to, &[]);
    let with = |flow: &str, value: Value| {
        let mut message: Value = serde_json::from_str(&message(flow, 1)).unwrap();
        message["step"]["fields"] = serde_json::json!([{"name": "T", "type": "Text", "value": value}]);
        message.to_string()
    };
    send(&receiver, &with("FLOW-1", "50".into()));
    send(&receiver, &with("FLOW-2", 50.into()));
    send(&receiver, &with("FLOW-3", 10_001.into()));
    send(&receiver, &message("FLOW-4", 1));
    let status = until(&receiver, |status| {
        let accepted = |index: usize| status["destinations"][index]["accepted"].as_u64().unwrap();
        accepted(0) + accepted(1) == 5
    });
    let letter = &status["deadLetters"][0];
    assert_eq!((&letter["reason"], &letter["destination"]), (&"undecided".into(), &"large".into()), "{status}");
    // The identifier and the time can contain the same digits as the value.
    let detail = letter["detail"].as_str().unwrap();
    assert!(
        detail.contains("cannot compare a text with a number; write `| number`") && !detail.contains("50"),
        "{detail}"
    );
    let got = teams.accepted().into_iter().filter(|got| got.head.starts_with("POST /large "));
    assert_eq!(got.map(|got| shown(&got.text()).1).collect::<Vec<_>>(), ["FLOW-3"]);
}

#[test]
fn what_opens_the_workflow_is_in_no_log_store_page_or_error() {
    // The answer repeats the request, in both spellings.
    let teams = Teams::start(|number, got| {
        let line = got.head.lines().next().unwrap().to_owned();
        let told = format!("{line} {} {}", line.replace("%2B", "+"), line.replace("%2B", "%2b"));
        Reply::Answer([500, 429, 404][number % 3], String::new(), told)
    });
    let folder = folder(&teams);
    let receiver = Receiver::start_in(folder.path(), &endpoint(&to_teams(&format!("{SOON}rate = \"100/s\""))), &[]);
    send(&receiver, &message("FLOW-1", 1));
    until(&receiver, |status| status["destinations"][0]["deadLetters"] == 1);
    let metrics = answer(receiver.admin(), "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n");
    let mut seen = vec![("metrics".to_owned(), metrics.body)];
    for arguments in [&["relay", "status"][..], &["relay", "status", "--output", "json"], &["check-config"]] {
        seen.push((arguments.join(" "), said(&receiver, arguments).into_bytes()));
    }
    receiver.terminate_then(|| files(folder.path(), &mut seen));
    assert!(seen.iter().any(|(name, _)| name.ends_with("relay.sqlite")));
    assert!(seen.iter().any(|(name, _)| name.ends_with("stdout.log")));
    for (name, content) in seen {
        let text = String::from_utf8_lossy(&content);
        for secret in [SIG, &SIG.replace("%2B", "+"), &SIG.replace("%2B", "%2b"), "sig-9f31", "canary-path"] {
            assert!(!text.contains(secret), "{secret} is in {name}: {text}");
        }
    }
}

/// The content of every file except the one with the URL.
fn files(folder: &Path, seen: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, seen);
        } else if !path.ends_with("teams-url") {
            seen.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

#[test]
#[ignore = "needs strace"]
fn a_file_on_a_slow_disk_holds_up_no_other_destination() {
    let teams = Teams::start(|_, _| Reply::accepted());
    let folder = folder(&teams);
    let file = folder.path().join("lines.jsonl");
    fs::write(&file, "").unwrap();
    let lines = "[[endpoint.destination]]\nname = \"lines\"\ntype = \"file\"\npath = \"lines.jsonl\"\n";
    let slow = "inject=fdatasync:delay_enter=5000000";
    let path = file.to_str().unwrap();
    let prefix = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", path, "-e", "trace=fdatasync", "-e", slow];
    let receiver = Receiver::start_in(folder.path(), &endpoint(&(lines.to_owned() + &to_teams(""))), &prefix);
    send(&receiver, &message("FLOW-1", 1));
    teams.until_accepted(1);
    let accepted = |status: &Value, name: &str| {
        let destinations = status["destinations"].as_array().unwrap();
        destinations.iter().find(|it| it["name"] == name).unwrap()["accepted"].clone()
    };
    assert_eq!(accepted(&status(&receiver), "lines"), 0, "the other one waited for it, or the disk was not slow");
    until(&receiver, |status| accepted(status, "lines") == 1);
}
