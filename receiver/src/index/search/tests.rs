//! Messages are found by every term of the grammar, page by page in both directions, and in time.

mod of_relay;

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use jiff::{Timestamp, ToSpan as _};
use schemas::{Document, Profile, Sample};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use self::of_relay::OfRelay;
use super::{Deliveries, Page, Search, Sources, TextMatcher};
use crate::{
    index::{Index, Indexer, Reader},
    log::{Captured, Position, Record, RecordHeader, Retention, SegmentOptions, SegmentedLog},
    query::{Predicate, Query, Term},
};

/// A log, and an index of it in parts of a few messages.
struct Indexed {
    folder: TempDir,
    log: SegmentedLog,
    reader: Reader,
    positions: Vec<Position>,
}

impl Indexed {
    async fn of(records: &[Record], part_arrivals: i64, options: SegmentOptions) -> Self {
        let folder = TempDir::new().unwrap();
        let (log, _) = SegmentedLog::open(&folder.path().join("log"), options).unwrap();
        let mut positions = Vec::new();
        for record in records {
            positions.push(log.append(record).await.unwrap());
        }
        let reader = Self::update(&folder, &log, part_arrivals);
        Self { folder, log, reader, positions }
    }

    fn update(folder: &TempDir, log: &SegmentedLog, part_arrivals: i64) -> Reader {
        let file = folder.path().join("index.sqlite");
        let mut index = Index::open_behind(&file, &log.identity()).unwrap();
        index.part_arrivals = part_arrivals;
        let mut indexer = Indexer::new(index, HashMap::new());
        let mut reader = log.read(indexer.position()).unwrap();
        indexer.catch_up(&mut reader).unwrap();
        drop(indexer);
        Reader::open(&file).unwrap().unwrap()
    }

    fn search(&self, search: &Search<'_>) -> Page {
        let deliveries = OfRelay(&self.positions);
        self.reader.search(search, &mut self.sources(Some(&deliveries))).unwrap()
    }

    fn sources<'s>(&self, deliveries: Option<&'s dyn Deliveries>) -> Sources<'s> {
        Sources { log: self.log.read(Position(0)).unwrap(), profile_of: &|_| None, deliveries }
    }

    /// The numbers of all matching messages, in the order in which pages of two have them.
    fn found(&self, query: &str, ascending: bool) -> Vec<usize> {
        self.found_by(&Query::parse(query, at(0)).unwrap(), ascending)
    }

    fn found_by(&self, query: &Query, ascending: bool) -> Vec<usize> {
        let mut search = Search { query, before: None, after: None, limit: 2, budget: Duration::from_secs(60) };
        if ascending {
            search.after = Some(Position(0));
        }
        let mut found = Vec::new();
        loop {
            let page = self.search(&search);
            assert_eq!(page.searched_back_to, None);
            assert!(page.messages.len() <= 2);
            found.extend(
                page.messages
                    .iter()
                    .map(|message| self.positions.iter().position(|position| *position == message.position).unwrap()),
            );
            let Some(next) = page.next else { return found };
            *(if ascending { &mut search.after } else { &mut search.before }) = Some(next);
        }
    }
}

fn at(seconds: i64) -> Timestamp {
    "2026-10-12T00:00:00Z".parse::<Timestamp>().unwrap() + seconds.seconds()
}

/// A record that arrived `seconds` after midnight, with a body that differs from the sample in these members.
fn record(seconds: i64, endpoint: &str, changes: &[(&str, Value)]) -> Record {
    let sample = Sample::find("step-completed-customer-set-up").unwrap();
    let mut body: Value = serde_json::from_slice(sample.body).unwrap();
    for (pointer, value) in changes {
        *body.pointer_mut(pointer).unwrap() = value.clone();
    }
    let body = serde_json::to_vec(&body).unwrap();
    let mut header = RecordHeader::describe(&Document::read(&body, Profile::v1()).unwrap(), endpoint, None);
    header.id = Uuid::from_u128(u128::try_from(seconds).unwrap() << 100 | 0xabc);
    header.received_at = at(seconds);
    Record { header, body: Bytes::from(body) }
}

