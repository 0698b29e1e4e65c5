//! Files and folders that somebody takes away while the log writes to them.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{SMALL_SEGMENTS, append, names, segment_files};
use crate::log::{AppendError, Position, SegmentOptions, SegmentedLog, record::tests::sample};

/// The log's folder in a root, two folders deep.
fn log_in(root: &Path) -> PathBuf {
    root.join("data/log")
}

fn newest(root: &Path) -> PathBuf {
    segment_files(&log_in(root)).pop().unwrap()
}

fn nothing(_: &Path) {}

#[tokio::test]
async fn a_message_whose_file_is_gone_is_not_acknowledged() {
    struct Case {
        name: &'static str,
        /// Messages that are stored before: with none, no segment is open.
        before: usize,
        options: SegmentOptions,
        change: fn(&Path),
        /// Undoes the change, where it can be undone.
        back: Option<fn(&Path)>,
    }
    let large = SegmentOptions::default();
    // Each message has a segment of its own.
    let tiny = SegmentOptions { segment_bytes: 1, ..SMALL_SEGMENTS };
    fn move_away(root: &Path) {
        fs::rename(root.join("data"), root.join("away")).unwrap();
    }
    fn move_back(root: &Path) {
        fs::remove_dir_all(root.join("data")).unwrap_or_default();
        fs::rename(root.join("away"), root.join("data")).unwrap();
    }
    fn move_away_and_make_another(root: &Path) {
        move_away(root);
        fs::create_dir_all(log_in(root)).unwrap();
    }
    fn move_the_log_and_make_another(root: &Path) {
        fs::rename(log_in(root), root.join("away")).unwrap();
        fs::create_dir(log_in(root)).unwrap();
    }
    fn move_the_log_back(root: &Path) {
        fs::remove_dir_all(log_in(root)).unwrap();
        fs::rename(root.join("away"), log_in(root)).unwrap();
    }
    fn delete_segments(root: &Path) {
        segment_files(&log_in(root)).iter().for_each(|file| fs::remove_file(file).unwrap());
    }
    fn copy(root: &Path) {
        fs::copy(newest(root), root.join("copy")).unwrap();
        fs::rename(root.join("copy"), newest(root)).unwrap();
    }
    fn shorten(root: &Path, by: u64) {
        let file = fs::OpenOptions::new().write(true).open(newest(root)).unwrap();
        file.set_len(file.metadata().unwrap().len().saturating_sub(by)).unwrap();
    }
    let cases = [
        Case { name: "nothing", before: 2, options: large, change: nothing, back: Some(nothing) },
        Case { name: "segments deleted", before: 2, options: large, change: delete_segments, back: None },
        Case { name: "many segments deleted", before: 3, options: tiny, change: delete_segments, back: None },
        Case { name: "replaced by a copy", before: 2, options: large, change: copy, back: None },
        Case { name: "emptied", before: 2, options: large, change: |root| shorten(root, u64::MAX), back: None },
        Case { name: "shortened by a byte", before: 1, options: large, change: |root| shorten(root, 1), back: None },
        Case {
            name: "emptied, new segment due",
            before: 2,
            options: tiny,
            change: |root| shorten(root, u64::MAX),
            back: None,
        },
        Case {
            name: "emptied, and its content put back",
            before: 2,
            options: large,
            change: |root| {
                fs::copy(newest(root), root.join("away")).unwrap();
                shorten(root, u64::MAX);
            },
            back: Some(|root| {
                let content = fs::read(root.join("away")).unwrap();
                fs::OpenOptions::new().append(true).open(newest(root)).unwrap().write_all(&content).unwrap();
            }),
        },
        Case { name: "folder moved", before: 2, options: large, change: move_away, back: Some(move_back) },
        Case {
            name: "folder moved, new segment due",
            before: 2,
            options: tiny,
            change: move_away,
            back: Some(move_back),
        },
        Case {
            name: "folder moved, nothing stored",
            before: 0,
            options: large,
            change: move_away,
            back: Some(move_back),
        },
        Case {
            name: "another in its place",
            before: 2,
            options: large,
            change: move_away_and_make_another,
            back: Some(move_back),
        },
        Case {
            name: "another in its place, new segment due",
            before: 2,
            options: tiny,
            change: move_away_and_make_another,
            back: Some(move_back),
        },
        Case {
            name: "another in its place, nothing stored",
            before: 0,
            options: large,
            change: move_away_and_make_another,
            back: Some(move_back),
        },
        Case {
            name: "another log in the log's place",
            before: 1,
            options: tiny,
            change: move_the_log_and_make_another,
            back: Some(move_the_log_back),
        },
        Case {
            name: "folder deleted",
            before: 1,
            options: large,
            change: |root| fs::remove_dir_all(root.join("data")).unwrap(),
            back: None,
        },
        Case {
            name: "moved, with a link in its place",
            before: 1,
            options: tiny,
            change: |root| {
                move_away(root);
                symlink(root.join("away"), root.join("data")).unwrap();
            },
            back: Some(nothing),
        },
    ];
    for Case { name, before, options, change, back } in cases {
        let root = TempDir::new().unwrap();
        let (log, _) = SegmentedLog::open(&log_in(root.path()), options).unwrap();
        let stored: Vec<String> = (0..before).map(|number| number.to_string()).collect();
        append(&log, &stored.iter().map(String::as_str).collect::<Vec<_>>()).await;
        change(root.path());
        let in_place = name == "nothing" || name.starts_with("moved, with a link");
        if !in_place {
            // Nobody has looked before the first one.
            for _ in 0..3 {
                assert_eq!(log.append(&sample("refused")).await, Err(AppendError::Failed), "{name}");
            }
            assert!(log.check_place().is_err(), "{name}");
            // Another log's folder is not touched.
            if let Ok(mut others) = fs::read_dir(log_in(root.path())) {
                let is_same = name.contains("copy") || name.contains("emptied") || name.contains("shortened");
                assert!(is_same || others.next().is_none(), "{name}");
            }
        }
        let Some(back) = back else {
            assert!(log.check_place().is_err(), "{name}");
            continue;
        };
        back(root.path());
        log.check_place().unwrap();
        append(&log, &["after"]).await;
        let expected: Vec<String> = stored.into_iter().chain(["after".to_owned()]).collect();
        assert_eq!(names(log.read(Position(0)).unwrap()), expected, "{name}");
        drop(log);
        let (log, recovery) = SegmentedLog::open(&log_in(root.path()), options).unwrap();
        assert!(recovery.is_empty(), "{name}: {recovery:?}");
        assert_eq!(names(log.read(Position(0)).unwrap()), expected, "{name}, opened again");
    }
}

