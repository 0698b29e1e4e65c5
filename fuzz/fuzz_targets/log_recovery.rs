//! Checks that a damaged log opens, accepts a new record, and returns all undamaged records and no others.
//!
//! The files are written here, in the format that `log/segment.rs` and `log/record.rs` document, not by their code. The
//! salt depends on the whole input, so that a fuzzer cannot find a checksum by watching the comparison.
#![no_main]

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher as _},
    ops::Range,
    sync::LazyLock,
};

use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use receiver::log::{Entry, Position, Record, RecordHeader, SegmentOptions, SegmentedLog};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

const HEADER_LEN: usize = 32;

#[derive(Arbitrary, Debug, Hash)]
struct Case {
    older: Vec<Vec<u8>>,
    newest: Vec<Vec<u8>>,
    damage: Vec<Damage>,
}

#[derive(Arbitrary, Debug, Hash)]
struct Damage {
    in_newest: bool,
    at: u16,
    kind: Kind,
}

#[derive(Arbitrary, Debug, Hash)]
enum Kind {
    Flip { bits: u8 },
    Zero { length: u8 },
    Overwrite { bytes: Vec<u8> },
    Copy { from: u16, length: u8 },
    Cut,
}

struct Segment {
    bytes: Vec<u8>,
    records: Vec<(Range<usize>, Record)>,
    touched: Vec<Range<usize>>,
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

fuzz_target!(|case: Case| {
    let mut hasher = DefaultHasher::new();
    case.hash(&mut hasher);
    let salt = hasher.finish().to_le_bytes();
    let mut older = Segment::new(0, salt, &case.older);
    let base = older.bytes.len();
    let mut newest = Segment::new(base as u64, salt, &case.newest);
    for Damage { in_newest, at, kind } in &case.damage {
        if *in_newest { newest.damage(*at, kind) } else { older.damage(*at, kind) }
    }

    let memory = tempfile::Builder::new().tempdir_in("/dev/shm").or_else(|_| TempDir::new());
    let folder = memory.expect("a folder can be made");
    fs::write(folder.path().join(format!("{:020}.log", 0)), &older.bytes).expect("a file can be written");
    fs::write(folder.path().join(format!("{base:020}.log")), &newest.bytes).expect("a file can be written");

    let (log, _) = SegmentedLog::open(folder.path(), SegmentOptions::default()).expect("it opens");
    let new = record(usize::MAX, b"{}");
    let at = RUNTIME.block_on(log.append(&new)).expect("it takes a record");
    let after = log.read(at).expect("it can be read").next_entry().expect("it can be read");
    assert!(matches!(after, Some(Entry::Record { record, .. }) if record == new));
    drop(log);

    let mut found = Vec::new();
    let mut reader = SegmentedLog::read_folder(folder.path(), Position(0));
    while let Some(entry) = reader.next_entry().expect("it can be read") {
        if let Entry::Record { record, .. } = entry {
            found.push(record);
        }
    }
    let written = older.records.iter().chain(&newest.records).map(|(_, record)| record);
    let written: Vec<&Record> = written.chain([&new]).collect();
    assert!(found.iter().all(|record| written.contains(&record)), "a record that nobody wrote");
    for whole in older.whole().chain(newest.whole()).chain([&new]) {
        assert!(found.contains(whole), "an undamaged record is lost: {case:?}");
    }
});

impl Segment {
    fn new(base: u64, salt: [u8; 8], bodies: &[Vec<u8>]) -> Self {
        let mut bytes = [b"flowlog1".as_slice(), &base.to_le_bytes(), &salt].concat();
        let checksum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes.resize(HEADER_LEN, 0);
        let mut records = Vec::new();
        for (index, body) in bodies.iter().enumerate() {
            let record = record((base as usize) << 8 | index, body);
            let header = serde_json::to_vec(&record.header).expect("a header is JSON");
            let lengths =
                [header.len() + body.len(), header.len()].map(|length| (length as u32).to_le_bytes()).concat();
            let checksum = crc32fast::hash(&[&salt, &*lengths, &header, body].concat());
            let start = bytes.len();
            for part in [b"\xF7rec".as_slice(), &lengths, &checksum.to_le_bytes(), &header, body] {
                bytes.extend_from_slice(part);
            }
            records.push((start..bytes.len(), record));
        }
        Self { bytes, records, touched: Vec::new() }
    }

    fn damage(&mut self, at: u16, kind: &Kind) {
        let at = usize::from(at) % (self.bytes.len() + 1);
        let until = |length: usize| (at + length).min(self.bytes.len());
        let touched = match kind {
            Kind::Flip { bits } => {
                let touched = at..until(1);
                self.bytes[touched.clone()].iter_mut().for_each(|byte| *byte ^= bits);
                touched
            }
            Kind::Zero { length } => {
                let touched = at..until(usize::from(*length));
                self.bytes[touched.clone()].fill(0);
                touched
            }
            Kind::Overwrite { bytes } => {
                let touched = at..until(bytes.len());
                self.bytes[touched.clone()].copy_from_slice(&bytes[..touched.len()]);
                touched
            }
            Kind::Copy { from, length } => {
                let touched = at..until(usize::from(*length));
                let from = usize::from(*from) % (self.bytes.len() - touched.len() + 1);
                self.bytes.copy_within(from..from + touched.len(), at);
                touched
            }
            Kind::Cut => {
                let touched = at..usize::MAX;
                self.bytes.truncate(at);
                touched
            }
        };
        self.touched.push(touched);
    }

    /// The undamaged records in segments with an undamaged header.
    fn whole(&self) -> impl Iterator<Item = &Record> {
        let touches = |place: &Range<usize>| {
            self.touched.iter().any(|touched| touched.start < place.end && place.start < touched.end)
        };
        let head = !touches(&(0..HEADER_LEN));
        self.records.iter().filter(move |(place, _)| head && !touches(place)).map(|(_, record)| record)
    }
}

fn record(number: usize, body: &[u8]) -> Record {
    let header = RecordHeader {
        id: format!("00000000-0000-7000-8000-{:012x}", number & 0xFFFF_FFFF_FFFF).parse().expect("it is a UUID"),
        received_at: "2026-11-24T12:00:00Z".parse().expect("it is a time"),
        ..RecordHeader::of_unreadable("/hooks", None)
    };
    Record { header, body: body.to_vec().into() }
}
