//! The configuration under which a message was acknowledged decides where it is due, even if another one is in force when
//! the relay reads it.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use super::{SOON, configured::configure, endpoint, message, operated::until, send, to_http};
use crate::support::{
    program::Receiver,
    raw_client::{Raw, answer, post},
    teams::{Got, Reply, Teams},
};

fn at_path(path: &str, destinations: &str) -> String {
    format!("admin = \"127.0.0.1:0\"\n[[endpoint]]\npath = \"{path}\"\n{destinations}")
}

/// A destination with this name and address.
fn to(name: &str, address: &str, more: &str) -> String {
    format!("[[endpoint.destination]]\nname = \"{name}\"\ntype = \"http\"\nurl = \"{address}\"\n{SOON}{more}\n")
}

fn ids(got: &[Got]) -> Vec<String> {
    let mut ids: Vec<String> = got.iter().map(|got| got.header("x-message-id").unwrap().to_owned()).collect();
    ids.sort_unstable();
    ids
}

/// Sends messages, which are acknowledged but not read by the relay, and kills the receiver.
fn acknowledge_unread(folder: &Path, toml: &str, path: &str) -> Vec<String> {
    let receiver = Receiver::start_in(folder, toml, &[]);
    let lock = Connection::open(folder.join("data/relay/relay.sqlite")).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ids = (0..4).map(|number| {
        let answer = answer(receiver.address, post(path, "", message("FLOW-1", number)));
        answer.json()["id"].as_str().unwrap().to_owned()
    });
    let ids = ids.collect();
    receiver.kill();
    ids
}

#[test]
fn what_was_acknowledged_before_a_restart_is_judged_by_the_configuration_of_that_time() {
    let teams = Teams::accepting();
    let base = format!("http://{}", teams.address);
    let hr = format!("{base}/hr");
    let not_submitted = "when = \"trigger == 'stepCreated'\"";
    // The number of messages delivered to the address of the first configuration, and of dead letters.
    for (case, before, path, after, delivered, dead) in [
        (
            "nothing changed",
            at_path("/hr", &to("channel", &hr, "")),
            "/hr",
            at_path("/hr", &to("channel", &hr, "")),
            4,
            0,
        ),
        (
            "the path has changed, and with it the endpoint's name",
            at_path("/hr", &to("channel", &hr, "")),
            "/hr",
            at_path("/people", &to("channel", &hr, "")),
            4,
            0,
        ),
        (
            "the name is used again for another endpoint and address",
            at_path("/hr", &to("channel", &hr, "")),
            "/hr",
            at_path("/news", &to("channel", &format!("{base}/news"), "")),
            0,
            4,
        ),
        ("the destination is gone", at_path("/hr", &to("channel", &hr, "")), "/hr", at_path("/hr", ""), 0, 4),
        (
            "the condition has changed",
            at_path("/hr", &to("channel", &hr, "")),
            "/hr",
            at_path("/hr", &to("channel", &hr, not_submitted)),
            4,
            0,
        ),
        (
            "the condition was another",
            at_path("/hr", &to("channel", &hr, not_submitted)),
            "/hr",
            at_path("/hr", &to("channel", &hr, "")),
            0,
            0,
        ),
        (
            "there is one destination more",
            at_path("/hr", &to("channel", &hr, "")),
            "/hr",
            at_path("/hr", &format!("{}{}", to("channel", &hr, ""), to("new", &format!("{base}/new"), ""))),
            4,
            0,
        ),
    ] {
        let folder = TempDir::new().unwrap();
        let seen = teams.got().len();
        let acknowledged = acknowledge_unread(folder.path(), &before, path);
        let receiver = Receiver::start_in(folder.path(), &after, &[]);
        let status = until(&receiver, |status| {
            let sum = |member: &str| -> u64 {
                let destinations = status["destinations"].as_array().unwrap();
                destinations.iter().map(|it| it[member].as_u64().unwrap()).sum()
            };
            status["readUpTo"] == status["logEnd"]
                && sum("waiting") == 0
                && sum("accepted") + sum("deadLetters") == delivered + dead
        });
        let got = teams.got().split_off(seen);
        assert!(got.iter().all(|got| got.head.starts_with("POST /hr ")), "{case}: {got:?}");
        let expected = if delivered == 0 { Vec::new() } else { acknowledged.clone() };
        assert_eq!(ids(&got), expected, "{case}");
        let letters = status["deadLetters"].as_array().unwrap();
        assert_eq!(letters.len() as u64, dead, "{case}");
        for letter in letters {
            assert_eq!((&letter["reason"], &letter["endpoint"]), (&"not-configured".into(), &"/hr".into()), "{case}");
        }
        receiver.terminate();
    }
}

