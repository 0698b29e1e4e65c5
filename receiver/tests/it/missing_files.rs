//! Files and folders that somebody deletes, moves or replaces under a running receiver, and locks that are deleted.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::fs::{FlockOperation, flock};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    program::{BINARY, Receiver},
    raw_client::{Answer, PATIENCE, answer, post},
};

const ENDPOINT: &str = "admin = \"127.0.0.1:0\"\n[[endpoint]]\npath = \"/hooks\"\n";

fn send(receiver: &Receiver, body: &str) -> Answer {
    answer(receiver.address, post("/hooks", "", body))
}

fn ready(admin: SocketAddr) -> (u16, Value) {
    let answer = answer(admin, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    (answer.status, answer.json())
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn listed(receiver: &Receiver) -> usize {
    let output = receiver.command(&["messages", "list", "--output", "json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Vec<Value>>(&output.stdout).unwrap().len()
}

/// The files of a folder whose names begin so.
fn files(folder: &Path, beginning: &str) -> Vec<PathBuf> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(beginning)).collect()
}

#[test]
fn a_log_that_is_gone_is_refused_reported_and_not_called_whole() {
    type Change = fn(&Path);
    fn delete_segments(root: &Path) {
        files(&root.join("data/log"), "0").iter().for_each(|file| fs::remove_file(file).unwrap());
    }
    fn move_away(root: &Path) {
        fs::rename(root.join("data"), root.join("away")).unwrap();
    }
    fn move_away_and_make_another(root: &Path) {
        move_away(root);
        fs::create_dir_all(root.join("data/log")).unwrap();
    }
    fn copy_over(root: &Path) {
        let segment = files(&root.join("data/log"), "0").remove(0);
        fs::copy(&segment, root.join("copy")).unwrap();
        fs::rename(root.join("copy"), &segment).unwrap();
    }
    fn empty(root: &Path) {
        File::create(files(&root.join("data/log"), "0").remove(0)).unwrap();
    }
    for (case, change, reason, is_whole) in [
        ("segments deleted", delete_segments as Change, "is gone", false),
        ("data moved", move_away, "is gone", false),
        ("log moved", |root: &Path| fs::rename(root.join("data/log"), root.join("away")).unwrap(), "is gone", false),
        ("another in its place", move_away_and_make_another, "is gone", true),
        ("replaced by a copy", copy_over, "was replaced", true),
        ("emptied, as logrotate does with copytruncate", empty, "was shortened", false),
    ] {
        let folder = TempDir::new().unwrap();
        let receiver = Receiver::start_in(folder.path(), ENDPOINT, &[]);
        let admin = receiver.admin();
        for number in 0..3 {
            assert_eq!(send(&receiver, &format!(r#"{{"n":{number}}}"#)).status, 200, "{case}");
        }
        assert_eq!(listed(&receiver), 3, "{case}");
        change(folder.path());
        // Without a message it is noticed too.
        let (status, readiness) = ready(admin);
        assert_eq!((status, &readiness["ready"]), (503, &false.into()), "{case}: {readiness}");
        let log = readiness["log"].as_str().unwrap();
        assert!(log.contains(reason) && log.contains("restart the receiver"), "{case}: {log}");
        for _ in 0..3 {
            let refused = send(&receiver, r#"{"n":"refused"}"#);
            assert_eq!(refused.status, 503, "{case}");
            assert!(refused.header("retry-after").is_some(), "{case}");
        }
        receiver.logged(0, "messages are refused");
        assert_eq!(receiver.log().matches("messages are refused").count(), 1, "{case}: {}", receiver.log());
        let checked = receiver.command(&["log", "check"]);
        assert_eq!(checked.status.success(), is_whole, "{case}: {}", String::from_utf8_lossy(&checked.stdout));
        if case == "segments deleted" {
            let text = String::from_utf8(checked.stdout).unwrap();
            assert!(text.contains("Lost      3 messages from position "), "{text}");
        }
        if case == "another in its place" {
            assert_eq!(fs::read_dir(folder.path().join("data/log")).unwrap().count(), 0, "nothing is written there");
        }
        if folder.path().join("away").exists() {
            let back = folder.path().join(if case == "log moved" { "data/log" } else { "data" });
            fs::remove_dir_all(&back).unwrap_or_default();
            fs::rename(folder.path().join("away"), &back).unwrap();
            // The index looks once a second.
            wait_until(case, || ready(admin).0 == 200);
            assert_eq!(send(&receiver, r#"{"n":"back"}"#).status, 200, "{case}, and back");
            assert!(receiver.command(&["log", "check"]).status.success(), "{case}, and back");
        }
        assert!(receiver.terminate().success(), "{case}");
    }
}

#[test]
fn an_index_that_is_gone_is_made_again() {
    for (case, deleted) in [
        ("all its files", &["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"][..]),
        ("the file", &["index.sqlite"]),
        ("what was written ahead", &["index.sqlite-wal"]),
    ] {
        let folder = TempDir::new().unwrap();
        let receiver = Receiver::start_in(folder.path(), ENDPOINT, &[]);
        assert_eq!(send(&receiver, r#"{"n":1}"#).status, 200);
        assert_eq!(listed(&receiver), 1, "{case}");
        deleted.iter().for_each(|name| fs::remove_file(folder.path().join("data").join(name)).unwrap());
        receiver.logged(0, "the index is made again from the log");
        assert_eq!(send(&receiver, r#"{"n":2}"#).status, 200, "{case}");
        assert_eq!(listed(&receiver), 2, "{case}");
        wait_until(case, || ready(receiver.admin()).0 == 200);
    }
}

#[test]
fn a_capture_whose_folder_is_gone_is_refused() {
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::start_in(folder.path(), "[[endpoint]]\npath = \"/hooks\"\ncapture = true\n", &[]);
    assert_eq!(send(&receiver, "first").status, 200);
    fs::rename(folder.path().join("data"), folder.path().join("away")).unwrap();
    assert_eq!(send(&receiver, "second").status, 503);
    fs::create_dir_all(folder.path().join("data/log")).unwrap();
    assert_eq!(send(&receiver, "third").status, 503);
    assert!(!folder.path().join("data/captures.jsonl").exists());
    fs::remove_dir_all(folder.path().join("data")).unwrap();
    fs::rename(folder.path().join("away"), folder.path().join("data")).unwrap();
    // Whoever has learnt from it deletes it.
    fs::remove_file(folder.path().join("data/captures.jsonl")).unwrap();
    assert_eq!(send(&receiver, "fourth").status, 200);
}

#[cfg(feature = "relay")]
#[test]
fn a_relay_whose_store_is_gone_stands_still_and_says_so() {
    let destination = "[[endpoint.destination]]\nname = \"archive\"\ntype = \"file\"\npath = \"archive.jsonl\"\n";
    for (case, comes_back) in [("moved away", true), ("deleted", false)] {
        let folder = TempDir::new().unwrap();
        let receiver = Receiver::start_in(folder.path(), &format!("{ENDPOINT}{destination}"), &[]);
        let (admin, archive) = (receiver.admin(), folder.path().join("archive.jsonl"));
        let lines = || fs::read_to_string(&archive).unwrap_or_default().lines().count();
        assert_eq!(send(&receiver, r#"{"n":1}"#).status, 200);
        wait_until(case, || lines() == 1);
        wait_until(case, || ready(admin).1["relay"] == "ok");
        let (store, away) = (folder.path().join("data/relay"), folder.path().join("away"));
        fs::rename(&store, &away).unwrap();
        if !comes_back {
            fs::remove_dir_all(&away).unwrap();
        }
        wait_until(case, || ready(admin).0 == 503);
        let (_, readiness) = ready(admin);
        let relay = readiness["relay"].as_str().unwrap();
        assert!(relay.contains("relay.sqlite is gone") && relay.contains("restart the receiver"), "{case}: {relay}");
        receiver.logged(0, "the relay failed");
        assert_eq!(send(&receiver, r#"{"n":2}"#).status, 200, "{case}");
        if comes_back {
            fs::rename(&away, &store).unwrap();
            wait_until(case, || lines() == 2 && ready(admin).0 == 200);
        } else {
            assert_eq!((lines(), store.exists()), (1, false), "{case}");
        }
    }
}

#[test]
fn a_deleted_lock_lets_no_second_receiver_in() {
    let first = Receiver::start("[[endpoint]]\npath = \"/hooks\"\n");
    for name in ["lock", "index.lock"] {
        fs::remove_file(first.folder().join("data").join(name)).unwrap();
        for command in [&["serve"][..], &["log", "repair"], &["reindex"]] {
            let mut second = Command::new(BINARY)
                .args(command)
                .arg("--config")
                .arg(first.folder().join("receiver.toml"))
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            // One that is let in says first where it listens, and would go on.
            let mut said = String::new();
            BufReader::new(second.stdout.take().unwrap()).read_line(&mut said).unwrap();
            if !said.is_empty() {
                second.kill().unwrap();
            }
            assert_eq!(second.wait().unwrap().code(), Some(1), "{name}, {command:?}: {said}");
        }
    }
    assert_eq!(send(&first, r#"{"n":1}"#).status, 200);
    assert_eq!(listed(&first), 1);
}

#[test]
fn a_command_that_makes_the_index_does_not_keep_a_receiver_from_starting() {
    for command in
        [&["messages", "list", "--output", "json"][..], &["reindex"], &["messages", "tail"], &["messages", "export"]]
    {
        let folder = TempDir::new().unwrap();
        let receiver = Receiver::start_in(folder.path(), ENDPOINT, &[]);
        for number in 0..5 {
            assert_eq!(send(&receiver, &format!(r#"{{"n":{number}}}"#)).status, 200);
        }
        receiver.kill();
        let data = folder.path().join("data");
        files(&data, "index.sqlite").iter().for_each(|file| fs::remove_file(file).unwrap());
        let mut child = Command::new(BINARY)
            .args(command)
            .arg("--config")
            .arg(folder.path().join("receiver.toml"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        if command != ["messages", "tail"] && command != ["messages", "export"] {
            // It has the index, or has ended.
            let lock = || File::open(data.join("index.lock")).ok();
            let is_held = |lock: File| flock(&lock, FlockOperation::NonBlockingLockShared).is_err();
            wait_until("it never began", || lock().is_some_and(is_held) || child_has_ended(&data));
        }
        let receiver = Receiver::start_in(folder.path(), ENDPOINT, &[]);
        assert_eq!(send(&receiver, r#"{"n":5}"#).status, 200, "{command:?}");
        assert_eq!(listed(&receiver), 6, "{command:?}");
        if command == ["messages", "tail"] {
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() || command == ["messages", "tail"], "{command:?}");
    }
}

fn child_has_ended(data: &Path) -> bool {
    data.join("index.sqlite").exists()
}

#[test]
fn an_index_that_a_stopped_process_holds_does_not_keep_a_receiver_from_starting() {
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::start_in(folder.path(), ENDPOINT, &[]);
    assert_eq!(send(&receiver, r#"{"n":1}"#).status, 200);
    receiver.kill();
    let lock = folder.path().join("data/index.lock");
    let held = OpenOptions::new().write(true).open(&lock).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    let receiver = Receiver::start_in(folder.path(), ENDPOINT, &[]);
    assert_eq!(send(&receiver, r#"{"n":2}"#).status, 200);
    assert_eq!(listed(&receiver), 2);
}
