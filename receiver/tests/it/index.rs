//! The index: it is rebuilt if it is damaged.

use std::fs;

use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{answer, post},
};

const MESSAGE: &str = r#"{"a":1}"#;
const ENDPOINT: &str = "[[endpoint]]\npath = \"/none\"\n";

#[test]
fn a_damaged_index_is_made_anew_and_does_not_keep_the_receiver_from_starting() {
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::start_in(folder.path(), ENDPOINT, &[]);
    assert_eq!(answer(receiver.address, post("/none", "", MESSAGE)).status, 200);
    receiver.kill();
    for file in ["index.sqlite-wal", "index.sqlite-shm"] {
        // The one that a kill leaves, if it left one.
        let _ = fs::remove_file(folder.path().join("data").join(file));
    }
    fs::write(folder.path().join("data/index.sqlite"), "no database".repeat(1000)).unwrap();
    let receiver = Receiver::start_in(folder.path(), ENDPOINT, &[]);
    let listed = receiver.command(&["messages", "list", "--output", "json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
}
