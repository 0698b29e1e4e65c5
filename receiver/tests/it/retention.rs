//! What is too old or too much goes, in whole segments, while messages arrive and are read; what a consumer still needs
//! stays; and no command speaks of what is gone.

use std::{
    collections::HashSet,
    fs::{self, File},
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use jiff::Timestamp;
use receiver::log::{
    Entry, LogReader, Position, Record, RecordHeader, Removed, Retention, SegmentOptions, SegmentedLog,
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::{
    program::Receiver,
    raw_client::{answer, post},
};

const HOUR: Duration = Duration::from_secs(3600);

fn record(number: u128) -> Record {
    let header = RecordHeader {
        id: Uuid::from_u128(number),
        received_at: Timestamp::UNIX_EPOCH,
        endpoint: "a".to_owned(),
        peer: None,
        trigger: None,
        flow: None,
        step: None,
        secret_at: None,
        captured: None,
    };
    Record { header, body: Bytes::from(vec![b' '; 500]) }
}

/// A log with one record a segment.
async fn filled(folder: &Path, retention: Retention, count: u128) -> (SegmentedLog, Vec<Position>) {
    let options = SegmentOptions { segment_bytes: 1, retention, ..SegmentOptions::default() };
    let (log, _) = SegmentedLog::open(folder, options).unwrap();
    let mut positions = Vec::new();
    for number in 0..count {
        positions.push(log.append(&record(number)).await.unwrap());
    }
    (log, positions)
}

fn next(reader: &mut LogReader) -> Option<u128> {
    reader.next_entry().unwrap().map(|entry| match entry {
        Entry::Record { record, .. } => record.header.id.as_u128(),
        Entry::Damaged { .. } => panic!("damaged"),
    })
}

fn rest(mut reader: LogReader) -> Vec<u128> {
    std::iter::from_fn(|| next(&mut reader)).collect()
}

#[tokio::test]
async fn the_oldest_segments_go_and_readers_are_not_broken() {
    let folder = TempDir::new().unwrap();
    let retention = Retention { max_bytes: Some(2000), max_age: None };
    let (log, positions) = filled(folder.path(), retention, 8).await;
    let (mut open, mut beside) =
        (log.read(Position(0)).unwrap(), SegmentedLog::read_folder(folder.path(), Position(0)));
    assert_eq!((next(&mut open), next(&mut beside)), (Some(0), Some(0)));
    let late = log.read(positions[1]).unwrap();
    let mut news = log.subscribe();
    news.mark_unchanged();
    let removed = log.retain(SystemTime::now()).unwrap();
    assert_eq!((removed.segments, removed.held), (5, 0));
    assert!(news.has_changed().unwrap(), "the index does not hear of it");
    assert_eq!(log.retain(SystemTime::now()).unwrap(), Removed::default());
    // The one segment that they have open they read to its end, the others are passed over.
    for reader in [open, beside, late, log.read(Position(0)).unwrap()] {
        assert_eq!(rest(reader), [5, 6, 7]);
    }
    log.append(&record(8)).await.unwrap();
    drop(log);
    assert_eq!(rest(SegmentedLog::read_folder(folder.path(), Position(0))), [5, 6, 7, 8]);
}

#[tokio::test]
async fn what_a_consumer_has_not_read_is_held() {
    let folder = TempDir::new().unwrap();
    let (log, positions) = filled(folder.path(), Retention { max_bytes: Some(1), max_age: None }, 5).await;
    let (pin, further) = (log.pin(positions[2]), log.pin(positions[3]));
    let now = SystemTime::now();
    let removed = log.retain(now).unwrap();
    assert_eq!((removed.segments, removed.held), (2, 2));
    assert_eq!(rest(log.read(Position(0)).unwrap()), [2, 3, 4]);
    pin.move_to(positions[4]);
    assert_eq!(log.retain(now).unwrap().segments, 1);
    // Something given up before comes back.
    pin.move_to(positions[3]);
    drop(further);
    assert_eq!((log.retain(now).unwrap().segments, rest(log.read(Position(0)).unwrap())), (0, vec![3, 4]));
    pin.move_to(positions[4]);
    assert_eq!(log.retain(now).unwrap().segments, 1);
    // The open one stays, whatever its size.
    assert_eq!(rest(log.read(Position(0)).unwrap()), [4]);
}

#[tokio::test]
async fn an_old_segment_goes_also_when_nothing_arrives_any_more() {
    let folder = TempDir::new().unwrap();
    let retention = Retention { max_age: Some(Duration::from_millis(10)), max_bytes: None };
    let (log, _) = filled(folder.path(), retention, 1).await;
    let (mut news, later) = (log.subscribe(), SystemTime::now() + HOUR);
    // The first look lets the writer seal it, once it is a tenth of that age.
    let began = Instant::now();
    while log.retain(later).unwrap().segments == 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "it is never sealed");
        let _ = tokio::time::timeout(Duration::from_millis(5), news.changed()).await;
    }
    assert_eq!(rest(log.read(Position(0)).unwrap()), [0_u128; 0]);
    log.append(&record(1)).await.unwrap();
    assert_eq!(rest(log.read(Position(0)).unwrap()), [1]);
}

#[test]
fn a_running_receiver_drops_what_is_too_old_and_no_command_speaks_of_it() {
    let folder = TempDir::new().unwrap();
    let toml = "[retention]\nmax_age = \"1h\"\n[[endpoint]]\npath = \"/none\"\n";
    let receiver = Receiver::start_in(folder.path(), toml, &[]);
    let ids: Vec<String> = (0..18)
        .map(|number| {
            let body = format!(r#"{{"a":{number},"b":"{}"}}"#, "x".repeat(4_000_000));
            answer(receiver.address, post("/none", "", body)).json()["id"].as_str().unwrap().to_owned()
        })
        .collect();
    let first = folder.path().join("data/log/00000000000000000000.log");
    File::options().append(true).open(&first).unwrap().set_modified(SystemTime::now() - 2 * HOUR).unwrap();
    let began = Instant::now();
    while first.exists() {
        assert!(began.elapsed() < Duration::from_secs(20), "it is not removed");
        assert_eq!(answer(receiver.address, post("/none", "", r#"{"c":1}"#)).status, 200);
    }
    let listed = receiver.command(&["messages", "list", "--output", "json", "-n", "10000"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let listed: HashSet<&str> = listed.as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap()).collect();
    let exported = receiver.exported();
    let bodies: HashSet<&str> = exported.iter().map(|line| line["body"].as_str().unwrap()).collect();
    assert_eq!(listed.len(), bodies.len());
    assert!(!listed.contains(ids[0].as_str()) && listed.contains(ids[17].as_str()));
    let shown = receiver.command(&["messages", "show", &ids[0]]);
    assert!(String::from_utf8_lossy(&shown.stderr).contains("there is no message with the id"));
    assert!(receiver.command(&["messages", "show", &ids[17]]).status.success());
    assert!(fs::read_to_string(folder.path().join("stderr.log")).unwrap().contains("removed the oldest messages"));
}
