//! Disks that fail, fill up or are slow, by making system calls fail under strace, and one that is really full: what is
//! refused is not stored, what was acknowledged stays, and the receiver goes on.

use std::{collections::BTreeMap, fs, thread};

use tempfile::TempDir;

use crate::support::{
    program::Receiver,
    raw_client::{Answer, Raw, post},
};

const ENDPOINT: &str = "[[endpoint]]\npath = \"/hooks\"\n";

/// Starts the receiver under strace with these arguments; `LOG` stands for the log's folder, and the trace is written
/// to `trace`.
fn start(folder: &TempDir, arguments: &[&str]) -> Receiver {
    let log = folder.path().join("data/log");
    let trace = folder.path().join("trace");
    let arguments: Vec<String> =
        arguments.iter().map(|argument| argument.replace("LOG", log.to_str().unwrap())).collect();
    let mut prefix = vec!["strace", "-f", "-qq", "-y", "-s", "200", "-o", trace.to_str().unwrap()];
    prefix.extend(arguments.iter().map(String::as_str));
    Receiver::start_in(folder.path(), ENDPOINT, &prefix)
}

fn send(receiver: &Receiver, body: &str) -> Answer {
    let mut raw = Raw::connect(receiver.address);
    raw.send(post("/hooks", "", body));
    raw.answer().unwrap()
}

fn bodies(receiver: &Receiver) -> Vec<String> {
    receiver.exported().iter().map(|line| line["body"].as_str().unwrap().to_owned()).collect()
}

