//! The inspector in a real browser. The tests are in `receiver/tests/browser`, for `node --test` and Debian's Chromium; they
//! start the receiver and run the sender.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::support::program::BINARY;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser");

/// Only a test of the whole workspace builds it in any case.
fn sender() -> PathBuf {
    let program = Path::new(BINARY).with_file_name("webhook-sender");
    if !program.exists() {
        let built = Command::new(env!("CARGO")).args(["build", "--quiet", "--locked", "-p", "sender"]).status();
        assert!(built.unwrap().success());
    }
    program
}

/// Runs every test of a file.
fn run(file: &str) {
    // For the folders of receivers and browsers, which may end without having removed theirs.
    let folder = TempDir::new().unwrap();
    let output = Command::new("node")
        .args(["--test", "--test-reporter=tap", &format!("{file}.test.mjs")])
        .current_dir(FOLDER)
        .env("RECEIVER", BINARY)
        .env("SENDER", sender())
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
    let count = |name: &str| {
        let line = report.lines().find_map(|line| line.strip_prefix("# ")?.strip_prefix(name));
        line.and_then(|count| count.trim().parse::<usize>().ok()).unwrap_or_else(|| panic!("{report}"))
    };
    assert!(count("pass ") > 0 && count("pass ") == count("tests "), "{report}");
}

macro_rules! files {
    ($($test:ident: $file:literal,)*) => {
        $(
            #[test]
            #[ignore = "needs chromium, and node with the packages of receiver/tests/browser"]
            fn $test() {
                run($file);
            }
        )*
    };
}

files! {
    a_person_watches_finds_reads_replays_and_sends_messages: "scenario",
    each_refused_request_is_explained: "refused",
    every_page_is_accessible: "accessible",
    hostile_messages_do_nothing: "hostile",
    other_sites_and_names_get_nothing: "origins",
    every_message_is_shown_once_whatever_breaks: "restarts",
    the_pictures_can_be_taken: "pictures",
}

#[test]
fn every_file_of_tests_is_run_and_every_picture_shown() {
    let names = |folder: &Path, end: &str| {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter_map(|name| name.strip_suffix(end).map(str::to_owned)).collect::<Vec<_>>()
    };
    let files = names(Path::new(FOLDER), ".test.mjs");
    assert_eq!(files.len(), 7);
    for file in files {
        assert!(include_str!("inspector_browser.rs").contains(&format!(": \"{file}\",")), "{file}");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let docs = fs::read_to_string(root.join("docs/operations.md")).unwrap();
    let pictures = names(&root.join("docs/img"), ".png").into_iter().filter(|name| name.starts_with("inspector-"));
    let pictures: Vec<_> = pictures.collect();
    assert_eq!(pictures.len(), 7);
    for picture in pictures {
        assert!(docs.contains(&format!("](img/{picture}.png)")), "{picture}");
    }
}
