//! Completions, manual pages and closed pipes.

#[path = "../../../crates/console/tests/support/shells.rs"]
mod support;

use self::support::{check_closed_readers, check_completions, check_man, check_pages};

const BINARY: &str = env!("CARGO_BIN_EXE_webhook-contract");

#[test]
#[ignore = "needs bash"]
fn bash_reads_its_completions() {
    check_completions(BINARY);
}

#[test]
fn every_command_has_its_page() {
    check_pages(BINARY, "webhook-contract", &["explain", "render"]);
}

#[test]
#[ignore = "needs man"]
fn man_shows_a_page() {
    check_man(BINARY, "webhook-contract", "explain");
}

#[test]
fn a_reader_that_has_gone_away_ends_every_command_quietly() {
    check_closed_readers(
        BINARY,
        &[
            (&["explain"], 0),
            (&["explain", "AUTH-17"], 0),
            (&["completions", "bash"], 0),
            (&["man"], 0),
            (&["--help"], 0),
            (&["check", "http://127.0.0.1:9/", "--no-authentication"], 3),
            (&["check", "http://127.0.0.1:9/", "--no-authentication", "--report", "json=-"], 3),
            (&["listen", "--no-authentication", "--listen", "127.0.0.1:0", "--for", "50ms"], 3),
            (&["explain", "NONE-1"], 2),
        ],
    );
}
