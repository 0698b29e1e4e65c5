//! Duplicates, the cursor, and rebuilding the index.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use bytes::Bytes;
use jiff::{Timestamp, ToSpan as _};
use tempfile::TempDir;
use uuid::Uuid;

use super::{Index, Indexer, Message, Reader, Search, Sources};
use crate::log::{Entry, Position, Record, RecordHeader, Retention, SegmentOptions, SegmentedLog};
use crate::query::Query;

/// A record that arrived `seconds` after the first.
fn record(seconds: i64, endpoint: &str, body: &'static str) -> Record {
    let received_at = Timestamp::UNIX_EPOCH + seconds.seconds();
    let header = RecordHeader {
        id: Uuid::now_v7(),
        received_at,
        endpoint: endpoint.to_owned(),
        peer: None,
        trigger: None,
        flow: None,
        step: None,
        secret_at: None,
        captured: None,
    };
    Record { header, body: Bytes::from_static(body.as_bytes()) }
}

async fn index_of(folder: &TempDir, records: &[Record]) -> SegmentedLog {
    let (log, _) = SegmentedLog::open(&folder.path().join("log"), SegmentOptions::default()).unwrap();
    for record in records {
        log.append(record).await.unwrap();
    }
    log
}

fn file_in(folder: &TempDir) -> PathBuf {
    folder.path().join("index.sqlite")
}

/// Brings the index up to the log's end.
fn caught_up(folder: &TempDir, log: &SegmentedLog) -> Reader {
    update(folder, log);
    Reader::open(&file_in(folder)).unwrap().unwrap()
}

fn newest(folder: &TempDir, index: &Reader, query: &str) -> Vec<Message> {
    let log = SegmentedLog::read_folder(&folder.path().join("log"), Position(0));
    let mut sources = Sources { log, profile_of: &|_| None, deliveries: None };
    let query = Query::parse(query, Timestamp::UNIX_EPOCH).unwrap();
    index.newest(Search::newest(&query, 99), &mut sources).unwrap().messages
}

fn update(folder: &TempDir, log: &SegmentedLog) -> Index {
    let index = Index::open_behind(&folder.path().join("index.sqlite"), &log.identity()).unwrap();
    let mut indexer = Indexer::new(index, HashMap::new());
    let mut reader = log.read(indexer.position()).unwrap();
    indexer.catch_up(&mut reader).unwrap();
    indexer.into_index()
}

#[tokio::test]
async fn more_than_fits_into_one_transaction_is_read_to_the_end() {
    let folder = TempDir::new().unwrap();
    let large: &str = String::leak(format!("{{\"x\":\"{}\"}}", "x".repeat(3 << 20)));
    let records: Vec<Record> = (0..7).map(|number| record(number * 1000, "a", large)).collect();
    let log = index_of(&folder, &records).await;
    assert_eq!(caught_up(&folder, &log).counts().unwrap(), (7, 7));
}

#[tokio::test]
async fn equal_bodies_within_the_window_are_one_message_with_several_arrivals() {
    let folder = TempDir::new().unwrap();
    let records = [
        record(0, "a", "{\"x\":1}"),
        record(200, "a", "{\"x\":1}"),
        record(450, "a", "{\"x\":1}"),
        record(450, "b", "{\"x\":1}"),
        record(460, "a", "{\"x\":2}"),
        record(800, "a", "{\"x\":1}"),
    ];
    let log = index_of(&folder, &records).await;
    let index = caught_up(&folder, &log);
    assert_eq!(index.counts().unwrap(), (4, 6));
    let first = &index.by_id(&records[2].header.id.to_string()).unwrap()[0];
    assert_eq!((first.id, first.arrivals), (records[0].header.id, 3));
    assert_eq!(index.arrivals(first.id).unwrap().len(), 3);
    assert_eq!(newest(&folder, &index, "endpoint:b").len(), 1);
}

