//! Messages of which no two are alike, with words that few, many or half of them have.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use receiver::log::{Record, RecordHeader, SegmentedLog};
use schemas::{Document, Profile, Sample};
use tokio::task::JoinSet;

/// Messages of a flow.
const FLOW_MESSAGES: usize = 10;
/// Messages that wait for one sync.
const CONCURRENT_APPENDS: usize = 500;
/// Number of messages of which one has [`RARE_WORD`].
const RARITY: usize = 1_000_000;

pub(crate) const RARE_WORD: &str = "marzipan";
/// Each message has one of these.
pub(crate) const HALVES: [&str; 2] = ["northern", "southern"];
/// Each message has one of this number of words, `town0` and so on.
pub(crate) const TOWNS: usize = 100;
pub(crate) const ENDPOINTS: usize = 4;

/// The flow of a message.
pub(crate) fn flow(number: usize) -> String {
    let flows = super::MILLION / FLOW_MESSAGES;
    format!("FLOW-{}", number / super::MILLION * flows + number % flows)
}

pub(crate) fn endpoint(number: usize) -> String {
    format!("hooks-{}", number % ENDPOINTS)
}

fn body(sample: &str, number: usize) -> String {
    let half = HALVES[number.count_ones() as usize % 2];
    let rare = if number % RARITY == RARITY / 2 { RARE_WORD } else { "" };
    sample
        .replace("FLOW-604", &flow(number))
        .replacen("Acme", &format!("Acme {number}"), 1)
        .replace("Prefers delivery before noon.", &format!("Lives in town{}, {half} part. {rare}", number % TOWNS))
}

pub(crate) fn record(sample: &str, number: usize) -> Record {
    let body = body(sample, number);
    let document = Document::read(body.as_bytes(), Profile::v1()).unwrap();
    let header = RecordHeader::describe(&document, &endpoint(number), None);
    Record { header, body: Bytes::from(body) }
}

pub(crate) async fn append(log: &Arc<SegmentedLog>, numbers: Range<usize>) {
    let sample = str::from_utf8(Sample::find("step-completed-customer-set-up").unwrap().body).unwrap();
    let end = numbers.end;
    for first in numbers.step_by(CONCURRENT_APPENDS) {
        let mut appends = JoinSet::new();
        for number in first..end.min(first + CONCURRENT_APPENDS) {
            let (record, log) = (record(sample, number), log.clone());
            appends.spawn(async move { log.append(&record).await });
        }
        while let Some(append) = appends.join_next().await {
            append.unwrap().unwrap();
        }
    }
}
