//! What configurations say, and what waits when they change.

use rusqlite::Connection;

use super::*;

#[test]
fn a_message_is_judged_by_the_configuration_that_was_in_force_at_its_position() {
    let (_folder, mut store) = store(100);
    let first = [destination("a", "old", "a", Some("trigger == 'stepCompleted'")), destination("b", "old", "b", None)];
    let [a, b] = configure(&mut store, &first, 100)[..] else { panic!() };
    // The endpoint has another name, one destination another condition, and the other is gone.
    let second = [destination("a", "new", "a", Some("trigger == 'stepCreated'"))];
    store.configure(&["new"], &second, Position(200)).unwrap();
    let overlapping = store.router().unwrap();
    store.retire_routing(Position(250)).unwrap();
    let [c] = store.numbers(&second).unwrap()[..] else { panic!() };
    let c = c.unwrap();
    let router = store.router().unwrap();
    let (old, new) = (record("old", at(0)), record("new", at(0)));
    for (case, router, position, endpoint, expected) in [
        ("before the first", &router, 99, "old", None),
        ("under the first", &router, 100, "old", Some(vec![a, b])),
        ("under the first, and not known there", &router, 199, "new", None),
        ("while both are in force", &router, 220, "old", Some(vec![a, b])),
        ("while both are in force, of the new one", &router, 220, "new", Some(vec![c])),
        ("under the second", &router, 250, "new", Some(vec![c])),
        ("begun under the first and stored under the second", &router, 300, "old", Some(vec![a, b])),
        ("before the first is retired", &overlapping, 300, "old", Some(vec![a, b])),
        ("an endpoint that never was", &router, 300, "other", None),
    ] {
        assert_eq!(router.destinations(Position(position), endpoint), expected, "{case}");
    }
    for (case, number, position, record, expected) in [
        ("the condition of the first", a, 150, &old, RoutingDecision::Due),
        ("no condition", b, 150, &old, RoutingDecision::Due),
        ("the condition of the second", c, 300, &new, RoutingDecision::NotMatched),
        ("begun under the first and stored under the second", a, 300, &old, RoutingDecision::Due),
    ] {
        assert_eq!(router.decide(number, Position(position), record), expected, "{case}");
    }
    // While two tables are in force, a match of either is enough.
    let third = [destination("a", "new", "a", Some("trigger == 'stepCompleted'"))];
    store.configure(&["new"], &third, Position(400)).unwrap();
    let router = store.router().unwrap();
    assert_eq!(router.decide(c, Position(399), &new), RoutingDecision::NotMatched);
    assert_eq!(router.decide(c, Position(400), &new), RoutingDecision::Due);
}

#[test]
fn a_table_is_kept_as_long_as_something_is_to_be_judged_by_it() {
    let (_folder, mut store) = store(0);
    let [a] = serve(&mut store, &["a"], 0)[..] else { panic!() };
    enqueue(&mut store, &[arrival(1, 0, &[a])], 2);
    for since in 2..99 {
        let name = if since % 2 == 0 { "b" } else { "c" };
        serve(&mut store, &[name], since);
    }
    let router = store.router().unwrap();
    assert_eq!(router.decide(a, Position(1), &record("hooks", at(0))), RoutingDecision::Due);
    decide(&mut store, a, |_| (None, 0, RoutingDecision::NotMatched));
    enqueue(&mut store, &[], 99);
    serve(&mut store, &["d"], 99);
    let kept: i64 = store.connection.query_row("SELECT count(*) FROM routing", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 32);
    // An equal table is not added again.
    serve(&mut store, &["d"], 100);
    assert_eq!(store.router().unwrap().destinations(Position(100), "hooks").map(|numbers| numbers.len()), Some(1));
    let newest: i64 = store.connection.query_row("SELECT max(since) FROM routing", [], |row| row.get(0)).unwrap();
    assert_eq!(newest, 99);
}

#[test]
fn nothing_is_taken_in_by_tables_that_have_changed_meanwhile() {
    let (_folder, mut store) = store(0);
    let [a] = serve(&mut store, &["a"], 0)[..] else { panic!() };
    let router = store.router().unwrap();
    serve(&mut store, &["a", "b"], 5);
    assert!(!store.enqueue(&router, &[arrival(6, 0, &[a])], None, Position(7)).unwrap());
    assert_eq!((store.cursor().unwrap(), store.undecided().unwrap()), (Position(0), vec![]));
}