#[test]
fn no_message_is_lost_while_an_endpoint_gets_another_path() {
    let teams = Teams::accepting();
    let address = format!("http://{}/up", teams.address);
    let folder = TempDir::new().unwrap();
    let at = |path: &str| at_path(path, &to("up", &address, ""));
    let receiver = Receiver::start_in(folder.path(), &at("/0"), &[]);
    let is_over = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..3)
        .map(|flow| {
            let (over, receiver_address) = (is_over.clone(), receiver.address);
            thread::spawn(move || {
                let (mut acknowledged, mut path, mut number) = (Vec::new(), 0, 0);
                while !over.load(Ordering::Relaxed) {
                    let mut raw = Raw::connect(receiver_address);
                    let body = message(&format!("FLOW-{flow}"), number);
                    let answer = raw.try_send(&post(&format!("/{path}"), "", body)).then(|| raw.answer()).flatten();
                    match answer {
                        Some(answer) if answer.status == 200 => {
                            acknowledged.push(answer.json()["id"].as_str().unwrap().to_owned());
                            number += 1;
                        }
                        // The previous path is gone, or the next one is not there yet.
                        Some(_) => path = 1 - path,
                        None => {}
                    }
                }
                acknowledged
            })
        })
        .collect();
    for round in 1..=4 {
        let seen = teams.got().len();
        teams.until(|got| got.len() > seen + 5);
        configure(&receiver, folder.path(), &at(&format!("/{}", round % 2)));
    }
    is_over.store(true, Ordering::Relaxed);
    let mut acknowledged: Vec<String> = senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect();
    acknowledged.sort_unstable();
    teams.until(|got| got.len() >= acknowledged.len());
    assert_eq!(ids(&teams.got()), acknowledged);
}

#[test]
fn what_waits_for_a_destination_of_one_endpoint_does_not_go_to_that_of_another() {
    let (down, news) = (Teams::start(|_, _| Reply::status(503)), Teams::accepting());
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::start_in(
        folder.path(),
        &at_path("/hr", &to("channel", &format!("http://{}/", down.address), "")),
        &[],
    );
    let id = answer(receiver.address, post("/hr", "", message("FLOW-1", 1))).json()["id"].as_str().unwrap().to_owned();
    down.until(|got| !got.is_empty());
    let to_news = at_path("/news", &to("channel", &format!("http://{}/", news.address), ""));
    configure(&receiver, folder.path(), &to_news);
    let status = until(&receiver, |status| status["deadLetters"][0]["id"] == id.as_str());
    assert_eq!(status["deadLetters"][0]["reason"], "not-configured");
    let retried = receiver.command(&["relay", "retry", "channel"]);
    assert!(retried.status.success());
    insta::assert_snapshot!("relay_not_configured", String::from_utf8_lossy(&retried.stdout));
    let second = answer(receiver.address, post("/news", "", message("FLOW-1", 2))).json();
    news.until_accepted(1);
    assert_eq!(ids(&news.got()), [second["id"].as_str().unwrap()]);
    // When the destination is back, its dead letter is delivered.
    let back = Teams::accepting();
    let to_hr = at_path("/hr", &to("channel", &format!("http://{}/", back.address), ""));
    configure(&receiver, folder.path(), &to_hr);
    assert_eq!(ids(&back.until_accepted(1)), [id]);
    assert_eq!(news.got().len(), 1);
}

#[test]
fn a_message_that_no_destination_took_is_relayed_when_it_comes_again() {
    let (teams, other) = (Teams::accepting(), Teams::accepting());
    let folder = TempDir::new().unwrap();
    let with = |when: &str, more: &str| endpoint(&format!("{}{more}", to_http("one", &teams, when)));
    let receiver = Receiver::start_in(folder.path(), &with("when = \"trigger == 'stepCreated'\"", ""), &[]);
    let body = message("FLOW-1", 1);
    send(&receiver, &body);
    receiver.logged(0, "passed over by the relay");
    let passed_over = "webhook_receiver_relay_passed_over_total{destination=\"one\",reason=\"when\"} 1";
    assert!(metrics(&receiver).contains(passed_over), "{}", metrics(&receiver));
    configure(&receiver, folder.path(), &with("", ""));
    let second = send(&receiver, &body);
    assert_eq!(ids(&teams.until_accepted(1)), std::slice::from_ref(&second));
    // Now it is a repetition of an accepted message, but not for a new destination.
    configure(&receiver, folder.path(), &with("", &to_http("two", &other, "")));
    let third = send(&receiver, &body);
    assert_eq!(ids(&other.until_accepted(1)), [third]);
    let last = send(&receiver, &message("FLOW-1", 2));
    teams.until(|got| got.iter().any(|got| got.header("x-message-id") == Some(&*last)));
    let mut expected = vec![second, last];
    expected.sort_unstable();
    assert_eq!(ids(&teams.got()), expected);
}

