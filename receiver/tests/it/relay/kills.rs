//! A receiver that is killed while it relays loses nothing, and repeats only what was in flight.

use std::{
    collections::{HashMap, HashSet},
    fs,
    net::SocketAddr,
    path::Path,
    thread,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{endpoint, in_order, message, to_http};
use crate::support::{
    program::Receiver,
    raw_client::{Raw, post},
    soak,
    teams::Teams,
};

/// Number of flows, and so of requests in flight.
const FLOWS: usize = 4;

#[test]
fn kills_lose_nothing_and_repeat_what_was_in_flight() {
    let (kills, messages_per_kill) = if soak::is_requested() { (100, 50) } else { (8, 20) };
    kill_while_relaying(kills, messages_per_kill);
}

fn kill_while_relaying(kills: usize, between: usize) {
    let teams = Teams::accepting();
    let folder = TempDir::new().unwrap();
    let file = "[[endpoint.destination]]\nname = \"lines\"\ntype = \"file\"\npath = \"lines.jsonl\"\n";
    let toml = endpoint(&format!("{}{file}", to_http("up", &teams, "")));
    let (mut acknowledged, mut sent) = (HashSet::new(), 0);
    for kill in 0..kills {
        let receiver = Receiver::start_in(folder.path(), &toml, &[]);
        let address = receiver.address;
        let before = teams.accepted().len();
        let sending = thread::spawn(move || send_some(address, sent, between));
        let enough = before + fastrand::usize(1..between / 2);
        teams.until(|got| got.len() >= enough);
        receiver.kill();
        acknowledged.extend(sending.join().unwrap());
        sent += between;
        assert!(repeats(&teams) <= (kill + 1) * FLOWS, "{} repeats after {} kills", repeats(&teams), kill + 1);
    }
    let receiver = Receiver::start_in(folder.path(), &toml, &[]);
    while acknowledged.len() < kills * between {
        acknowledged.extend(send_some(receiver.address, sent, kills * between - acknowledged.len()));
        sent += between.max(kills * between);
    }
    // Messages that were not acknowledged may be stored too.
    teams.until(|got| got.len() >= acknowledged.len());
    teams.until(|got| {
        let got: HashSet<&str> = got.iter().filter_map(|got| got.header("x-message-id")).collect();
        acknowledged.iter().all(|id| got.contains(id.as_str()))
    });
    assert!(repeats(&teams) <= kills * FLOWS, "{} repeats", repeats(&teams));
    let mut seen = HashSet::new();
    let accepted = teams.accepted();
    in_order(accepted.iter().filter(|got| seen.insert(got.header("x-message-id").unwrap().to_owned())));
    receiver.terminate();
    // A shutdown writes due lines first, or leaves them to the next start.
    let receiver = Receiver::start_in(folder.path(), &toml, &[]);
    let last = send_some(receiver.address, sent + 1_000_000, 1).remove(0);
    receiver.logged(0, &last);
    teams.until(|got| got.iter().any(|got| got.header("x-message-id") == Some(&last)));
    until_written(folder.path(), &last);
    let mut lines = HashMap::<String, usize>::new();
    written(folder.path()).into_iter().for_each(|id| *lines.entry(id).or_default() += 1);
    assert_eq!(lines.values().filter(|times| **times > 1).count(), 0, "a line was written twice");
    let missing = acknowledged.iter().filter(|id| !lines.contains_key(*id)).count();
    assert_eq!(missing, 0, "lines are missing");
}

/// Sends until the receiver is gone. Returns the ids of the acknowledged messages.
fn send_some(address: SocketAddr, first: usize, count: usize) -> Vec<String> {
    let mut raw = Raw::connect(address);
    let mut ids = Vec::new();
    for number in first..first + count {
        let body = message(&format!("FLOW-{}", number % FLOWS), number);
        if !raw.try_send(&post("/hooks", "", body)) {
            break;
        }
        let Some(answer) = raw.answer() else { break };
        assert_eq!(answer.status, 200);
        ids.push(answer.json()["id"].as_str().unwrap().to_owned());
    }
    ids
}

/// Number of requests for messages that had been accepted before.
fn repeats(teams: &Teams) -> usize {
    let accepted = teams.accepted();
    let different: HashSet<&str> = accepted.iter().filter_map(|got| got.header("x-message-id")).collect();
    accepted.len() - different.len()
}

fn written(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("lines.jsonl")).unwrap();
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    text.lines().map(id).collect()
}

fn until_written(folder: &Path, id: &str) {
    let began = std::time::Instant::now();
    while !fs::read_to_string(folder.join("lines.jsonl")).unwrap().contains(&format!("{id}\"")) {
        assert!(began.elapsed() < crate::support::raw_client::PATIENCE, "{id} is not written");
        thread::sleep(std::time::Duration::from_millis(5));
    }
    // The line may be incomplete.
    while !fs::read_to_string(folder.join("lines.jsonl")).unwrap().ends_with('\n') {
        thread::sleep(std::time::Duration::from_millis(1));
    }
}