#[test]
fn what_waits_belongs_to_name_and_endpoint_and_goes_nowhere_else() {
    let (hr, news) = ("hr.jsonl", "news.jsonl");
    // What waits is at position 1, what is not decided yet at 2; what is given up already at 3.
    for (case, now, expected_dead, expected_waiting) in [
        ("the same", destination("channel", "/hr", hr, None), vec!["refused 03"], vec![1, 2]),
        (
            "another address, the same endpoint",
            destination("channel", "/hr", news, None),
            vec!["refused 03"],
            vec![1, 2],
        ),
        (
            "the name is at another endpoint, and leads elsewhere",
            destination("channel", "/news", news, None),
            vec!["not-configured 01", "not-configured 02", "refused 03"],
            vec![],
        ),
        (
            "the endpoint has another name, and it leads to the same place",
            destination("channel", "/people", hr, None),
            vec!["refused 03"],
            vec![1, 2],
        ),
        (
            "another name leads to the same place",
            destination("other", "/hr", hr, None),
            vec!["not-configured 01", "not-configured 02", "refused 03"],
            vec![],
        ),
    ] {
        let (_folder, mut store) = store(0);
        let [before] = configure(&mut store, &[destination("channel", "/hr", hr, None)], 0)[..] else { panic!() };
        add(&mut store, &[arrival(3, 0, &[before]), arrival(1, 1, &[before])], 4);
        let refused =
            DeliveryOutcome { id: 1, at: at(5), disposition: Disposition::DeadLetter("refused"), error: None };
        store.complete(before, &[refused]).unwrap();
        enqueue(&mut store, &[arrival(2, 2, &[before])], 5);
        let [number] = configure(&mut store, &[now], 5)[..] else { panic!() };
        decide(&mut store, before, |_| (None, 0, RoutingDecision::Due));
        let mut found: Vec<String> = dead(&store).into_iter().map(|(.., why, at)| format!("{why} {at}")).collect();
        found.sort();
        assert_eq!(
            (found, waiting(&store, number)),
            (expected_dead.iter().map(ToString::to_string).collect(), expected_waiting),
            "{case}"
        );
    }
}

#[test]
fn what_was_given_up_with_its_destination_comes_back_with_it() {
    let (_folder, mut store) = store(0);
    let [a, b] = serve(&mut store, &["a", "b"], 0)[..] else { panic!() };
    add(&mut store, &[arrival(1, 0, &[a, b]), arrival(2, 1, &[a])], 3);
    assert_eq!(store.needed_from().unwrap(), Position(1));
    serve(&mut store, &["b"], 3);
    let status = store.status().unwrap();
    let counts: Vec<_> = status.destinations.iter().map(|it| (it.is_configured, it.waiting, it.dead_letters)).collect();
    assert_eq!(counts, [(false, 0, 2), (true, 1, 0)]);
    // It cannot be brought back to a destination that is not there.
    let retried = store.retry(DeadLetterSelection::Of("a")).unwrap();
    assert_eq!((retried.deliveries, retried.unconfigured, retried.is_destination), (0, 2, true));
    serve(&mut store, &["a", "b"], 4);
    assert_eq!((waiting(&store, a), dead(&store)), (vec![1, 2], vec![]));
}

/// The tables of the version before, and what they may hold.
const FORM_1: &str = include_str!("../form-1.sql");

#[test]
fn a_store_of_the_form_before_goes_on() {
    let (folder, log) = empty_log();
    let mut log = log;
    log.end = Position(1000);
    let relay = folder.path().join("relay");
    std::fs::create_dir(&relay).unwrap();
    let connection = Connection::open(relay.join("relay.sqlite")).unwrap();
    connection.execute_batch(FORM_1).unwrap();
    drop(connection);
    assert!(matches!(Store::open_existing(&relay), Err(StoreError::Older { .. })), "a receiver may be running on it");
    let mut store = Store::open(&relay, &log).unwrap();
    assert_eq!(store.cursor().unwrap(), Position(900));
    let [a] = configure(&mut store, &[destination("a", "hooks", "a", Some("trigger == 'stepCreated'"))], 1000)[..]
    else {
        panic!()
    };
    assert_eq!(a, 1);
    let status = store.status().unwrap();
    let counts: Vec<_> =
        status.destinations.iter().map(|it| (&*it.name, it.is_configured, it.waiting, it.dead_letters)).collect();
    assert_eq!(counts, [("a", true, 1, 1), ("b", false, 0, 1)]);
    assert_eq!(waiting(&store, a), [500]);
    // What was not read yet is judged by what is known now, and where nothing is known nobody decides.
    let router = store.router().unwrap();
    assert_eq!(router.destinations(Position(950), "hooks"), Some(vec![1, 2]));
    let record = record("hooks", at(0));
    assert_eq!(router.decide(1, Position(950), &record), RoutingDecision::NotMatched);
    assert!(matches!(router.decide(2, Position(950), &record), RoutingDecision::Undecided(_)));
    // An equal body within the window is still one.
    enqueue(&mut store, &[arrival(950, 10, &[a])], 951);
    assert_eq!(decide(&mut store, a, |_| (Some([7; 32]), 10, RoutingDecision::Due)).repeated, 1);
    drop(store);
    assert!(Store::open_existing(&relay).unwrap().is_some());
    assert!(Store::open_existing(&folder.path().join("none")).unwrap().is_none());
}
