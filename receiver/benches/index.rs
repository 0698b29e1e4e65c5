//! What the index costs for a message, and what a search takes in millions of them.
//!
//! - `cargo bench -p receiver --bench index -- cost`: indexes the same messages with and without their texts, compared with bare
//!   rows of the same size, in the same run.
//! - `cargo bench -p receiver --bench index -- fill DATA_DIR MILLIONS`: fills a data folder with distinct messages of 1.6 KB and
//!   indexes them. A flow has ten messages, spread over a million. The folder stays, also to start a receiver on it.
//! - `cargo bench -p receiver --bench index -- query DATA_DIR`: searches in it.
//! - `cargo bench -p receiver --bench index -- forget DATA_DIR`: lets retention remove the oldest million, and searches again.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made says why by panicking")]

#[path = "index/cost.rs"]
mod cost;
#[path = "index/messages.rs"]
mod messages;
#[path = "index/queries.rs"]
mod queries;

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Instant, SystemTime},
};

use receiver::{
    index::{Index, Indexer},
    log::{Retention, SegmentOptions, SegmentedLog},
};

const MILLION: usize = 1_000_000;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["cost"] => cost::run(),
        ["fill", folder, millions] => fill(Path::new(folder), millions.parse().unwrap()),
        ["query", folder] => queries::run(Path::new(folder)),
        ["forget", folder] => {
            forget(Path::new(folder));
            queries::run(Path::new(folder));
        }
        _ => println!("usage: cost | fill DATA_DIR MILLIONS | query DATA_DIR | forget DATA_DIR"),
    }
}

fn index_in(folder: &Path) -> PathBuf {
    folder.join("index.sqlite")
}

fn indexer(folder: &Path, log: &SegmentedLog) -> Indexer {
    Indexer::new(Index::open_behind(&index_in(folder), &log.identity()).unwrap(), HashMap::new())
}

fn fill(folder: &Path, millions: usize) {
    fs::create_dir_all(folder).unwrap();
    let (log, _) = SegmentedLog::open(&folder.join("log"), SegmentOptions::default()).unwrap();
    let log = Arc::new(log);
    let mut indexer = indexer(folder, &log);
    let mut reader = log.read(indexer.position()).unwrap();
    indexer.catch_up(&mut reader).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!("messages   append each   index each   index");
    for million in 0..millions {
        let began = Instant::now();
        runtime.block_on(messages::append(&log, million * MILLION..(million + 1) * MILLION));
        let appended = began.elapsed();
        let began = Instant::now();
        assert_eq!(indexer.catch_up(&mut reader).unwrap(), MILLION);
        println!(
            "{:>7} M   {:>8.2} us   {:>7.1} us   {:>5} MiB",
            million + 1,
            appended.as_secs_f64(),
            began.elapsed().as_secs_f64(),
            fs::metadata(index_in(folder)).unwrap().len() >> 20,
        );
    }
}

/// Removes the oldest million messages, as far as whole segments have them.
fn forget(folder: &Path) {
    let (log, _) = SegmentedLog::open(&folder.join("log"), SegmentOptions::default()).unwrap();
    let size = log.size().unwrap();
    let (messages, _) = queries::reader(folder).counts().unwrap();
    drop(log);
    let retention = Retention { max_age: None, max_bytes: Some(size - size / messages * MILLION as u64) };
    let (log, _) =
        SegmentedLog::open(&folder.join("log"), SegmentOptions { retention, ..SegmentOptions::default() }).unwrap();
    let removed = log.retain(SystemTime::now()).unwrap();
    let began = Instant::now();
    let mut indexer = indexer(folder, &log);
    let mut reader = log.read(indexer.position()).unwrap();
    indexer.catch_up(&mut reader).unwrap();
    println!("{} segments removed; the index followed in {:.2} s", removed.segments, began.elapsed().as_secs_f64());
}
