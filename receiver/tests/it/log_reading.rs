//! The log, read while the receiver appends to it, and over several segments.

use std::{collections::HashSet, fs, thread};

use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{Raw, answer, post},
};

const MESSAGE: &str = r#"{"a":1}"#;
const ENDPOINT: &str = "[[endpoint]]\npath = \"/none\"\n";

#[test]
fn readers_beside_a_busy_receiver_see_every_acknowledged_message_and_no_damage() {
    let receiver = Receiver::start(ENDPOINT);
    let address = receiver.address;
    let (sender, acknowledged) = std::sync::mpsc::channel::<String>();
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let sender = sender.clone();
            thread::spawn(move || {
                let mut raw = Raw::connect(address);
                let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(500));
                while raw.try_send(&post("/none", "", &body)) {
                    let Some(answer) = raw.answer() else { break };
                    let id = answer.json()["id"].as_str().unwrap().to_owned();
                    if sender.send(id).is_err() {
                        break;
                    }
                }
            })
        })
        .collect();
    let mut ids = HashSet::new();
    for round in 0..6 {
        ids.insert(acknowledged.recv().unwrap());
        ids.extend(acknowledged.try_iter());
        let output = receiver.command(&["messages", "export"]);
        assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let found: HashSet<String> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
            .collect();
        let missing = ids.difference(&found).count();
        assert_eq!(missing, 0, "round {round}: {missing} of {}", ids.len());
    }
    drop(acknowledged);
    clients.into_iter().for_each(|client| client.join().unwrap());
}

#[test]
fn a_log_of_several_segments_is_read_whole_and_goes_on_after_a_kill() {
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::start_in(folder.path(), ENDPOINT, &[]);
    let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(4_000_000));
    for _ in 0..18 {
        assert_eq!(answer(receiver.address, post("/none", "", &body)).status, 200);
    }
    assert!(fs::read_dir(folder.path().join("data/log")).unwrap().count() > 1);
    receiver.kill();
    let receiver = Receiver::start_in(folder.path(), ENDPOINT, &[]);
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    let exported = receiver.exported();
    assert_eq!(exported.len(), 19);
    assert!(exported[..18].iter().all(|line| line["body"].as_str() == Some(&body)));
    assert_eq!(exported[18]["body"], MESSAGE);
}
