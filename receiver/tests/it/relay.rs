//! The relay: every stored message is delivered, however the other side behaves.

mod configured;
mod due;
mod kills;
mod large;
mod logged;
mod operated;
mod passed_on;

use std::{
    collections::HashMap,
    fs,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use schemas::Sample;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    cards::large_message,
    support::program::Receiver,
    support::raw_client::{PATIENCE, answer, post},
    support::teams::{Got, Reply, Teams},
};

/// The signature that gives access to a workflow, as in its URL.
const SIG: &str = "canary%2Bsig-9f31";

/// Retries that a test can wait for.
const SOON: &str = "retry = { attempts = 10000, longest_wait = \"20ms\" }\n";

/// Message `number` of a flow.
fn message(flow: &str, number: usize) -> String {
    let mut message: Value = serde_json::from_slice(Sample::find("step-completed-minimal").unwrap().body).unwrap();
    message["flow"]["flowIdentifier"] = flow.into();
    message["step"]["completedAt"] = format!("2026-11-24T08:{:02}:{:02}Z", number / 60 % 60, number % 60).into();
    message["flow"]["subject"] = format!("number {number} of {flow}").into();
    message.to_string()
}

/// Number and flow of the message in a text.
fn shown(text: &str) -> (usize, String) {
    let (_, rest) = text.split_once("number ").unwrap_or_else(|| panic!("{text}"));
    let (number, rest) = rest.split_once(" of ").unwrap();
    let flow = rest.chars().take_while(|character| character.is_ascii_alphanumeric() || *character == '-');
    (number.parse().unwrap(), flow.collect())
}

/// A folder with the URL of the stand-in in `teams-url`.
fn folder(teams: &Teams) -> TempDir {
    let folder = TempDir::new().unwrap();
    let url = format!("http://{}/workflows/canary-path/invoke?api-version=1&sig={SIG}\n", teams.address);
    fs::write(folder.path().join("teams-url"), url).unwrap();
    folder
}

fn endpoint(destinations: &str) -> String {
    format!("admin = \"127.0.0.1:0\"\n[[endpoint]]\npath = \"/hooks\"\n{destinations}")
}

/// A destination `teams` with more keys.
fn to_teams(more: &str) -> String {
    format!("[[endpoint.destination]]\nname = \"teams\"\ntype = \"teams\"\nurl = \"file:teams-url\"\n{more}\n")
}

fn to_http(name: &str, teams: &Teams, more: &str) -> String {
    let url = format!("http://{}/{name}", teams.address);
    format!("[[endpoint.destination]]\nname = \"{name}\"\ntype = \"http\"\nurl = \"{url}\"\n{SOON}{more}\n")
}

fn send(receiver: &Receiver, body: &str) -> String {
    let answer = answer(receiver.address, post("/hooks", "", body));
    assert_eq!(answer.status, 200);
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// Asserts that each flow's messages were accepted in their order.
fn in_order<'g>(accepted: impl IntoIterator<Item = &'g Got>) {
    let mut last = HashMap::new();
    for got in accepted {
        let (number, flow) = shown(&got.text());
        let before = last.insert(flow.clone(), number);
        assert!(before.is_none_or(|before| before < number), "{flow}: {number} after {before:?}");
    }
}

