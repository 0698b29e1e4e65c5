//! What indexing costs for a message.

use std::{collections::HashMap, fs, path::Path, sync::Arc, time::Instant};

use receiver::{
    index::{Index, Indexer},
    log::{Position, SegmentOptions, SegmentedLog},
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{index_in, messages};

const MESSAGES: usize = 200_000;
const ROUNDS: usize = 5;
/// As many as the indexer puts into a transaction.
const BATCH_RECORDS: usize = 500;
/// Bytes of a bare row.
const ROW_BYTES: usize = 100;

/// Something to measure, by its name.
type Kind<'k> = (&'k str, &'k dyn Fn(&Path));

pub(crate) fn run() {
    let folder = TempDir::new().unwrap();
    let (log, _) = SegmentedLog::open(&folder.path().join("log"), SegmentOptions::default()).unwrap();
    let log = Arc::new(log);
    tokio::runtime::Runtime::new().unwrap().block_on(messages::append(&log, 0..MESSAGES));
    let kinds: [Kind<'_>; 3] = [
        ("a bare row of 100 bytes", &bare_rows),
        ("index without texts", &|folder| index(folder, &log, false)),
        ("index with texts", &|folder| index(folder, &log, true)),
    ];
    let mut times = [const { Vec::new() }; 3];
    let mut bytes = [0; 3];
    for _ in 0..ROUNDS {
        for (kind, (_, work)) in kinds.iter().enumerate() {
            let folder = TempDir::new().unwrap();
            let began = Instant::now();
            work(folder.path());
            times[kind].push(began.elapsed().as_secs_f64() * 1e6 / MESSAGES as f64);
            bytes[kind] = fs::metadata(index_in(folder.path())).unwrap().len() / MESSAGES as u64;
        }
    }
    println!("{MESSAGES} messages, medians of {ROUNDS} rounds");
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let base = median(&mut times[0]);
    for (kind, (name, _)) in kinds.iter().enumerate() {
        let each = median(&mut times[kind]);
        let (least, most) = (times[kind][0], times[kind][ROUNDS - 1]);
        println!(
            "{name:<24} {each:>6.1} us ({least:.1} to {most:.1}), {:>5.1} times the bare row, {:>4} bytes",
            each / base,
            bytes[kind]
        );
    }
}

fn index(folder: &Path, log: &SegmentedLog, texts: bool) {
    let index = Index::open_behind(&index_in(folder), &log.identity()).unwrap();
    let indexer = Indexer::new(index, HashMap::new());
    let mut indexer = if texts { indexer } else { indexer.without_texts() };
    assert_eq!(indexer.catch_up(&mut log.read(Position(0)).unwrap()).unwrap(), MESSAGES);
}

/// The least that SQLite takes for as many rows in as many transactions.
fn bare_rows(folder: &Path) {
    let connection = Connection::open(index_in(folder)).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "NORMAL").unwrap();
    connection.execute_batch("CREATE TABLE row (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL)").unwrap();
    let bytes = [7; ROW_BYTES];
    for first in (0..MESSAGES).step_by(BATCH_RECORDS) {
        let transaction = connection.unchecked_transaction().unwrap();
        for number in first..first + BATCH_RECORDS {
            let mut insert = transaction.prepare_cached("INSERT INTO row VALUES (?1, ?2)").unwrap();
            insert.execute((number.cast_signed() as i64, bytes)).unwrap();
        }
        transaction.commit().unwrap();
    }
}
