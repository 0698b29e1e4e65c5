//! Pruning: what is old goes from the outbox, what is needed stays, and the same command still knows what it delivered.

use std::{fs, path::PathBuf};

use rusqlite::Connection;

use crate::{
    replay::{Desk, line, ok},
    run,
    support::counting::Counting,
    webhook_sender,
};

const DAY: i64 = 24 * 60 * 60 * 1_000_000;
const KEEP: &str = "WEBHOOK_SENDER_KEEP";
const EVERY_STATUS: [(&str, i64); 7] = [
    ("delivered", 8),
    ("delivered", 6),
    ("discarded", 8),
    ("failed", 8),
    ("pending", 8),
    ("delivered", 0),
    // Written while the clock was ahead.
    ("delivered", -30),
];

const MODEL: &str = r#"
name = "Order"
published = true
[[step]]
name = "Form"
type = "task"
[[step.webhook]]
name = "Archive"
endpoint = "ENDPOINT"
trigger = "stepCompleted"
"#;

/// Added to the model, for a second message of the same flow.
const SECOND_WEBHOOK: &str = r#"
[[step.webhook]]
name = "Second"
endpoint = "ENDPOINT"
trigger = "stepCompleted"
"#;

fn file(desk: &Desk) -> PathBuf {
    desk.path("outbox/outbox.sqlite").into()
}

fn change(desk: &Desk, sql: &str) {
    Connection::open(file(desk)).unwrap().execute_batch(sql).unwrap();
}

