//! The deliveries of messages, by their status and destination.

use super::*;
use crate::{index::Deliveries, query::RelayFilter};

fn found(store: &Store, filter: &RelayFilter, limit: usize) -> Vec<u64> {
    let (mut found, mut below) = (Vec::new(), Position(u64::MAX >> 1));
    loop {
        let page = store.newest(filter, below, limit).unwrap().unwrap();
        assert!(page.len() <= limit && page.is_sorted_by(|a, b| a > b), "{filter}: {page:?}");
        let Some(last) = page.last() else { return found };
        below = *last;
        found.extend(page.iter().map(|position| position.0));
    }
}

fn outcome(id: u64, disposition: Disposition) -> DeliveryOutcome {
    DeliveryOutcome { id, at: at(9), disposition, error: None }
}

#[test]
fn deliveries_are_found_by_status_and_destination() {
    let (folder, mut store) = store(0);
    let [a, b] = serve(&mut store, &["a", "b"], 0)[..] else { panic!() };
    // The numbers of the deliveries are 1 to 8.
    let both = [a, b];
    add(&mut store, &[arrival(10, 0, &both), arrival(20, 1, &[a]), arrival(30, 2, &both), arrival(40, 3, &both)], 41);
    assert_eq!(waiting(&store, b), [10, 30, 40]);
    store.complete(a, &[outcome(1, Disposition::Delivered), outcome(3, Disposition::DeadLetter("refused"))]).unwrap();
    store.complete_lines(b, &[2, 5], at(9), 100).unwrap();
    enqueue(&mut store, &[arrival(50, 4, &[a])], 51);
    let named = |name: &str| RelayFilter::Destination(name.to_owned());
    let read = Store::open_for_reading(&folder.path().join("relay")).unwrap().unwrap();
    for (filter, expected) in [
        // It is undecided whether 50 is due, which counts as waiting in the status too.
        (RelayFilter::Waiting, &[50, 40, 30][..]),
        (RelayFilter::Accepted, &[30, 10]),
        (RelayFilter::Dead, &[20]),
        (named("a"), &[40, 30, 20, 10]),
        (named("b"), &[40, 30, 10]),
        (named("c"), &[]),
    ] {
        for limit in [1, 2, 99] {
            assert_eq!(found(&read, &filter, limit), expected, "{filter}, {limit} at once");
        }
        for position in [10, 20, 30, 40, 50, 60] {
            let has = read.has(&filter, Position(position)).unwrap();
            assert_eq!(has, expected.contains(&position), "{filter} at {position}");
        }
    }
    assert!(read.connection.execute("DELETE FROM accepted", []).is_err(), "it is only for reading");
}

#[test]
fn an_accepted_delivery_is_kept_as_long_as_the_log_has_its_message() {
    let (_folder, mut store) = store(0);
    let [a, b] = serve(&mut store, &["a", "b"], 0)[..] else { panic!() };
    let arrivals: Vec<_> = (1..=5).map(|number| arrival(number, 0, &[a, b])).collect();
    add(&mut store, &arrivals, 6);
    for number in [a, b] {
        let mut ids = Vec::new();
        store.each_waiting(number, 0, |id, _, _| ids.push(id)).unwrap();
        let accepted: Vec<_> = ids.into_iter().map(|id| outcome(id, Disposition::Delivered)).collect();
        store.complete(number, &accepted).unwrap();
    }
    let rows = |store: &Store| -> Vec<i64> {
        [a, b]
            .map(|number| {
                let count = "SELECT count(*) FROM accepted WHERE destination = ?1";
                store.connection.query_row(count, [number], |row| row.get(0)).unwrap()
            })
            .to_vec()
    };
    for (case, start, limit, expected) in [
        ("the log has all", 1, 9, [5, 5]),
        ("the first three are gone, two at once", 4, 2, [3, 3]),
        ("then the third", 4, 2, [2, 2]),
        ("there are no more", 4, 2, [2, 2]),
        ("the log is empty", 9, 9, [0, 0]),
    ] {
        store.forget_accepted(Position(start), limit).unwrap();
        assert_eq!(rows(&store), expected, "{case}");
    }
}

#[test]
fn a_store_of_version_2_keeps_from_now_on_what_is_accepted() {
    let (folder, mut log) = empty_log();
    log.end = Position(1000);
    let relay = folder.path().join("relay");
    std::fs::create_dir(&relay).unwrap();
    Connection::open(relay.join("relay.sqlite")).unwrap().execute_batch(include_str!("../form-2.sql")).unwrap();
    assert!(
        matches!(Store::open_for_reading(&relay), Err(StoreError::Older { .. })),
        "a receiver may be running on it"
    );
    let mut store = Store::open(&relay, &log).unwrap();
    let [a] = serve(&mut store, &["a"], 1000)[..] else { panic!() };
    let [it] = &store.status().unwrap().destinations[..] else { panic!() };
    assert_eq!((it.waiting, it.dead_letters, it.accepted), (1, 1, 9));
    assert_eq!(found(&store, &RelayFilter::Accepted, 9), [0; 0], "what was accepted before is not known");
    store.complete(a, &[outcome(5, Disposition::Delivered)]).unwrap();
    assert_eq!(found(&store, &RelayFilter::Accepted, 9), [500]);
    assert_eq!(found(&store, &RelayFilter::Dead, 9), [600]);
    drop(store);
    assert!(Store::open_for_reading(&relay).unwrap().is_some(), "it has the present version");
}