fn metrics(receiver: &Receiver) -> String {
    String::from_utf8(answer(receiver.admin(), "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").body).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn an_older_log_that_is_put_back_is_not_posted_again() {
    for is_another_log in [false, true] {
        let teams = Teams::accepting();
        let folder = TempDir::new().unwrap();
        let (log, backup) = (folder.path().join("data/log"), folder.path().join("backup"));
        let toml = endpoint(&to_http("up", &teams, ""));
        let receiver = Receiver::start_in(folder.path(), &toml, &[]);
        let first = send(&receiver, &message("FLOW-1", 1));
        teams.until_accepted(1);
        receiver.terminate();
        copy(&log, &backup);
        if is_another_log {
            // It is longer than the part of the first that was read.
            let elsewhere = TempDir::new().unwrap();
            let receiver = Receiver::start_in(elsewhere.path(), &endpoint(""), &[]);
            (10..20).for_each(|number| drop(send(&receiver, &message("FLOW-2", number))));
            receiver.terminate();
            fs::remove_dir_all(&backup).unwrap();
            copy(&elsewhere.path().join("data/log"), &backup);
        }
        let receiver = Receiver::start_in(folder.path(), &toml, &[]);
        let second = send(&receiver, &message("FLOW-1", 2));
        teams.until_accepted(2);
        receiver.terminate();
        fs::remove_dir_all(&log).unwrap();
        copy(&backup, &log);

        let receiver = Receiver::start_in(folder.path(), &toml, &[]);
        receiver.logged(0, "nothing of it is relayed again");
        let third = send(&receiver, &message("FLOW-1", 3));
        teams.until(|got| got.iter().any(|got| got.header("x-message-id") == Some(&*third)));
        assert_eq!(teams.accepted().len(), 3);
        // The index has exactly the messages of the log.
        let exported: Vec<Value> = receiver.exported();
        for line in &exported {
            let id = line["id"].as_str().unwrap();
            let shown = receiver.command(&["messages", "show", id, "--raw"]);
            assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
            assert_eq!(String::from_utf8_lossy(&shown.stdout).trim_end(), line["body"].as_str().unwrap());
        }
        assert!(!receiver.command(&["messages", "show", &second]).status.success());
        assert_eq!(exported.iter().any(|line| line["id"] == first.as_str()), !is_another_log);
        receiver.terminate();
    }
}

#[test]
fn a_due_time_of_a_clock_that_was_ahead_stops_no_flow() {
    let down = Arc::new(AtomicBool::new(true));
    let is_down = down.clone();
    let teams =
        Teams::start(move |_, _| if is_down.load(Ordering::Relaxed) { Reply::status(503) } else { Reply::accepted() });
    let folder = TempDir::new().unwrap();
    let lines = "[[endpoint.destination]]\nname = \"lines\"\ntype = \"file\"\npath = \"lines.jsonl\"\n";
    let toml = endpoint(&format!("{}{lines}", to_http("up", &teams, "")));
    let receiver = Receiver::start_in(folder.path(), &toml, &[]);
    let id = send(&receiver, &message("FLOW-1", 1));
    teams.until(|got| !got.is_empty());
    until(&receiver, |status| status["destinations"][0]["accepted"] == 1);
    receiver.terminate();
    let store = Connection::open(folder.path().join("data/relay/relay.sqlite")).unwrap();
    let day = 24 * 60 * 60 * 1_000_000_i64;
    assert_eq!(store.execute("UPDATE delivery SET due = due + ?1, since = since + ?1", [day]).unwrap(), 1);
    drop(store);
    down.store(false, Ordering::Relaxed);
    let _receiver = Receiver::start_in(folder.path(), &toml, &[]);
    assert_eq!(ids(&teams.until_accepted(1)), [id]);
}

#[test]
fn messages_are_sent_again_at_an_operators_wish() {
    let (teams, other) = (Teams::accepting(), Teams::accepting());
    let folder = TempDir::new().unwrap();
    let when = "when = \"flow.id != 'FLOW-3'\"";
    let receiver = Receiver::start_in(folder.path(), &at_path("/old", &to_http("one", &teams, "")), &[]);
    let said = |arguments: &[&str]| {
        let output = receiver.command(arguments);
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        format!("$ {}\n{text}exit {}\n", arguments.join(" "), output.status.code().unwrap())
    };
    let sent: Vec<String> = (1..=3)
        .map(|number| {
            let body = message(&format!("FLOW-{number}"), number);
            answer(receiver.address, post("/old", "", body)).json()["id"].as_str().unwrap().to_owned()
        })
        .collect();
    teams.until_accepted(3);
    let (new, of_new) =
        (at_path("/new", &to_http("two", &other, when)), ["relay", "replay", "two", "--since", "2026-01-01"]);
    configure(&receiver, folder.path(), &new);
    let transcript = [
        said(&of_new),
        said(&["relay", "replay", "two", "--since", "2026-01-01", "--endpoint", "/old", "--until", "2026-01-02"]),
        said(&["relay", "replay", "two", "--since", "2026-01-01", "--endpoint", "/old"]),
        said(&["relay", "replay", "one", "--since", "2026-01-01"]),
        said(&["relay", "replay", "two"]),
        said(&["relay", "replay", "two", "--since", "tomorrow"]),
    ];
    insta::assert_snapshot!("relay_replay", transcript.join("\n"));
    let mut expected = sent[..2].to_vec();
    expected.sort_unstable();
    assert_eq!(ids(&other.until_accepted(2)), expected);
}
