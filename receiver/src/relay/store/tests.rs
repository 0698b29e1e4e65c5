use tempfile::TempDir;

use super::*;

fn store(end: u64) -> (TempDir, Store) {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("relay"), Position(end)).unwrap();
    (folder, store)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn arrival(at_position: u64, second: i64, to: &[i64]) -> Arrival {
    Arrival {
        at: Position(at_position),
        message: Uuid::from_u128(at_position.into()),
        received_at: at(second),
        endpoint: "hooks".to_owned(),
        flow: Some("FLOW-1".to_owned()),
        digest: None,
        to: to.iter().map(|number| (*number, None)).collect(),
    }
}

fn serve(store: &mut Store, names: &[&str], end: u64) -> Vec<i64> {
    let destinations: Vec<(Arc<str>, &str)> = names.iter().map(|name| ((*name).into(), "hooks")).collect();
    store.set_destinations(&destinations, Position(end)).unwrap()
}

fn waiting(store: &Store, number: i64) -> Vec<u64> {
    let waiting = store.waiting_messages(number).unwrap();
    waiting.into_iter().map(|(id, _)| store.delivery(id).unwrap().at.0).collect()
}

#[test]
fn a_destination_gets_what_arrives_once_it_is_there() {
    let (_folder, mut store) = store(100);
    let [a] = serve(&mut store, &["a"], 100)[..] else { panic!() };
    store.take_in(&[arrival(100, 0, &[a])], Position(200)).unwrap();
    let [a, b] = serve(&mut store, &["a", "b"], 400)[..] else { panic!() };
    store.take_in(&[arrival(200, 1, &[a, b]), arrival(400, 2, &[a, b])], Position(500)).unwrap();
    assert_eq!((waiting(&store, a), waiting(&store, b)), (vec![100, 200, 400], vec![400]));
    // What waits for one that is gone is kept, and no longer holds the log.
    assert_eq!(store.needed_from().unwrap(), Position(100));
    serve(&mut store, &["b"], 500);
    assert_eq!(store.needed_from().unwrap(), Position(400));
    serve(&mut store, &["a", "b"], 600);
    store.take_in(&[arrival(500, 3, &[a, b]), arrival(600, 4, &[a, b])], Position(700)).unwrap();
    assert_eq!((waiting(&store, a), waiting(&store, b)), (vec![100, 200, 400, 600], vec![400, 500, 600]));
    assert_eq!(store.cursor().unwrap(), Position(700));
}

#[test]
fn equal_bodies_within_the_window_are_one_where_that_is_known() {
    let (_folder, mut store) = store(0);
    let [a] = serve(&mut store, &["a"], 0)[..] else { panic!() };
    let with = |position, second, digest: Option<u8>, endpoint: &str| Arrival {
        digest: digest.map(|byte| [byte; 32]),
        endpoint: endpoint.to_owned(),
        ..arrival(position, second, &[a])
    };
    for (position, second, digest, endpoint) in [
        (1, 0, Some(1), "hooks"),
        (2, 299, Some(1), "hooks"),
        (3, 299, Some(1), "other"),
        (4, 598, Some(1), "hooks"),
        (5, 600, Some(2), "hooks"),
        (6, 899, Some(1), "hooks"),
        (7, 900, None, "hooks"),
        (8, 900, None, "hooks"),
    ] {
        store.take_in(&[with(position, second, digest, endpoint)], Position(position + 1)).unwrap();
    }
    assert_eq!(waiting(&store, a), [1, 3, 5, 6, 7, 8]);
}

#[test]
fn the_beginning_of_several_ids_brings_nothing_back() {
    let (_folder, mut store) = store(0);
    let [a] = serve(&mut store, &["a"], 0)[..] else { panic!() };
    store.take_in(&[arrival(1, 0, &[a]), arrival(2, 1, &[a])], Position(3)).unwrap();
    let dead = |id| Settled { id, at: at(5), ended: Ended::Dead("refused"), words: None };
    store.settle(a, &[dead(1), dead(2)]).unwrap();
    assert!(matches!(store.retry(Which::Of("")), Err(StoreError::Ambiguous { .. })));
    assert_eq!(store.dead_letters(10).unwrap().len(), 2);
}