#[tokio::test]
async fn it_goes_on_where_it_was_and_an_index_of_another_log_is_made_anew() {
    let folder = TempDir::new().unwrap();
    let log = index_of(&folder, &[record(0, "a", "{\"x\":1}"), record(1, "a", "{\"x\":2}")]).await;
    assert_eq!(caught_up(&folder, &log).counts().unwrap(), (2, 2));
    log.append(&record(2, "a", "{\"x\":3}")).await.unwrap();
    let index = caught_up(&folder, &log);
    assert_eq!((index.counts().unwrap(), index.position().unwrap()), ((3, 3), log.end()));
    drop((index, log));
    std::fs::remove_dir_all(folder.path().join("log")).unwrap();
    let log = index_of(&folder, &[record(0, "a", "{\"x\":9}")]).await;
    assert_eq!(caught_up(&folder, &log).counts().unwrap(), (1, 1));
    assert!(log.end() > Position(0));
}

#[tokio::test]
async fn an_index_whose_log_was_replaced_is_made_again_however_far_the_new_one_reaches() {
    let body = |text: &str| -> &'static str { String::leak(format!("{{\"x\":\"{text}\"}}")) };
    let append = async |log: &SegmentedLog, texts: &[&str]| {
        for (second, text) in (0..).zip(texts) {
            log.append(&record(second * 1000, "a", body(text))).await.unwrap();
        }
    };
    let copy = |from: &Path, to: &Path| {
        fs::create_dir_all(to).unwrap();
        fs::read_dir(from).unwrap().for_each(|entry| {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        });
    };
    for (case, before, backup, after, is_another_log) in [
        ("another log, shorter", &["1", "2"][..], 0, &["3"][..], true),
        ("another log, longer", &["1"], 0, &["2", "3", "4"], true),
        ("another log, with records of the same length", &["1", "2"], 0, &["3", "4"], true),
        ("an older state", &["1", "2", "3"], 2, &[], false),
        ("an older state, continued as far", &["1", "2", "3"], 1, &["4", "5"], false),
        (
            "an older state, continued further, with other lengths",
            &["1", "2"],
            1,
            &["long", "longer still", "x"],
            false,
        ),
    ] {
        let folder = TempDir::new().unwrap();
        let (log_folder, copied) = (folder.path().join("log"), folder.path().join("copy"));
        let log = index_of(&folder, &[]).await;
        append(&log, &before[..backup]).await;
        drop(log);
        copy(&log_folder, &copied);
        let log = index_of(&folder, &[]).await;
        append(&log, &before[backup..]).await;
        assert_eq!(caught_up(&folder, &log).counts().unwrap().1, before.len() as u64, "{case}");
        drop(log);
        fs::remove_dir_all(&log_folder).unwrap();
        if !is_another_log {
            copy(&copied, &log_folder);
        }
        let log = index_of(&folder, &[]).await;
        append(&log, after).await;
        let index = caught_up(&folder, &log);
        assert_eq!(index.counts().unwrap().1, (backup + after.len()) as u64, "{case}");
        for message in newest(&folder, &index, "") {
            let Some(Entry::Record { record, .. }) = log.read(message.position).unwrap().next_entry().unwrap() else {
                panic!("{case}")
            };
            assert_eq!(record.header.id, message.id, "{case}");
        }
    }
}

#[tokio::test]
async fn an_index_is_kept_where_only_the_last_record_is_damaged_or_gone() {
    let folder = TempDir::new().unwrap();
    let log = index_of(&folder, &[record(0, "a", "{\"x\":1}"), record(1, "a", "{\"x\":2}")]).await;
    let index = update(&folder, &log);
    let cursor = index.cursor().unwrap();
    let (last, _) = cursor.last.unwrap();
    drop(index);
    log.append(&record(2, "a", "{\"x\":3}")).await.unwrap();
    drop(log);
    let segment = fs::read_dir(folder.path().join("log")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&segment).unwrap();
    bytes[usize::try_from(last.0).unwrap() + 30] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let log = index_of(&folder, &[]).await;
    assert_eq!(cursor.replaced_by(&log.identity()).unwrap(), None);
    // The damaged message is still listed: the index was not made again.
    assert_eq!(caught_up(&folder, &log).counts().unwrap(), (3, 3));
}