fn ids(desk: &Desk, sql: &str) -> Vec<i64> {
    let connection = Connection::open(file(desk)).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn kept(desk: &Desk) -> Vec<i64> {
    let deliveries = ids(desk, "SELECT id FROM delivery ORDER BY id");
    assert_eq!(ids(desk, "SELECT delivery FROM body ORDER BY delivery"), deliveries, "their bodies, and no others");
    let orphans = ids(desk, "SELECT delivery FROM attempt WHERE delivery NOT IN (SELECT id FROM delivery)");
    assert_eq!(orphans, [0; 0], "no attempts are left behind");
    deliveries
}

/// Delivers one message for each line, in a flow of its own.
fn delivered(desk: &Desk, endpoint: &Counting, bodies: impl Iterator<Item = String>) -> String {
    let lines: String = bodies.enumerate().map(|(number, body)| line(&format!("FLOW-{number}"), &body, None)).collect();
    let export = desk.file("export.jsonl", lines);
    ok(desk.replay(&export, &endpoint.url("/")).args(["--concurrency", "1"]));
    export
}

fn run_model(desk: &Desk, model: &str, endpoint: &Counting) -> assert_cmd::Command {
    let model = desk.file("model.toml", model.replace("ENDPOINT", &endpoint.url("/more")));
    let mut command = webhook_sender();
    command.args(["run", &model, "--all-paths", "--data", &desk.path("outbox")]);
    command
}

#[test]
fn old_deliveries_go_and_pending_and_failed_ones_stay() {
    let all = [1, 2, 3, 4, 5, 6, 7];
    let pruned = [2, 4, 5, 6, 7];
    let with = |ids: &[i64]| [ids, &[8]].concat();
    for (name, arguments, keep, expected) in [
        ("prune", ["prune"].as_slice(), None, pruned.to_vec()),
        ("prune, shorter", &["prune", "--older-than", "12h"], None, vec![4, 5, 6, 7]),
        ("prune, longer", &["prune", "--older-than", "9d"], None, all.to_vec()),
        ("prune, at once", &["prune", "--older-than", "0s"], None, vec![4, 5]),
        ("prune, never", &["prune", "--older-than", "forever"], None, all.to_vec()),
        ("prune, longer for all commands", &["prune"], Some("30d"), all.to_vec()),
        ("replay", &["replay"], None, with(&pruned)),
        ("replay, longer", &["replay", "--keep", "30d"], None, with(&all)),
        ("replay, longer than there is time", &["replay", "--keep", "36500d"], None, with(&all)),
        ("replay, never for all commands", &["replay"], Some("forever"), with(&all)),
        ("replay, its own goes too", &["replay", "--keep", "0s"], None, vec![4, 5]),
        ("replay, nothing to send", &["replay", "--flow", "FLOW-99"], None, pruned.to_vec()),
        ("run", &["run"], None, with(&pruned)),
        ("run, longer", &["run", "--keep", "9d"], None, with(&all)),
        ("retry", &["retry"], None, pruned.to_vec()),
        ("retry, longer", &["retry", "--keep", "9d"], None, all.to_vec()),
        ("retry, an old one that was discarded", &["retry", "3"], None, vec![2, 3, 4, 5, 6, 7]),
        ("discard, an old one that failed", &["discard", "4"], None, pruned.to_vec()),
        ("discard, longer", &["discard", "4", "--keep", "9d"], None, all.to_vec()),
    ] {
        let (desk, endpoint) = (Desk::new(), Counting::taking());
        delivered(&desk, &endpoint, EVERY_STATUS.iter().map(|_| "{}".to_owned()));
        for (id, (status, days)) in (1..).zip(EVERY_STATUS) {
            let ended = if status == "pending" { "NULL".to_owned() } else { format!("ended_at - {}", days * DAY) };
            change(&desk, &format!("UPDATE delivery SET status = '{status}', ended_at = {ended} WHERE id = {id}"));
        }
        let mut command = match arguments[0] {
            "replay" => desk.replay(&desk.file("more.jsonl", line("F", "{}", None)), &endpoint.url("/more")),
            "run" => run_model(&desk, MODEL, &endpoint),
            subcommand => desk.deliveries(&[subcommand]),
        };
        ok(command.args(&arguments[1..]).envs(keep.map(|keep| (KEEP, keep))));
        assert_eq!(kept(&desk), expected, "{name}");
    }
}

#[test]
fn pruning_reports_what_went_and_gives_the_space_back() {
    let large = || format!("\"{}\"", "x".repeat((1 << 20) - 2));
    for (name, is_old, bodies, said) in [
        ("many", false, vec!["{}".to_owned(); 1100], "pruned 1100 deliveries, 2.2 kB\n"),
        ("large", false, vec![large(); 10], "pruned 10 deliveries, 10.5 MB\n"),
        ("one, of 0.1.0", true, vec![large()], "pruned 1 delivery, 1.0 MB\n"),
        ("large, of 0.1.0", true, vec![large(); 10], "pruned 10 deliveries, 10.5 MB\n"),
    ] {
        let (desk, endpoint) = (Desk::new(), Counting::taking());
        delivered(&desk, &endpoint, bodies.into_iter());
        change(&desk, &format!("UPDATE delivery SET ended_at = ended_at - {DAY} * 8"));
        if is_old {
            as_of_0_1(&desk);
            change(&desk, &format!("UPDATE attempt SET at = at - {DAY} * 8"));
        }
        let before = fs::metadata(file(&desk)).unwrap().len();
        let pruned = ok(&mut desk.deliveries(&["prune"]));
        assert_eq!(pruned.stdout, said, "{name}");
        let after = fs::metadata(file(&desk)).unwrap().len();
        assert!(after < 100_000 && after < before, "{name}: {before}, {after}");
        assert_eq!(kept(&desk), [0; 0], "{name}");
        assert_eq!(ids(&desk, "SELECT id FROM job"), [0; 0], "{name}");
        assert_eq!(ok(&mut desk.deliveries(&["prune"])).stdout, "pruned 0 deliveries, 0 bytes\n", "{name}");
    }
}

/// Makes the outbox what version 0.1.0 would have made it.
fn as_of_0_1(desk: &Desk) {
    change(
        desk,
        "DROP INDEX delivery_ended; ALTER TABLE delivery DROP COLUMN ended_at; ALTER TABLE job DROP COLUMN pruned;
         PRAGMA user_version = 1; PRAGMA auto_vacuum = 0; VACUUM",
    );
}

#[test]
fn in_an_old_outbox_the_last_attempt_counts() {
    let (desk, endpoint) = (Desk::new(), Counting::taking());
    delivered(&desk, &endpoint, (0..4).map(|_| "{}".to_owned()));
    as_of_0_1(&desk);
    change(
        &desk,
        &format!(
            "UPDATE attempt SET at = at - {DAY} * 8 WHERE delivery <> 2;
             UPDATE delivery SET status = 'discarded' WHERE id = 3;
             UPDATE delivery SET status = 'discarded', attempts = 0, due = due - {DAY} * 8 WHERE id = 4;
             DELETE FROM attempt WHERE delivery = 4"
        ),
    );
    let listed = ok(&mut desk.deliveries(&["list"]));
    assert!(listed.stdout.contains("FLOW-3"), "it is read as it is: {}", listed.stdout);
    assert_eq!(ok(&mut desk.deliveries(&["prune"])).stdout, "pruned 2 deliveries, 4 bytes\n");
    assert_eq!(kept(&desk), [2, 4], "when one without an attempt was discarded is not known");
}

#[test]
fn a_command_that_was_stopped_knows_what_it_delivered_after_that_was_pruned() {
    for (name, pending, sent, note) in [
        (
            "stopped on the way",
            true,
            1,
            "continuing with the 1 of 3 messages still pending; 2 delivered or discarded ones were pruned",
        ),
        ("stopped at the end", false, 0, "stopped when all 3 messages were done"),
    ] {
        let (desk, endpoint) = (Desk::new(), Counting::taking());
        let export = delivered(&desk, &endpoint, (0..3).map(|_| "{}".to_owned()));
        let same = || desk.replay(&export, &endpoint.url("/"));
        change(
            &desk,
            &format!("UPDATE job SET finished_at = NULL; UPDATE delivery SET ended_at = ended_at - {DAY} * 8"),
        );
        if pending {
            change(&desk, "UPDATE delivery SET status = 'pending', ended_at = NULL WHERE id = 3");
        }
        ok(&mut desk.deliveries(&["prune"]));
        assert_eq!(kept(&desk).len(), usize::from(pending), "{name}");
        let resumed = ok(&mut same());
        assert_eq!(endpoint.requests().len(), 3 + sent, "{name}: {}", resumed.stderr);
        assert!(resumed.stderr.contains(note), "{name}: {}", resumed.stderr);
        ok(&mut same());
        assert_eq!(endpoint.requests().len(), 3 + sent + 3, "{name}: it was at its end, and begins again");
        change(&desk, &format!("UPDATE delivery SET ended_at = ended_at - {DAY} * 8"));
        ok(&mut desk.deliveries(&["prune"]));
        assert_eq!(ids(&desk, "SELECT id FROM job"), [0; 0], "{name}: finished jobs go with their last delivery");
    }
}

#[test]
fn a_run_of_which_a_delivery_was_pruned_gives_its_status_to_no_other_webhook() {
    let (desk, endpoint) = (Desk::new(), Counting::taking());
    let model = [MODEL, SECOND_WEBHOOK].concat();
    let whole = ok(&mut run_model(&desk, &model, &endpoint));
    assert!(whole.stdout.contains("Archive: delivered"), "{}", whole.stdout);
    change(
        &desk,
        &format!(
            "UPDATE job SET finished_at = NULL;
             UPDATE delivery SET ended_at = ended_at - {DAY} * 8 WHERE id = 1;
             UPDATE delivery SET status = 'pending', ended_at = NULL WHERE id = 2"
        ),
    );
    let resumed = ok(&mut run_model(&desk, &model, &endpoint));
    assert_eq!(endpoint.requests().len(), 3);
    assert!(resumed.stdout.contains("Archive") && !resumed.stdout.contains("Archive: "), "{}", resumed.stdout);
}

#[test]
fn what_cannot_be_pruned_stops_only_the_command_that_prunes() {
    let (desk, endpoint) = (Desk::new(), Counting::taking());
    let export = delivered(&desk, &endpoint, ["{}".to_owned()].into_iter());
    change(&desk, &format!("UPDATE delivery SET ended_at = ended_at - {DAY} * 8"));
    change(&desk, "CREATE TRIGGER full BEFORE DELETE ON body BEGIN SELECT RAISE(ABORT, 'the disk is full'); END");
    let replayed = ok(&mut desk.replay(&export, &endpoint.url("/")));
    assert!(replayed.stderr.contains("old deliveries could not be pruned"), "{}", replayed.stderr);
    let pruned = run(&mut desk.deliveries(&["prune"]));
    assert_eq!(pruned.code, Some(2), "{}", pruned.stderr);
    assert!(pruned.stderr.contains("the disk is full"), "{}", pruned.stderr);
    assert_eq!(kept(&desk), [1, 2], "half of a delivery is never deleted");
}

#[test]
fn a_retention_that_cannot_be_read_is_refused_before_anything_is_done() {
    let desk = Desk::new();
    for (name, arguments, keep) in [
        ("no such unit", ["--keep", "7 moons"].as_slice(), None),
        ("too long", &["--keep", "36501d"], None),
        ("the variable", &[], Some("a week")),
    ] {
        let export = desk.file("export.jsonl", line("F", "{}", None));
        let mut command = desk.replay(&export, "http://127.0.0.1:9/");
        let refused = run(command.args(arguments).envs(keep.map(|keep| (KEEP, keep))));
        assert_eq!(refused.code, Some(2), "{name}");
        assert!(refused.stderr.contains("--keep"), "{name}: {}", refused.stderr);
        assert!(!file(&desk).exists(), "{name}");
    }
}
