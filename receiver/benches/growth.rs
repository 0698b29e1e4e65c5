//! What a message costs and what a question takes as the log grows: fills a data folder with messages of 1.6 KB, a million at
//! a time, brings the index up with it, and asks. No two messages are alike; each flow has ten of them, spread over their
//! million.
//!
//! `cargo bench -p receiver --bench growth -- DATA_DIR MILLIONS`; the folder stays, to start a receiver on it.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made says why by panicking")]

use std::{collections::HashMap, env, fs, path::Path, sync::Arc, time::Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use receiver::{
    index::{Filter, Index, Indexer, Reader},
    log::{Record, RecordHeader, SegmentOptions, SegmentedLog},
};
use schemas::{Document, Profile, Sample};
use tokio::task::JoinSet;

const MILLION: usize = 1_000_000;
const A_FLOW: usize = 10;
/// Messages that wait for one sync.
const AT_ONCE: usize = 500;
/// Questions of each kind.
const ASKED: usize = 5000;
/// As many as `messages list` shows.
const SHOWN: usize = 20;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [folder, millions] = arguments.as_slice() else { panic!("DATA_DIR MILLIONS") };
    let (folder, millions) = (Path::new(folder), millions.parse::<usize>().unwrap());
    fs::create_dir_all(folder).unwrap();
    let (log, _) = SegmentedLog::open(&folder.join("log"), SegmentOptions::default()).unwrap();
    let log = Arc::new(log);
    let index = Index::open_behind(&folder.join("index.sqlite"), &log.identity()).unwrap();
    let mut indexer = Indexer::new(index, HashMap::new());
    let mut reader = log.read(indexer.position()).unwrap();
    indexer.catch_up(&mut reader).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!("messages   append each   index each   newest {SHOWN}, p99   of a flow, p99   by id, p99   index");
    for million in 0..millions {
        let began = Instant::now();
        runtime.block_on(fill(&log, million));
        let appended = began.elapsed();
        let began = Instant::now();
        assert_eq!(indexer.catch_up(&mut reader).unwrap(), MILLION);
        let indexed = began.elapsed();
        let index = Reader::open(&folder.join("index.sqlite")).unwrap().unwrap();
        let known: Vec<_> = index.newest(&Filter::default(), ASKED).unwrap();
        let newest = p99(|_| index.newest(&Filter::default(), SHOWN).unwrap().len() == SHOWN);
        let by_flow = p99(|_| {
            let flow = Some(flow(fastrand::usize(..(million + 1) * MILLION)));
            index.newest(&Filter { flow, ..Filter::default() }, SHOWN).unwrap().len() == A_FLOW
        });
        let by_id = p99(|number| index.by_id(&known[number].id.to_string()).unwrap().len() == 1);
        println!(
            "{:>7} M   {:>8.2} us   {:>7.1} us   {newest:>10} us   {by_flow:>10} us   {by_id:>7} us   {:>5} MiB",
            million + 1,
            appended.as_secs_f64(),
            indexed.as_secs_f64(),
            fs::metadata(folder.join("index.sqlite")).unwrap().len() >> 20,
        );
    }
}

/// The flow of a message.
fn flow(number: usize) -> String {
    let flows = MILLION / A_FLOW;
    format!("FLOW-{}", number / MILLION * flows + number % flows)
}

async fn fill(log: &Arc<SegmentedLog>, million: usize) {
    let sample = Sample::find("step-completed-customer-set-up").unwrap();
    let text = str::from_utf8(sample.body).unwrap();
    let numbers = million * MILLION..(million + 1) * MILLION;
    for first in numbers.step_by(AT_ONCE) {
        let mut appends = JoinSet::new();
        for number in first..first + AT_ONCE {
            let body = text.replace("FLOW-604", &flow(number)).replacen("Acme", &format!("Acme {number}"), 1);
            let header = RecordHeader::describe(
                &Document::read(body.as_bytes(), Profile::v1()).unwrap(),
                "/hooks/flowingly",
                None,
            );
            let (record, log) = (Record { header, body: Bytes::from(body) }, log.clone());
            appends.spawn(async move { log.append(&record).await });
        }
        while let Some(append) = appends.join_next().await {
            append.unwrap().unwrap();
        }
    }
}

/// The 99th percentile of a question's time, in microseconds; each answer has to be right.
fn p99(mut question: impl FnMut(usize) -> bool) -> u64 {
    let mut times = Histogram::<u64>::new(3).unwrap();
    for number in 0..ASKED {
        let began = Instant::now();
        assert!(question(number));
        times.record(u64::try_from(began.elapsed().as_micros()).unwrap()).unwrap();
    }
    times.value_at_quantile(0.99)
}