#[tokio::test]
async fn what_retention_removed_goes_and_the_rest_is_as_if_made_anew() {
    let folder = TempDir::new().unwrap();
    let options = SegmentOptions {
        segment_bytes: 900,
        retention: Retention { max_age: None, max_bytes: Some(1100) },
        ..SegmentOptions::default()
    };
    let (log, _) = SegmentedLog::open(&folder.path().join("log"), options).unwrap();
    let body = |number: usize| [r#"{"x":1}"#, r#"{"x":2}"#, r#"{"x":3}"#][number];
    // The first body arrives on both sides of every place where the log may be cut, the others on one.
    for (second, number) in [0, 1, 0, 0, 2, 0, 2, 0, 0, 1, 0, 0].into_iter().enumerate() {
        log.append(&record(i64::try_from(second).unwrap(), "a", body(number))).await.unwrap();
    }
    let before = caught_up(&folder, &log);
    assert_eq!(before.counts().unwrap(), (3, 12));
    drop(before);
    assert!(log.retain(SystemTime::now()).unwrap().segments > 0);
    let index = caught_up(&folder, &log);
    let rows = |index: &Reader| -> Vec<_> {
        let messages = newest(&folder, index, "");
        messages.into_iter().map(|message| (index.arrivals(message.id).unwrap(), message)).collect()
    };
    let kept = rows(&index);
    assert!(kept.iter().map(|(arrivals, _)| arrivals.len()).sum::<usize>() < 12);
    drop(index);
    Index::remove(&folder.path().join("index.sqlite"));
    assert_eq!(kept, rows(&caught_up(&folder, &log)));
}

#[tokio::test]
async fn two_processes_can_keep_the_same_index_up() {
    let folder = TempDir::new().unwrap();
    let records: Vec<Record> = (0..600).map(|number| record(number * 1000, "a", "{\"x\":1}")).collect();
    let log = index_of(&folder, &records).await;
    let file = folder.path().join("index.sqlite");
    let open = || Indexer::new(Index::open(&file).unwrap(), HashMap::new());
    let (mut one, mut other) = (open(), open());
    let (mut reading, mut reading_too) = (log.read(Position(0)).unwrap(), log.read(Position(0)).unwrap());
    // The first takes one batch, the other begins where it was, and then the first where that was.
    assert_eq!(one.add_batch(&mut reading).unwrap().records, 500);
    other.catch_up(&mut reading_too).unwrap();
    one.catch_up(&mut reading).unwrap();
    drop((one, other));
    let index = Reader::open(&file).unwrap().unwrap();
    assert_eq!(index.counts().unwrap(), (600, 600));
    assert_eq!(index.position().unwrap(), log.end());
}

#[tokio::test]
async fn a_repeated_message_is_found_by_each_of_its_arrivals() {
    let folder = TempDir::new().unwrap();
    let records = [record(0, "a", "{\"x\":1}"), record(200, "a", "{\"x\":1}"), record(450, "a", "{\"x\":2}")];
    let log = index_of(&folder, &records).await;
    let index = caught_up(&folder, &log);
    let at = |seconds: i64| Timestamp::UNIX_EPOCH + seconds.seconds();
    for (case, since, until, found) in [
        ("since before the first arrival", -1, 1000, 2),
        ("since the first arrival", 0, 1, 1),
        ("since after the first arrival", 1, 1000, 2),
        ("only the last arrival", 1, 300, 1),
        ("since after the last arrival", 201, 1000, 1),
        ("until the first arrival", -5, 0, 0),
    ] {
        let query = format!("since:{} until:{}", at(since), at(until));
        assert_eq!(newest(&folder, &index, &query).len(), found, "{case}");
    }
    for record in &records[..2] {
        assert_eq!(index.by_id(&record.header.id.to_string()).unwrap()[0].id, records[0].header.id);
    }
}

#[tokio::test]
async fn a_later_arrival_is_recognised_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let log = index_of(&folder, &[record(0, "a", "{\"x\":1}"), record(200, "a", "{\"x\":1}")]).await;
    assert_eq!(caught_up(&folder, &log).counts().unwrap(), (1, 2));
    for seconds in [450, 700, 1001, 1301] {
        log.append(&record(seconds, "a", "{\"x\":1}")).await.unwrap();
        caught_up(&folder, &log);
    }
    assert_eq!(caught_up(&folder, &log).counts().unwrap(), (2, 6));
}