#[test]
fn a_stored_message_becomes_a_card() {
    let teams = Teams::accepting();
    let folder = folder(&teams);
    let receiver = Receiver::start_in(folder.path(), &endpoint(&to_teams("")), &[]);
    let id = send(&receiver, &message("FLOW-1", 1));
    let got = teams.until_accepted(1);
    assert!(got[0].head.starts_with(&format!("POST /workflows/canary-path/invoke?api-version=1&sig={SIG} ")));
    assert_eq!(got[0].header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(got[0].json()["type"], "message");
    assert!(got[0].text().contains("number 1 of FLOW-1"), "{}", got[0].text());
    receiver.logged(0, "\"message\":\"relayed: accepted (202)\"");
    assert!(receiver.log().contains(&id), "{}", receiver.log());
}

#[test]
fn whatever_it_answers_each_message_is_accepted_once_in_order_and_not_too_fast() {
    const FLOWS: usize = 4;
    const EACH: usize = 8;
    let failed = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with x";
    let seen = Mutex::new(HashMap::<(usize, String), usize>::new());
    let teams = Teams::start(move |_, got| {
        let shown = shown(&got.text());
        let number = shown.0;
        let mut seen = seen.lock().unwrap();
        let times = seen.entry(shown).or_default();
        *times += 1;
        match (*times, number % 8) {
            (1, 1) => Reply::Answer(429, "retry-after: 1\r\n".to_owned(), String::new()),
            (1 | 2, 2) => Reply::status(413),
            (1 | 2, 3) => Reply::status(500),
            (1, 4) => Reply::Hang,
            (1, 5) => Reply::Close,
            (1, 6) => Reply::Answer(200, String::new(), failed.to_owned()),
            _ => Reply::accepted(),
        }
    });
    let folder = folder(&teams);
    let more = format!("{SOON}timeout = \"500ms\"\nrate = \"20/s\"");
    let receiver = Receiver::start_in(folder.path(), &endpoint(&to_teams(&more)), &[]);
    for number in 0..EACH {
        (0..FLOWS).for_each(|flow| drop(send(&receiver, &message(&format!("FLOW-{flow}"), number))));
    }
    teams.until(|got| got.iter().filter(|got| got.status == 202).count() == FLOWS * EACH);
    receiver.terminate();
    let accepted = teams.accepted();
    let failed_yes = accepted.iter().filter(|got| got.status == 200).count();
    let accepted: Vec<Got> = accepted.into_iter().filter(|got| got.status == 202).collect();
    assert_eq!((failed_yes, accepted.len()), (FLOWS, FLOWS * EACH));
    in_order(&accepted);
    let got = teams.got();
    for (first, last) in got.iter().zip(&got[20..]) {
        // This process's threads may be late; without the rate limit it would be close to zero.
        assert!(last.at - first.at > Duration::from_millis(850), "{:?}", last.at - first.at);
    }
}

#[test]
fn a_card_that_is_too_large_comes_back_smaller() {
    let teams = Teams::start(|number, _| if number < 2 { Reply::status(413) } else { Reply::accepted() });
    let folder = folder(&teams);
    let receiver = Receiver::start_in(folder.path(), &endpoint(&to_teams("rate = \"100/s\"")), &[]);
    send(&receiver, std::str::from_utf8(&large_message()).unwrap());
    teams.until_accepted(1);
    let sizes: Vec<usize> = teams.got().iter().map(|got| got.body.len()).collect();
    assert!(matches!(sizes[..], [10_001..=20_000, 5_001..=10_000, 3_000..=5_000]), "{sizes:?}");
    receiver.logged(0, "\"shortened\":");
}

#[test]
fn a_destination_that_fails_holds_up_no_other_and_repeats_nothing_there() {
    let (down, up) = (Teams::start(|_, _| Reply::status(503)), Teams::accepting());
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("forward-secret"), "canary-forward-51\n").unwrap();
    let authentication = "authentication = { type = \"client-secret\", secret = \"file:forward-secret\" }";
    let destinations = [
        to_http("down", &down, ""),
        to_http("up", &up, authentication),
        to_http("some", &up, "when = 'flow.id == \"FLOW-2\" and trigger == \"stepCompleted\"'"),
        "[[endpoint.destination]]\nname = \"lines\"\ntype = \"file\"\npath = \"lines.jsonl\"\n".to_owned(),
    ];
    let receiver = Receiver::start_in(folder.path(), &endpoint(&destinations.concat()), &[]);
    let ids: Vec<String> =
        (0..6).map(|number| send(&receiver, &message(&format!("FLOW-{}", number % 3), number))).collect();
    // An equal body is a repetition; a body that breaks the contract is relayed unchanged.
    send(&receiver, &message("FLOW-0", 0));
    let odd = send(&receiver, "{\"odd\": 1}");
    up.until_accepted(9);
    down.until(|got| got.len() > 6);
    let names = |path: &str| -> Vec<String> {
        let got = up.got().into_iter().filter(|got| got.head.starts_with(&format!("POST {path} ")));
        let mut ids: Vec<String> = got.map(|got| got.header("x-message-id").unwrap().to_owned()).collect();
        ids.sort_unstable();
        ids
    };
    let mut all: Vec<String> = ids.iter().cloned().chain([odd]).collect();
    all.sort_unstable();
    let of_flow_2 = vec![ids[2].clone(), ids[5].clone()];
    let forwarded = up.got().into_iter().find(|got| got.header("x-message-id") == Some(&ids[0])).unwrap();
    assert_eq!(forwarded.json()["clientSecret"], "canary-forward-51");
    assert_eq!(names("/some"), of_flow_2);
    let lines = || -> Vec<String> {
        let text = fs::read_to_string(folder.path().join("lines.jsonl")).unwrap_or_default();
        let line = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
        let mut ids: Vec<String> = text.lines().map(line).collect();
        ids.sort_unstable();
        ids
    };
    let began = Instant::now();
    while lines().len() < all.len() {
        assert!(began.elapsed() < PATIENCE, "{:?}", lines());
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!((lines(), names("/up")), (all.clone(), all));
}

#[test]
fn what_was_captured_goes_nowhere() {
    let teams = Teams::accepting();
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("secret"), "canary-captured-77\n").unwrap();
    // An endpoint that knows its secret keeps what it captures in the log.
    let toml = format!(
        "[[endpoint]]\npath = \"/captured\"\ncapture = true\n\
         authentication = {{ type = \"client-secret\", secret = \"file:secret\" }}\n{}[[endpoint]]\npath = \"/hooks\"\n{}",
        to_http("captured", &teams, ""),
        to_http("up", &teams, "")
    );
    let receiver = Receiver::start_in(folder.path(), &toml, &[]);
    let captured = answer(receiver.address, post("/captured", "", message("FLOW-1", 1)));
    assert_eq!(captured.status, 200);
    send(&receiver, &message("FLOW-1", 2));
    // The log is read in order, so the first was passed over.
    assert!(teams.until_accepted(1)[0].head.starts_with("POST /up "));
    receiver.terminate();
    assert_eq!(teams.got().len(), 1);
}