#[test]
fn a_dead_letter_comes_back_behind_what_waits() {
    let (_folder, mut store) = store(0);
    let [a, b] = serve(&mut store, &["a", "b"], 0)[..] else { panic!() };
    store.take_in(&[arrival(1, 0, &[a, b]), arrival(2, 1, &[a])], Position(3)).unwrap();
    let dead = |id| Settled { id, at: at(5), ended: Ended::Dead("refused"), words: Some("404".to_owned()) };
    store.settle(a, &[dead(1)]).unwrap();
    store.settle(b, &[dead(2)]).unwrap();
    let letters = store.dead_letters(10).unwrap();
    let told: Vec<_> = letters.iter().map(|it| (&*it.destination, &*it.reason, it.attempts)).collect();
    assert_eq!(told, [("a", "refused", 1), ("b", "refused", 1)]);
    for (which, expected) in [
        (Which::Of("c"), Retried { deliveries: 0, is_destination: false }),
        (Which::Of("a"), Retried { deliveries: 1, is_destination: true }),
        (Which::Of("a"), Retried { deliveries: 0, is_destination: true }),
        (Which::Of(&letters[1].message[..30]), Retried { deliveries: 1, is_destination: false }),
        (Which::All, Retried { deliveries: 0, is_destination: false }),
    ] {
        assert_eq!(store.retry(which).unwrap(), expected, "{which:?}");
    }
    assert_eq!((waiting(&store, a), waiting(&store, b)), (vec![2, 1], vec![1]));
    let brought_back = store.delivery(4).unwrap();
    assert_eq!((brought_back.at, brought_back.attempts, brought_back.since), (Position(1), 0, None));
}

#[test]
fn how_it_stands_is_told_without_what_was_accepted() {
    let (_folder, mut store) = store(0);
    let [a] = serve(&mut store, &["a"], 0)[..] else { panic!() };
    let undecided = Arrival { to: vec![(a, Some("`when` failed".to_owned()))], ..arrival(2, 1, &[]) };
    store.take_in(&[arrival(1, 0, &[a]), undecided, arrival(3, 2, &[a])], Position(4)).unwrap();
    let again = Ended::Again { due: at(60), budget: Some(10_000) };
    let words = Some("429".to_owned());
    store.settle(a, &[Settled { id: 3, at: at(6), ended: again, words }]).unwrap();
    store.settle(a, &[Settled { id: 1, at: at(7), ended: Ended::Accepted, words: None }]).unwrap();
    let status = store.status().unwrap();
    let [it] = &status.destinations[..] else { panic!() };
    assert_eq!((it.waiting, it.dead_letters, it.accepted), (1, 1, 1));
    assert_eq!((it.oldest_waiting, it.last_accepted), (Some(at(2)), Some(at(7))));
    assert_eq!(it.last_failure, Some(Failure { at: at(6), words: "429".to_owned() }));
    let delivery = store.delivery(3).unwrap();
    assert_eq!((delivery.attempts, delivery.since, delivery.budget), (1, Some(at(6)), Some(10_000)));
    assert_eq!(store.dead_letters(9).unwrap()[0].reason, "undecided");
}

#[test]
fn a_log_that_was_replaced_is_read_from_its_end() {
    let (folder, mut store) = store(1000);
    let [a] = serve(&mut store, &["a"], 1000)[..] else { panic!() };
    drop(store);
    let mut store = Store::open(&folder.path().join("relay"), Position(10)).unwrap();
    assert_eq!(store.cursor().unwrap(), Position(10));
    store.take_in(&[arrival(10, 0, &[a])], Position(11)).unwrap();
    assert_eq!(waiting(&store, a), [10]);
    assert!(Store::beside(&folder.path().join("none")).unwrap().is_none());
}
