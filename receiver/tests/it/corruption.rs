//! A flipped bit, anywhere in the log: it is found, it costs at most the record that it is in, and it is reported.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use jiff::Timestamp;
use receiver::log::{Entry, LogReport, Position, Record, RecordHeader, SegmentOptions, SegmentedLog};
use tempfile::TempDir;
use uuid::Uuid;

/// Holds three of the records.
const SEGMENT_BYTES: u64 = 600;

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
    Record { header, body: Bytes::from(format!(r#"{{"n":{number},"text":"The 1st of the 2nd"}}"#)) }
}

/// The records that can be read, and the damaged places.
fn read(folder: &Path) -> (Vec<Record>, Vec<(u64, u64)>) {
    let mut reader = SegmentedLog::read_folder(folder, Position(0));
    let (mut records, mut damaged) = (Vec::new(), Vec::new());
    while let Some(entry) = reader.next_entry().unwrap() {
        match entry {
            Entry::Record { record, .. } => records.push(record),
            Entry::Damaged { at, next } => damaged.push((at.0, next.0)),
        }
    }
    (records, damaged)
}

struct Log {
    folder: TempDir,
    options: SegmentOptions,
    records: Vec<Record>,
    /// First byte of each record, and the last one's end.
    positions: Vec<u64>,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

async fn log() -> Log {
    let folder = TempDir::new().unwrap();
    let options = SegmentOptions { segment_bytes: SEGMENT_BYTES, ..SegmentOptions::default() };
    let (log, _) = SegmentedLog::open(folder.path(), options).unwrap();
    let records: Vec<Record> = (0..7).map(record).collect();
    let mut positions = Vec::new();
    for record in &records {
        positions.push(log.append(record).await.unwrap().0);
    }
    positions.push(log.end().0);
    drop(log);
    let paths = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeMap<PathBuf, Vec<u8>> = paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    assert_eq!(files.len(), 3);
    Log { folder, options, records, positions, files }
}

impl Log {
    /// The file with one bit flipped, where it is in the log, and which record it is in.
    fn flips(&self) -> impl Iterator<Item = (&PathBuf, Vec<u8>, u64, Option<usize>)> {
        self.files.iter().flat_map(move |(path, whole)| {
            let base: u64 = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
            (0..whole.len()).map(move |byte| {
                let mut damaged = whole.clone();
                damaged[byte] ^= 1 << (byte % 8);
                let at = base + byte as u64;
                let hit = (byte >= 32).then(|| self.positions.iter().rposition(|start| *start <= at).unwrap());
                (path, damaged, at, hit)
            })
        })
    }

    fn without(&self, hit: Option<usize>) -> Vec<Record> {
        let kept = self.records.iter().enumerate().filter(|(number, _)| Some(*number) != hit);
        kept.map(|(_, record)| record.clone()).collect()
    }
}

#[tokio::test]
async fn every_flipped_bit_is_found_and_costs_only_its_record() {
    let log = log().await;
    for (path, damaged, at, hit) in log.flips() {
        fs::write(path, damaged).unwrap();
        let (records, places) = read(log.folder.path());
        let report = LogReport::of(log.folder.path()).unwrap();
        assert_eq!(records, log.without(hit), "byte {at}");
        match hit {
            None => assert!(report.bad_headers.len() == 1 && places.is_empty() && !report.is_whole(), "byte {at}"),
            // Nobody can know whether the last one was ever whole.
            Some(6) => assert!(report.torn_tail.is_some() && !report.is_whole(), "byte {at}: {report:?}"),
            Some(_) => {
                let [(from, to)] = places[..] else { panic!("byte {at}: {places:?}") };
                assert!((from..to).contains(&at) && !report.is_whole(), "byte {at}: {report:?}");
                let [place] = &report.damaged[..] else { panic!("byte {at}: {report:?}") };
                assert_eq!(path.file_name().unwrap().to_str(), Some(place.file.as_str()));
                assert_eq!((place.position, place.bytes), (Position(from), to - from));
            }
        }
        fs::write(path, &log.files[path]).unwrap();
    }
}

#[tokio::test]
async fn what_a_start_mends_it_does_not_destroy_and_the_log_goes_on() {
    let log = log().await;
    for (path, damaged, at, hit) in log.flips().step_by(13) {
        fs::write(path, &damaged).unwrap();
        let (opened, recovery) = SegmentedLog::open(log.folder.path(), log.options).unwrap();
        assert_eq!(
            (recovery.heads.len(), recovery.aside.len()),
            (usize::from(hit.is_none()), usize::from(hit == Some(6)))
        );
        if hit == Some(6) {
            let saved = fs::read(&recovery.aside[0]).unwrap();
            assert!(damaged.ends_with(&saved) && saved.len() as u64 == recovery.cut, "byte {at}");
        }
        opened.append(&record(99)).await.unwrap();
        drop(opened);
        let mut expected = log.without(hit);
        expected.push(record(99));
        assert_eq!(read(log.folder.path()).0, expected, "byte {at}");
        for entry in fs::read_dir(log.folder.path()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        log.files.iter().for_each(|(path, whole)| fs::write(path, whole).unwrap());
    }
}

#[tokio::test]
async fn a_segment_whose_head_is_lost_is_read_with_its_neighbours_help_or_moved_aside() {
    let log = log().await;
    let paths: Vec<&PathBuf> = log.files.keys().collect();
    let lost = |path: &Path| {
        let mut bytes = log.files[path].clone();
        bytes[..32].fill(0);
        fs::write(path, &bytes).unwrap();
        bytes
    };
    for path in &paths {
        lost(path);
        assert_eq!(read(log.folder.path()).0, log.records, "{}", path.display());
        fs::write(path, &log.files[*path]).unwrap();
    }
    // Alone it has no neighbour.
    fs::remove_file(paths[1]).unwrap();
    fs::remove_file(paths[2]).unwrap();
    let bytes = lost(paths[0]);
    assert_eq!(LogReport::of(log.folder.path()).unwrap().unreadable.len(), 1);
    let (opened, recovery) = SegmentedLog::open(log.folder.path(), log.options).unwrap();
    assert_eq!(fs::read(&recovery.aside[0]).unwrap(), bytes);
    let at = opened.append(&record(99)).await.unwrap();
    assert!(at.0 > bytes.len() as u64, "a position is given twice");
    drop(opened);
    assert_eq!(read(log.folder.path()).0, [record(99)]);
}
