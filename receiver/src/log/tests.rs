//! The log's guarantees: order, durability, and recovery from anything that a crash can leave.

mod displaced;

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::{FileExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{
    AppendError, Entry, LogReader, Position, Record, Recovery, Retention, SegmentOptions, SegmentedLog,
    record::tests::sample,
};

const SMALL_SEGMENTS: SegmentOptions = SegmentOptions {
    segment_bytes: 5000,
    queue_bytes: 1 << 20,
    retention: Retention { max_age: None, max_bytes: None },
};

fn open(folder: &TempDir) -> (SegmentedLog, Recovery) {
    SegmentedLog::open(folder.path(), SMALL_SEGMENTS).unwrap()
}

async fn append(log: &SegmentedLog, endpoints: &[&str]) {
    for endpoint in endpoints {
        log.append(&sample(endpoint)).await.unwrap();
    }
}

/// The endpoint names of the records, `!` for a damaged place.
fn names(mut reader: LogReader) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        names.push(match entry {
            Entry::Record { record, .. } => record.header.endpoint,
            Entry::Damaged { .. } => "!".to_owned(),
        });
    }
    names
}

fn all(folder: &TempDir) -> Vec<String> {
    names(SegmentedLog::read_folder(folder.path(), Position(0)))
}

fn segment_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn records_are_read_in_the_order_they_were_acknowledged_across_segments_and_restarts() {
    let folder = TempDir::new().unwrap();
    let (log, recovery) = open(&folder);
    assert_eq!(recovery, Recovery::default());
    append(&log, &["a", "b", "c", "d"]).await;
    assert_eq!(names(log.read(Position(0)).unwrap()), ["a", "b", "c", "d"]);
    drop(log);
    let (log, recovery) = open(&folder);
    assert_eq!(recovery, Recovery::default());
    append(&log, &["e", "f"]).await;
    assert_eq!(names(log.read(Position(0)).unwrap()), ["a", "b", "c", "d", "e", "f"]);
    assert!(segment_files(folder.path()).len() > 1);
    for file in segment_files(folder.path()) {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_reader_goes_on_from_where_it_was_and_sees_what_came_since() {
    let folder = TempDir::new().unwrap();
    let (log, _) = open(&folder);
    let mut reader = log.read(Position(0)).unwrap();
    assert!(reader.next_entry().unwrap().is_none());
    let mut other = SegmentedLog::read_folder(folder.path(), Position(0));
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        append(&log, &[name]).await;
        for reader in [&mut reader, &mut other] {
            let Some(Entry::Record { record, .. }) = reader.next_entry().unwrap() else { panic!("{name}") };
            assert_eq!(record.header.endpoint, name);
            assert!(reader.next_entry().unwrap().is_none());
        }
    }
    assert_eq!(names(log.read(reader.position()).unwrap()), [""; 0]);
}

#[tokio::test]
async fn the_position_of_an_append_is_where_its_record_is_read() {
    let folder = TempDir::new().unwrap();
    let (log, _) = open(&folder);
    let records: Vec<Record> = (0..40).map(|number| sample(&number.to_string())).collect();
    let appends = records.iter().map(|record| log.append(record));
    let positions = futures_in_order(appends).await;
    for (record, position) in records.iter().zip(positions) {
        let entry = log.read(position).unwrap().next_entry().unwrap();
        let Some(Entry::Record { at, record: read, .. }) = entry else { panic!("{entry:?}") };
        assert_eq!((at, &read), (position, record));
    }
}

/// Starts all, so that they share batches, then waits for each.
async fn futures_in_order(
    appends: impl Iterator<Item = impl Future<Output = Result<Position, AppendError>>>,
) -> Vec<Position> {
    let mut appends: Vec<_> = appends.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        for append in &mut appends {
            assert!(append.as_mut().poll(cx).is_pending());
        }
        std::task::Poll::Ready(())
    })
    .await;
    let mut positions = Vec::new();
    for append in appends {
        positions.push(append.await.unwrap());
    }
    positions
}

#[tokio::test]
async fn a_tail_torn_at_any_byte_is_cut_and_costs_only_itself() {
    let folder = TempDir::new().unwrap();
    let (log, _) = SegmentedLog::open(folder.path(), SegmentOptions::default()).unwrap();
    append(&log, &["a", "b"]).await;
    let whole = fs::read(&segment_files(folder.path())[0]).unwrap();
    append(&log, &["c"]).await;
    drop(log);
    let file = segment_files(folder.path()).remove(0);
    let torn = fs::read(&file).unwrap();
    for length in (whole.len()..torn.len()).step_by(61).chain([whole.len() + 1, torn.len() - 1]) {
        fs::write(&file, &torn[..length]).unwrap();
        let (log, recovery) = SegmentedLog::open(folder.path(), SegmentOptions::default()).unwrap();
        assert_eq!(recovery.cut, (length - whole.len()) as u64);
        append(&log, &["d"]).await;
        assert_eq!(names(log.read(Position(0)).unwrap()), ["a", "b", "d"], "{length}");
    }
}

#[tokio::test]
async fn a_flipped_bit_in_the_middle_is_skipped_and_costs_only_its_record() {
    let folder = TempDir::new().unwrap();
    let (log, _) = SegmentedLog::open(folder.path(), SegmentOptions::default()).unwrap();
    append(&log, &["a"]).await;
    let Position(begin) = log.append(&sample("b")).await.unwrap();
    let Position(end) = log.append(&sample("c")).await.unwrap();
    drop(log);
    let file = segment_files(folder.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    // The first segment begins at position 0, so a position is a place in its file.
    for at in (usize::try_from(begin).unwrap()..usize::try_from(end).unwrap()).step_by(37) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(&file, &damaged).unwrap();
        assert_eq!(all(&folder), ["a", "!", "c"], "byte {at}");
        let (log, recovery) = SegmentedLog::open(folder.path(), SegmentOptions::default()).unwrap();
        assert_eq!((recovery.cut, recovery.damaged.len()), (0, 1));
        drop(log);
    }
}