fn records() -> Vec<Record> {
    let remarks = "/step/fields/7/value";
    let mut captured = record(0x500, "capture", &[]);
    captured.header.captured = Some(Box::new(Captured { headers: Vec::new(), quarantined: false }));
    captured.body = Bytes::from_static(br#"{"anything":["Zebra crossing"]}"#);
    (captured.header.trigger, captured.header.flow, captured.header.step) = (None, None, None);
    vec![
        record(0x100, "hooks", &[("/flow/flowIdentifier", json!("FLOW-1")), (remarks, json!("Please ring\nJosé"))]),
        record(0x200, "hooks", &[("/trigger", json!("unknown")), (remarks, json!("ring me, please"))]),
        record(0x300, "other", &[("/flow/flowIdentifier", json!("FLOW-12")), ("/flow/subject", json!("Anvils Inc"))]),
        record(
            0x400,
            "other",
            &[("/step/stepIdentifier", json!("Approve")), ("/step/fields/0/name", json!("Turnover"))],
        ),
        captured,
        record(0x501, "hooks", &[(remarks, json!(format!("{} tail", "x".repeat(100_000))))]),
        record(
            0x502,
            "other",
            &[("/step/stepIdentifier", json!("Approve")), ("/step/fields/0/name", json!("Turnover"))],
        ),
        record(0x900, "hooks", &[("/flow/flowIdentifier", json!("flow-1"))]),
    ]
}

#[tokio::test]
async fn messages_are_found_by_every_term_and_its_negation() {
    for part_arrivals in [3, 1000] {
        let indexed = Indexed::of(&records(), part_arrivals, SegmentOptions::default()).await;
        for (query, expected) in [
            ("", &[7, 5, 4, 3, 2, 1, 0][..]),
            ("endpoint:hooks", &[7, 5, 1, 0]),
            ("-endpoint:hooks", &[4, 3, 2]),
            ("endpoint:ho*", &[7, 5, 1, 0]),
            ("-endpoint:ho*", &[4, 3, 2]),
            ("endpoint:hook", &[]),
            ("trigger:stepCompleted", &[7, 5, 3, 2, 0]),
            ("-trigger:stepCompleted", &[4, 1]),
            ("flow:FLOW-1", &[0]),
            ("flow:FLOW-1*", &[2, 0]),
            ("-flow:FLOW-604", &[7, 4, 2, 0]),
            ("flow:FLOW-1* endpoint:other", &[2]),
            ("step:Approve", &[3]),
            ("-step:Approve", &[7, 5, 4, 2, 1, 0]),
            ("is:holds", &[7, 5, 3, 2, 0]),
            ("-is:holds", &[4, 1]),
            ("is:broken", &[1]),
            ("is:captured", &[4]),
            ("is:repeated", &[3]),
            ("-is:repeated", &[7, 5, 4, 2, 1, 0]),
            ("is:repeated endpoint:hooks", &[]),
            ("clause:MSG-3", &[1]),
            ("-clause:MSG-3", &[7, 5, 4, 3, 2, 0]),
            ("relay:dead", &[2]),
            ("relay:waiting", &[3]),
            ("relay:teams", &[3, 2]),
            ("relay:accepted", &[]),
            ("-relay:teams", &[7, 5, 4, 1, 0]),
            ("relay:teams endpoint:other anvils", &[2]),
            ("since:2026-10-12T00:20:00Z", &[7, 5, 4, 3]),
            ("until:2026-10-12T00:05:00Z", &[0]),
            ("since:2026-10-12T00:21:20Z until:2026-10-12T00:21:22Z", &[5, 4, 3]),
            ("since:2027-10-12", &[]),
            ("size:>100000", &[5]),
            ("-size:>100000", &[7, 4, 3, 2, 1, 0]),
            ("size:..100", &[4]),
            ("arrivals:2..5", &[3]),
            ("-arrivals:2..5", &[7, 5, 4, 2, 1, 0]),
            ("id:00003", &[2]),
            ("-id:00003", &[7, 5, 4, 3, 1, 0]),
            ("id:000050", &[5, 4, 3]),
            ("id:0", &[7, 5, 4, 3, 2, 1, 0]),
            ("field:\"credit LIMIT\"", &[7, 5, 3, 2, 1, 0]),
            ("field:Turnover", &[3]),
            ("-field:Turnover", &[7, 5, 4, 2, 1, 0]),
            ("ring", &[1, 0]),
            ("jose", &[0]),
            ("JOSÉ", &[0]),
            ("ring please", &[1, 0]),
            ("\"please ring\"", &[0]),
            ("\"ring me\"", &[1]),
            ("\"Ltd jo\"", &[]),
            ("jo@example.com", &[7, 5, 3, 2, 1, 0]),
            ("jo@com.example", &[]),
            ("zebra", &[4]),
            ("wholesale", &[7, 5, 3, 2, 1, 0]),
            ("retail", &[]),
            ("5000.5 -endpoint:other", &[7, 5, 1, 0]),
            ("anvils endpoint:other flow:FLOW*", &[2]),
            ("anvils endpoint:hooks", &[]),
        ] {
            let mut expected = expected.to_vec();
            assert_eq!(indexed.found(query, false), expected, "{query}, in parts of {part_arrivals}");
            if let Some(matching) = matching(&records(), query) {
                assert_eq!(matching, expected, "{query}, on each record");
            }
            expected.reverse();
            assert_eq!(indexed.found(query, true), expected, "{query}, oldest first, in parts of {part_arrivals}");
        }
        for query in ["tail", "\"x tail\""] {
            assert_eq!(indexed.found(query, false), [0; 0], "the index has no more of a text than 16 KiB");
            assert_eq!(matching(&records(), query).unwrap(), [0; 0], "and a record is judged alike");
        }
        let long = Search {
            query: &Query::parse("size:>100000", at(0)).unwrap(),
            before: None,
            after: None,
            limit: 1,
            budget: Duration::MAX,
        };
        assert!(indexed.search(&long).messages[0].is_text_cut);
    }
}

/// The numbers of the messages whose records match a query of text terms, newest first.
fn matching(records: &[Record], query: &str) -> Option<Vec<usize>> {
    let query = Query::parse(query, at(0)).unwrap();
    if !query.terms().iter().all(|term| TextMatcher::decides(&term.predicate)) {
        return None;
    }
    let matcher = TextMatcher::of(&query).unwrap()?;
    let matches = |record: &Record| {
        let document = Document::read(&record.body, Profile::v1()).ok();
        matcher.matches(record, document.as_ref(), &[]).unwrap()
    };
    // 6 is the second arrival of 3.
    Some((0..records.len()).rev().filter(|number| *number != 6 && matches(&records[*number])).collect())
}

#[tokio::test]
async fn texts_that_a_message_must_not_have_need_no_other_term() {
    let indexed = Indexed::of(&records(), 3, SegmentOptions::default()).await;
    let not = |predicate| [Term { negated: true, predicate }].into_iter().collect::<Query>();
    let word = |word: &str| Predicate::Word(word.to_owned());
    assert_eq!(indexed.found_by(&not(word("ring")), false), [7, 5, 4, 3, 2]);
    assert_eq!(indexed.found_by(&not(Predicate::Phrase("please ring".to_owned())), false), [7, 5, 4, 3, 2, 1]);
    assert_eq!(indexed.found_by(&not(word("zebra")).and(not(word("ring"))), true), [2, 3, 5, 7]);
}

#[tokio::test]
async fn a_live_search_goes_on_where_the_index_was() {
    let indexed = Indexed::of(&records(), 3, SegmentOptions::default()).await;
    let query = &Query::parse("turnover", at(0)).unwrap();
    let search = |after| {
        indexed.search(&Search { query, before: None, after: Some(after), limit: 9, budget: Duration::from_secs(60) })
    };
    let page = search(Position(0));
    assert_eq!((page.messages.len(), page.next, page.indexed.0 + 1), (1, None, indexed.log.end().0));
    indexed.log.append(&record(0xA00, "hooks", &[("/flow/subject", json!("Turnover"))])).await.unwrap();
    Indexed::update(&indexed.folder, &indexed.log, 3);
    let newer = search(page.indexed);
    assert_eq!(newer.messages.len(), 1);
    assert!(newer.messages[0].position > page.indexed);
}

#[tokio::test]
async fn a_search_without_an_answer_ends_in_time_and_goes_on_where_it_was() {
    let words = ["odd", "even"];
    let records: Vec<Record> = (0..600)
        .map(|number| {
            let subject = json!(format!("{} {number}", words[number % 2]));
            record(i64::try_from(number).unwrap() * 1000, "hooks", &[("/flow/subject", subject)])
        })
        .collect();
    let indexed = Indexed::of(&records, 100, SegmentOptions::default()).await;
    for text in ["odd even", "size:1", "flow:FLOW* size:1", "\"even ltd\" odd"] {
        let query = &Query::parse(text, at(0)).unwrap();
        let search = Search { query, before: None, after: None, limit: 50, budget: Duration::ZERO };
        let page = indexed.search(&search);
        assert_eq!(page.messages, [], "{text}");
        assert!(page.next.is_some() && page.searched_back_to.is_some(), "{text}");
        // With more time each search goes on where the one before was.
        let (mut before, mut searches) = (page.next, 0);
        while let Some(position) = before {
            let page = indexed.search(&Search { before: Some(position), budget: Duration::from_millis(5), ..search });
            assert!(page.messages.is_empty() && page.next.is_none_or(|next| next <= position), "{text}");
            (before, searches) = (page.next, searches + 1);
            assert!(searches < 10_000, "{text}");
        }
    }
}

#[tokio::test]
async fn phrases_are_looked_for_in_a_bounded_number_of_bodies() {
    let records: Vec<Record> = (0..250)
        .map(|number| record(number * 1000, "hooks", &[("/flow/subject", json!(format!("a {number} b")))]))
        .collect();
    let indexed = Indexed::of(&records, 1000, SegmentOptions::default()).await;
    let query = &Query::parse("\"a b\"", at(0)).unwrap();
    let search = Search { query, before: None, after: None, limit: 50, budget: Duration::from_secs(60) };
    let page = indexed.search(&search);
    assert_eq!(page.next, Some(indexed.positions[50]));
    assert_eq!(page.searched_back_to, Some(at(50_000)));
    assert_eq!(indexed.search(&Search { before: page.next, ..search }).next, None);
    let mut sources = indexed.sources(None);
    let page = indexed.reader.newest(search, &mut sources).unwrap();
    assert_eq!((page.messages.len(), page.next), (0, None), "all 250 were looked at");
    let page = indexed.reader.newest(Search { budget: Duration::ZERO, ..search }, &mut sources).unwrap();
    assert!(page.messages.is_empty() && page.searched_back_to.is_some());
}

#[tokio::test]
async fn what_retention_removed_is_not_found_and_the_rest_still_is() {
    let options = SegmentOptions {
        segment_bytes: 4000,
        retention: Retention { max_age: None, max_bytes: Some(8000) },
        ..SegmentOptions::default()
    };
    let subject = |text: &str| [("/flow/subject", json!(text))];
    let mut records: Vec<Record> =
        (0..11).map(|number| record(number, "hooks", &subject(&format!("word {number}")))).collect();
    // One that arrives on both sides of the cut.
    records.insert(0, record(12, "hooks", &subject("word again")));
    records.push(record(20, "hooks", &subject("word again")));
    let mut indexed = Indexed::of(&records, 2, options).await;
    let parts = |reader: &Reader| -> i64 {
        reader
            .connection
            .query_row("SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%fts5%'", [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!((parts(&indexed.reader), indexed.found("word", false).len()), (7, 12));
    assert!(indexed.log.retain(std::time::SystemTime::now()).unwrap().segments > 0);
    indexed.reader = Indexed::update(&indexed.folder, &indexed.log, 2);
    assert!(parts(&indexed.reader) < 7);
    let found = indexed.found("word", false);
    assert_eq!(found.first(), Some(&12), "it is the message of its later arrival now");
    assert!(found.len() < 12);
    assert_eq!(indexed.found("\"word again\"", false), [12]);
    assert_eq!(indexed.found("is:repeated", false), [0; 0]);
    assert_eq!(indexed.found("", true), found.into_iter().rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn an_emptied_secret_is_not_in_the_index() {
    let body =
        br#"{"trigger":"stepCompleted","clientSecret":"","flow":{"flowIdentifier":"FLOW-1"},"step":{"fields":[]}}"#;
    let header = RecordHeader::describe(&Document::read(body, Profile::v1()).unwrap(), "hooks", None);
    assert!(header.secret_at.is_some());
    let indexed = Indexed::of(&[Record { header, body: Bytes::from_static(body) }], 3, SegmentOptions::default()).await;
    assert_eq!(indexed.found("clientSecret", false), [0; 0]);
    assert_eq!(indexed.found("FLOW-1", false), [0]);
}
