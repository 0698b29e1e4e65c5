//! Which log was read.

use super::*;

#[tokio::test]
async fn a_log_that_was_replaced_is_not_relayed_again() {
    for (case, is_another_log, after) in [
        ("another log, shorter", true, 1),
        ("another log, longer", true, 9),
        ("an older state", false, 0),
        ("an older state, continued", false, 9),
        ("the same log", false, -1),
    ] {
        let folder = TempDir::new().unwrap();
        let (log_folder, relay) = (folder.path().join("log"), folder.path().join("relay"));
        let append = async |log: &SegmentedLog, count: i64| {
            for second in 0..count {
                log.append(&record("hooks", at(second))).await.unwrap();
            }
        };
        let open = || SegmentedLog::open(&log_folder, SegmentOptions::default()).unwrap().0;
        let log = open();
        let mut store = Store::open(&relay, &log.identity()).unwrap();
        let [a] = serve(&mut store, &["a"], log.end().0)[..] else { panic!() };
        append(&log, 2).await;
        let backup: Vec<_> = std::fs::read_dir(&log_folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        append(&log, 3).await;
        let mut reader = log.read(Position(0)).unwrap();
        let (mut last, mut arrivals) = (None, Vec::new());
        while let Some(crate::log::Entry::Record { at, record, .. }) = reader.next_entry().unwrap() {
            last = Some((at, record.header.id));
            arrivals.push(IncomingMessage { at, message: record.header.id, ..arrival(0, 0, &[a]) });
        }
        let router = store.router().unwrap();
        store.enqueue(&router, &arrivals[4..], last, reader.position()).unwrap();
        let read_up_to = store.cursor().unwrap();
        drop((store, log, reader));
        let is_replaced = after >= 0;
        if is_replaced {
            std::fs::remove_dir_all(&log_folder).unwrap();
            if !is_another_log {
                std::fs::create_dir(&log_folder).unwrap();
                backup.into_iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
            }
        }
        let log = open();
        append(&log, after).await;
        let store = Store::open(&relay, &log.identity()).unwrap();
        let expected = if is_replaced { log.end() } else { read_up_to };
        assert_eq!(store.cursor().unwrap(), expected, "{case}");
        // From here on it is the log that is read.
        drop(store);
        append(&log, 1).await;
        let store = Store::open(&relay, &log.identity()).unwrap();
        assert_eq!(store.cursor().unwrap(), expected, "{case}: what came since is still to be read");
    }
}

#[test]
fn a_log_that_is_made_only_with_its_first_message_is_the_same_log() {
    let folder = TempDir::new().unwrap();
    let (log_folder, relay) = (folder.path().join("log"), folder.path().join("relay"));
    let open = || SegmentedLog::open(&log_folder, SegmentOptions::default()).unwrap().0;
    for _ in 0..2 {
        // Nothing comes, and the next start draws another salt.
        let log = open();
        assert_eq!(Store::open(&relay, &log.identity()).unwrap().cursor().unwrap(), Position(0));
    }
    let log = open();
    drop(Store::open(&relay, &log.identity()).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { log.append(&record("hooks", at(0))).await.unwrap() });
    drop(log);
    // It ended before the message was read.
    let log = open();
    assert_eq!(Store::open(&relay, &log.identity()).unwrap().cursor().unwrap(), Position(0));
}