#[tokio::test]
async fn an_older_segment_that_somebody_deletes_is_missed_and_new_messages_are_stored() {
    let root = TempDir::new().unwrap();
    let (log, _) = SegmentedLog::open(root.path(), SegmentOptions { segment_bytes: 1, ..SMALL_SEGMENTS }).unwrap();
    append(&log, &["a", "b"]).await;
    drop(log);
    let options = SegmentOptions {
        segment_bytes: 1,
        retention: crate::log::Retention { max_age: None, max_bytes: Some(4_000) },
        ..SMALL_SEGMENTS
    };
    let (log, _) = SegmentedLog::open(root.path(), options).unwrap();
    append(&log, &["c", "d"]).await;
    let files = segment_files(root.path());
    assert_eq!((files.len(), log.missing().unwrap()), (4, vec![]));
    fs::rename(&files[1], root.path().join("away")).unwrap();
    fs::rename(&files[2], root.path().join("away too")).unwrap();
    assert_eq!(log.missing().unwrap(), files[1..3]);
    append(&log, &["e"]).await;
    fs::rename(root.path().join("away"), &files[1]).unwrap();
    assert_eq!(log.missing().unwrap(), files[2..3]);
    // What retention removes is not missed.
    let removed = log.retain(std::time::SystemTime::now()).unwrap();
    assert!(removed.segments > 0, "{removed:?}");
    assert_eq!(log.missing().unwrap(), files[2..3]);
}
