//! A replay that is interrupted, and what can be read meanwhile.

use super::*;

#[test]
fn a_secret_that_is_gone_stops_the_work_and_nothing_is_lost() {
    let desk = Desk::new();
    let secret = desk.path("secret");
    let endpoint = Counting::new(move |number, _| {
        if number == 0 {
            fs::remove_file(&secret).unwrap();
        }
        Reply::Status(200, String::new())
    });
    let export = desk.file("export.jsonl", line("F", r#"{"n":1}"#, None) + &line("F", r#"{"n":2}"#, None));
    let replay = || {
        let mut command = desk.replay(&export, &endpoint.url("/"));
        command.args(["--client-secret", &desk.secret(), "--concurrency", "1"]);
        command
    };
    snapshot("replay_error_secret_gone", &mut replay());
    desk.file("secret", CANARY);
    let again = ok(&mut replay());
    assert!(again.stderr.contains("continuing with the 1 of 2 messages"), "{}", again.stderr);
    assert_eq!(endpoint.requests().len(), 2);
}

#[test]
fn the_outbox_can_be_read_while_one_sender_writes_it() {
    let (desk, endpoint) = (Desk::new(), Counting::new(|_, _| Reply::Held));
    let export = desk.file("export.jsonl", line("F", r#"{"n":1}"#, None));
    let mut sender = Command::new(env!("CARGO_BIN_EXE_webhook-sender"));
    sender.args(["replay", "--from", &export, "--to", &endpoint.url("/"), "--data", &desk.path("outbox")]);
    let mut sender = sender.stdout(Stdio::null()).spawn().unwrap();
    endpoint.wait_for(1, || false);
    let status = || desk.listed()[0]["status"].clone();
    assert_eq!(status(), "pending");
    snapshot("replay_error_in_use", &mut desk.replay(&export, &endpoint.url("/")));
    endpoint.release();
    assert!(sender.wait().unwrap().success());
    assert_eq!(status(), "delivered");
}

/// Replays three messages and stops it by hand when the first is delivered and the second is on its way.
fn stopped(desk: &Desk) -> (Counting, String) {
    let endpoint = Counting::new(|number, _| match number {
        1 => Reply::Held,
        _ => Reply::Status(200, String::new()),
    });
    let lines: String = (1..=3).map(|n| line("F", &format!("{{\"n\":{n}}}"), None)).collect();
    let export = desk.file("export.jsonl", &lines);
    let mut sender = Command::new(env!("CARGO_BIN_EXE_webhook-sender"));
    sender.args(["replay", "--from", &export, "--to", &endpoint.url("/"), "--data", &desk.path("outbox")]);
    let sender = sender.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    endpoint.wait_for(2, || false);
    rustix::process::kill_process(rustix::process::Pid::from_child(&sender), rustix::process::Signal::INT).unwrap();
    let stopped = sender.wait_with_output().unwrap();
    endpoint.release();
    let said = String::from_utf8(stopped.stdout).unwrap();
    assert!(said.starts_with("replayed 3 messages: 1 delivered, 2 still pending\n"), "{said}");
    assert_eq!(stopped.status.code(), Some(3));
    (endpoint, export)
}

#[test]
fn a_replay_that_is_stopped_by_hand_goes_on_with_the_same_command() {
    let desk = Desk::new();
    let (endpoint, export) = stopped(&desk);
    let again = ok(&mut desk.replay(&export, &endpoint.url("/")));
    assert!(again.stderr.contains("continuing with the 2 of 3 messages"), "{}", again.stderr);
    let expected = [1, 2, 2, 3].map(|n| format!("{{\"n\":{n}}}"));
    assert_eq!(endpoint.bodies(), expected, "only what was in flight came twice");
    assert_eq!(desk.listed().len(), 3);
}

#[test]
fn a_replay_that_version_0_1_left_goes_on_too() {
    let desk = Desk::new();
    let (endpoint, export) = stopped(&desk);
    // That version made the key of how it represented the command.
    let replay = Replay {
        profile: Profile::v1().clone(),
        credentials: CredentialReference::None,
        selection: Selection::default(),
    };
    let content = Source::open(Path::new(&export)).unwrap().read(&replay, |_| Ok::<_, SourceError>(())).unwrap();
    let what = format!("replay {:?} {replay:?} false", endpoint.url("/"));
    let digest = Sha256::new().chain_update(content).chain_update(what).finalize();
    let key: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let outbox = rusqlite::Connection::open(desk.path("outbox/outbox.sqlite")).unwrap();
    let (current, changed): (String, usize) = (
        outbox.query_row("SELECT key FROM job", [], |row| row.get(0)).unwrap(),
        outbox.execute("UPDATE job SET key = ?1", [&key]).unwrap(),
    );
    assert_eq!(changed, 1);
    assert_ne!(current, key);
    let again = ok(&mut desk.replay(&export, &endpoint.url("/")));
    assert!(again.stderr.contains("continuing with the 2 of 3 messages"), "{}", again.stderr);
    let kept: String = outbox.query_row("SELECT key FROM job", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, current, "the next version finds it, whatever that one represents");
}
