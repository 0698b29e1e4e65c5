//! Duplicates, the cursor, and making the index anew.

use std::collections::HashMap;

use bytes::Bytes;
use jiff::{Timestamp, ToSpan as _};
use tempfile::TempDir;
use uuid::Uuid;

use super::{Filter, Index, Indexer};
use crate::log::{MessageLog as _, Position, Record, RecordHeader, SegmentOptions, Segments};

/// A record that arrived so many seconds after the first.
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

async fn filled(folder: &TempDir, records: &[Record]) -> Segments {
    let (log, _) = Segments::open(&folder.path().join("log"), SegmentOptions::default()).unwrap();
    for record in records {
        log.append(record).await.unwrap();
    }
    log
}

fn caught_up(folder: &TempDir, log: &Segments) -> Index {
    let index = Index::open_behind(&folder.path().join("index.sqlite"), log.end()).unwrap();
    let mut indexer = Indexer::new(index, HashMap::new());
    let mut reader = log.read(indexer.position()).unwrap();
    indexer.catch_up(&mut reader).unwrap();
    indexer.into_index()
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
    let log = filled(&folder, &records).await;
    let index = caught_up(&folder, &log);
    assert_eq!(index.counts().unwrap(), (4, 6));
    let first = &index.by_id(&records[2].header.id.to_string()).unwrap()[0];
    assert_eq!((first.id, first.arrivals), (records[0].header.id, 3));
    assert_eq!(index.arrivals(first.id).unwrap().len(), 3);
    assert_eq!(index.newest(&Filter { endpoint: Some("b".to_owned()), ..Filter::default() }, 9).unwrap().len(), 1);
}

#[tokio::test]
async fn it_goes_on_where_it_was_and_an_index_of_another_log_is_made_anew() {
    let folder = TempDir::new().unwrap();
    let log = filled(&folder, &[record(0, "a", "{\"x\":1}"), record(1, "a", "{\"x\":2}")]).await;
    assert_eq!(caught_up(&folder, &log).counts().unwrap(), (2, 2));
    log.append(&record(2, "a", "{\"x\":3}")).await.unwrap();
    let index = caught_up(&folder, &log);
    assert_eq!((index.counts().unwrap(), index.position().unwrap()), ((3, 3), log.end()));
    drop((index, log));
    std::fs::remove_dir_all(folder.path().join("log")).unwrap();
    let log = filled(&folder, &[record(0, "a", "{\"x\":9}")]).await;
    assert_eq!(caught_up(&folder, &log).counts().unwrap(), (1, 1));
    assert!(log.end() > Position(0));
}
