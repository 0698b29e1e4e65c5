//! Disks that fail, fill up or are slow, by making system calls fail under strace: what is refused is not stored, what
//! was acknowledged stays, and the receiver goes on.

use std::{collections::BTreeMap, thread};

use tempfile::TempDir;

use crate::{
    program::Receiver,
    raw::{Answer, Raw, post},
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
