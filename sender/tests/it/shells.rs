//! Completions, manual pages and closed pipes.

#[path = "../../../crates/console/tests/support/shells.rs"]
mod support;

use std::fs;

use tempfile::TempDir;

use self::support::{check_closed_readers, check_completions, check_man, check_pages};
use crate::support::server::{Answering, Server};

const BINARY: &str = env!("CARGO_BIN_EXE_webhook-sender");

#[test]
#[ignore = "needs bash"]
fn bash_reads_its_completions() {
    check_completions(BINARY);
}

#[test]
fn every_command_has_its_page() {
    check_pages(BINARY, "webhook-sender", &["send", "deliveries-retry"]);
}

#[test]
#[ignore = "needs man"]
fn man_shows_a_page() {
    check_man(BINARY, "webhook-sender", "replay");
}

#[test]
fn a_reader_that_has_gone_away_ends_every_command_quietly() {
    let server = Server::start(Answering::ok());
    let url = server.url();
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("outbox");
    let (data, body) = (data.to_str().unwrap(), folder.path().join("one.json"));
    fs::write(&body, schemas::Sample::find("step-completed-minimal").unwrap().body).unwrap();
    let body = body.to_str().unwrap();
    check_closed_readers(
        BINARY,
        &[
            (&["samples", "list"], 0),
            (&["samples", "show", "step-completed-all-field-types"], 0),
            (&["send", "--to", &url], 0),
            (&["send", "--to", &url, "--dry-run"], 0),
            (&["send", "--to", "http://127.0.0.1:9/"], 3),
            (&["replay", "--from", body, "--to", &url, "--data", data], 0),
            (&["deliveries", "list", "--data", data], 0),
            (&["deliveries", "show", "1", "--data", data], 0),
            (&["load", "--to", &url, "--duration", "50ms", "--connections", "1", "--max"], 0),
            (&["model", "new"], 0),
            (&["completions", "bash"], 0),
            (&["man"], 0),
            (&["--help"], 0),
            (&["samples", "show", "no-such-sample"], 2),
        ],
    );
}