#[test]
#[ignore = "needs strace"]
fn what_a_failing_disk_does_not_take_is_refused_and_the_next_message_is_stored() {
    // The first sync is that of the segment's head; each message asks for one more, and a new segment for another.
    for (case, inject, refused) in [
        ("a sync fails", &["-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=3"][..], &[1][..]),
        ("syncs fail", &["-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=2..4"], &[0, 1, 2]),
        (
            "no room",
            &[
                "-P",
                "LOG/00000000000000000000.log",
                "-e",
                "trace=write,ftruncate",
                "-e",
                "inject=write:error=ENOSPC:when=3..4",
            ],
            &[1, 2],
        ),
        ("the folder's sync fails", &["-P", "LOG", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=1"], &[0]),
    ] {
        let folder = TempDir::new().unwrap();
        let receiver = start(&folder, inject);
        let mut stored = Vec::new();
        for number in 0..6 {
            let body = format!(r#"{{"n":{number}}}"#);
            let answer = send(&receiver, &body);
            let expected = if refused.contains(&number) { 503 } else { 200 };
            assert_eq!(answer.status, expected, "{case}: {number}");
            assert_eq!(answer.header("retry-after").is_some(), expected == 503, "{case}: {number}");
            if expected == 200 {
                stored.push(body);
            }
        }
        assert_eq!(bodies(&receiver), stored, "{case}");
        receiver.kill();
        let receiver = Receiver::start_in(folder.path(), ENDPOINT, &[]);
        assert_eq!(send(&receiver, r#"{"n":"again"}"#).status, 200, "{case}");
        stored.push(r#"{"n":"again"}"#.to_owned());
        assert_eq!(bodies(&receiver), stored, "{case}, started again");
    }
}

#[test]
#[ignore = "needs strace"]
fn when_the_disk_is_slow_the_queue_is_bounded_and_the_rest_is_told_to_come_again() {
    let folder = TempDir::new().unwrap();
    let receiver = start(&folder, &["-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=2000000:when=2+"]);
    let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(4_000_000));
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..14).map(|_| scope.spawn(|| send(&receiver, &body))).collect();
        for client in clients {
            let answer = client.join().unwrap();
            assert_eq!(answer.header("retry-after").is_some(), answer.status == 503);
            *statuses.entry(answer.status).or_default() += 1;
        }
    });
    let (stored, refused) = (statuses.remove(&200).unwrap_or_default(), statuses.remove(&503).unwrap_or_default());
    assert!(stored >= 7 && refused >= 1 && statuses.is_empty(), "{stored} stored, {refused} refused, {statuses:?}");
    assert_eq!(bodies(&receiver).len(), stored);
}

/// Every call with which the log changes its folder fails, once at each turn, until a turn comes to which no call comes.
#[test]
#[ignore = "needs strace"]
fn whichever_system_call_fails_the_message_is_refused_and_the_next_one_stored() {
    for call in ["write", "fdatasync", "fsync", "openat"] {
        for error in ["EIO", "ENOSPC"] {
            for turn in 1.. {
                let case = format!("{call} fails with {error} at turn {turn}");
                let folder = TempDir::new().unwrap();
                let inject = format!("inject={call}:error={error}:when={turn}");
                let trace = format!("trace={call}");
                let first = "LOG/00000000000000000000.log";
                // A folder has no other calls than these, and the listing at the start is before the first message.
                let receiver = match call {
                    "fsync" => start(&folder, &["-P", "LOG", "-e", &trace, "-e", &inject]),
                    _ => start(&folder, &["-P", first, "-e", &trace, "-e", &inject]),
                };
                let (mut stored, mut refused) = (Vec::new(), 0);
                for number in 0..4 {
                    let body = format!(r#"{{"n":{number}}}"#);
                    let answer = send(&receiver, &body);
                    match answer.status {
                        200 => stored.push(body),
                        503 => {
                            assert!(answer.header("retry-after").is_some(), "{case}");
                            refused += 1;
                        }
                        status => panic!("{case}: {status}"),
                    }
                }
                assert!(refused <= 1, "{case}: {refused} messages were refused");
                assert_eq!(without_retries(&receiver, &stored), stored, "{case}");
                receiver.kill();
                let injected = fs::read_to_string(folder.path().join("trace")).unwrap().contains("(INJECTED)");
                let receiver = Receiver::start_in(folder.path(), ENDPOINT, &[]);
                assert_eq!(without_retries(&receiver, &stored), stored, "{case}, started again");
                if !injected {
                    assert!(turn > 1 || refused == 0, "{case}");
                    break;
                }
            }
        }
    }
}

/// The stored bodies; one that was refused may be there only if it could not be taken back.
fn without_retries(receiver: &Receiver, stored: &[String]) -> Vec<String> {
    bodies(receiver).into_iter().filter(|body| stored.contains(body)).collect()
}

/// In a mount namespace of its own, so that nothing of the machine is changed. It is looked into through `/proc`.
#[test]
#[ignore = "needs unshare and the right to mount"]
fn a_full_disk_refuses_and_takes_messages_again_once_there_is_room() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let mount = format!("mount -t tmpfs -o size=2m,mode=700 tmpfs '{}' && exec \"$@\"", data.display());
    let namespace: &[&str] = if rustix::process::geteuid().is_root() { &["-m"] } else { &["-r", "-m"] };
    let prefix = [&["unshare"], namespace, &["sh", "-c", &mount, "sh"]].concat();
    let receiver = Receiver::start_execed_in(folder.path(), ENDPOINT, &prefix);
    let inside = receiver.root().join(data.strip_prefix("/").unwrap());
    fs::write(inside.join("ballast"), vec![0; 800 << 10]).unwrap();
    let body = |number: usize| format!(r#"{{"n":{number},"x":"{}"}}"#, "x".repeat(50_000));
    let (mut stored, mut number) = (Vec::new(), 0);
    let mut refused = 0;
    while refused < 5 {
        let answer = send(&receiver, &body(number));
        match answer.status {
            200 => stored.push(body(number)),
            503 => {
                assert!(answer.header("retry-after").is_some());
                refused += 1;
            }
            status => panic!("{status}"),
        }
        number += 1;
        assert!(number < 100, "the disk is never full");
    }
    fs::remove_file(inside.join("ballast")).unwrap();
    let answer = send(&receiver, &body(number));
    assert_eq!(answer.status, 200, "there is room, and it does not come back");
    stored.push(body(number));
    // The index was full too, and catches up by itself.
    let listed = receiver.command_inside(&["messages", "list", "--output", "json", "-n", "1000"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), stored.len());
    let log = inside.join("log");
    let mut reader = receiver::log::SegmentedLog::read_folder(&log, receiver::log::Position(0));
    let mut found = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        let receiver::log::Entry::Record { record, .. } = entry else { panic!("something is half written") };
        found.push(String::from_utf8(record.body.to_vec()).unwrap());
    }
    assert!(found == stored, "{} found, {} acknowledged", found.len(), stored.len());
    assert!(stored.len() > 5);
    assert!(receiver.terminate().success());
}