#[tokio::test]
async fn damage_at_the_end_of_an_older_segment_does_not_hide_the_newer_ones() {
    let folder = TempDir::new().unwrap();
    let (log, _) = open(&folder);
    append(&log, &["a", "b", "c", "d"]).await;
    drop(log);
    let files = segment_files(folder.path());
    assert!(files.len() >= 2);
    let oldest = OpenOptions::new().write(true).open(&files[0]).unwrap();
    let length = oldest.metadata().unwrap().len();
    oldest.write_all_at(b"\0", length - 1).unwrap();
    let read = all(&folder);
    assert_eq!((read.last().map(String::as_str), read.iter().filter(|name| *name == "!").count()), (Some("d"), 1));
}

#[tokio::test]
async fn a_record_forged_inside_a_body_is_not_found_behind_damage() {
    let folder = TempDir::new().unwrap();
    let (log, _) = SegmentedLog::open(folder.path(), SegmentOptions::default()).unwrap();
    append(&log, &["a"]).await;
    let mut forged = Vec::new();
    sample("forged").encode([0; 8], &mut forged);
    log.append(&Record { body: forged.into(), ..sample("carrier") }).await.unwrap();
    append(&log, &["c"]).await;
    drop(log);
    let file = segment_files(folder.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    let carrier = whole.windows(7).position(|window| window == b"carrier").unwrap();
    OpenOptions::new().write(true).open(&file).unwrap().write_all_at(b"X", carrier as u64).unwrap();
    assert_eq!(all(&folder), ["a", "!", "c"]);
}

#[tokio::test]
async fn a_segment_that_was_never_begun_is_removed() {
    let folder = TempDir::new().unwrap();
    let (log, _) = open(&folder);
    append(&log, &["a"]).await;
    drop(log);
    let stub = folder.path().join("00000000000000099999.log");
    fs::write(&stub, b"flowlog1").unwrap();
    let (log, recovery) = open(&folder);
    assert_eq!(recovery.removed, [stub]);
    append(&log, &["b"]).await;
    assert_eq!(names(log.read(Position(0)).unwrap()), ["a", "b"]);
}

#[tokio::test]
async fn what_does_not_fit_in_the_queue_is_refused_and_the_rest_is_kept() {
    let folder = TempDir::new().unwrap();
    let options = SegmentOptions { queue_bytes: 100, ..SMALL_SEGMENTS };
    let (log, _) = SegmentedLog::open(folder.path(), options).unwrap();
    assert_eq!(log.append(&sample("large")).await, Err(AppendError::Full));
    let small = Record { body: b"{}".as_slice().into(), ..sample("small") };
    log.append(&small).await.unwrap();
    assert_eq!(names(log.read(Position(0)).unwrap()), ["small"]);
}

#[tokio::test]
async fn a_log_that_cannot_be_written_refuses_and_comes_back_by_itself() {
    let folder = TempDir::new().unwrap();
    let (log, _) = open(&folder);
    append(&log, &["a", "b"]).await;
    // The next append needs a new segment, for which there is no folder.
    let away = folder.path().with_extension("away");
    fs::rename(folder.path(), &away).unwrap();
    for _ in 0..3 {
        assert_eq!(log.append(&sample("refused")).await, Err(AppendError::Failed));
    }
    fs::rename(&away, folder.path()).unwrap();
    append(&log, &["c"]).await;
    assert_eq!(names(log.read(Position(0)).unwrap()), ["a", "b", "c"]);
}

/// A body that looks like the frames of records, each of which claims to reach to its end.
fn frames(bytes: usize) -> Vec<u8> {
    let lengths = (0..bytes / 16).rev().map(|left| u32::try_from(left * 16).unwrap());
    lengths.flat_map(|length| [&b"\xF7rec"[..], &length.to_le_bytes(), &[0; 8]].concat()).collect()
}

/// To search each claim to its end takes the square of the body: many minutes.
#[tokio::test]
async fn a_large_body_full_of_frames_is_passed_over_in_one_go_torn_or_damaged() {
    let folder = TempDir::new().unwrap();
    let options = SegmentOptions { queue_bytes: 64 << 20, ..SegmentOptions::default() };
    let (log, _) = SegmentedLog::open(folder.path(), options).unwrap();
    append(&log, &["a"]).await;
    let Position(begin) = log.append(&Record { body: frames(1 << 20).into(), ..sample("frames") }).await.unwrap();
    append(&log, &["b"]).await;
    let Position(torn) = log.append(&Record { body: frames(1 << 20).into(), ..sample("torn") }).await.unwrap();
    let end = log.end().0;
    drop(log);
    let file = segment_files(folder.path()).remove(0);
    let opened = OpenOptions::new().write(true).open(&file).unwrap();
    // The head of the first, and the last byte of the second.
    opened.write_all_at(b"X", begin + 20).unwrap();
    opened.set_len(end - 1).unwrap();
    let (log, recovery) = SegmentedLog::open(folder.path(), options).unwrap();
    assert_eq!((recovery.cut, recovery.damaged.len()), (end - 1 - torn, 1));
    append(&log, &["c"]).await;
    assert_eq!(names(log.read(Position(0)).unwrap()), ["a", "!", "b", "c"]);
}
