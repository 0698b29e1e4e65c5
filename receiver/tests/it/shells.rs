//! Completions, manual pages and closed pipes.

#[path = "../../../crates/console/tests/support/shells.rs"]
mod support;

use self::support::{check_closed_readers, check_completions, check_man, check_pages};
use crate::support::{
    program::{BINARY, Receiver},
    raw_client::{answer, post},
};

#[test]
#[ignore = "needs bash"]
fn bash_reads_its_completions() {
    check_completions(BINARY);
}

#[test]
fn every_command_has_its_page() {
    check_pages(BINARY, "webhook-receiver", &["serve", "messages-list"]);
}

#[test]
#[ignore = "needs man"]
fn man_shows_a_page() {
    check_man(BINARY, "webhook-receiver", "messages");
}

#[test]
fn a_reader_that_has_gone_away_ends_every_command_quietly() {
    let receiver = Receiver::start("[[endpoint]]\npath = \"/none\"\n");
    let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(100_000));
    let taken = answer(receiver.address, post("/none", "", &body)).json();
    let id = taken["id"].as_str().unwrap();
    let config = receiver.folder().join("receiver.toml");
    let config = config.to_str().unwrap();
    let commands: [(&[&str], i32); 14] = [
        (&["messages", "show", "--raw", id], 0),
        (&["messages", "show", id], 0),
        (&["messages", "show", id, "--output", "json"], 0),
        (&["messages", "list"], 0),
        (&["messages", "list", "--output", "json"], 0),
        (&["messages", "export"], 0),
        (&["log", "check"], 0),
        (&["relay", "status"], 0),
        (&["check-config"], 0),
        (&["completions", "bash"], 0),
        (&["man"], 0),
        (&["--help"], 0),
        (&["--version"], 0),
        (&["messages", "show", "no-such-id"], 1),
    ];
    for (arguments, code) in commands {
        check_closed_readers(BINARY, &[(&[arguments, &["--config", config]].concat(), code)]);
    }
}
