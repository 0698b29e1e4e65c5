//! Helpers, dead letters and the status.

mod decision;
mod deliveries;
mod log;
mod routing;

use schemas::{Profile, Sample};
use tempfile::TempDir;

use super::*;
use crate::{
    log::{LogIdentity, Record, RecordHeader, SegmentOptions, SegmentedLog},
    relay::{Destination, DestinationFilter, DestinationTarget, routing::RoutingDecision},
};

fn empty_log() -> (TempDir, LogIdentity) {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("log")).unwrap();
    let identity = SegmentedLog::identity_of(&folder.path().join("log")).unwrap();
    (folder, identity)
}

/// A store whose log ends at `end`.
fn store(end: u64) -> (TempDir, Store) {
    let (folder, log) = empty_log();
    let mut log = log;
    log.end = Position(end);
    let store = Store::open(&folder.path().join("relay"), &log).unwrap();
    (folder, store)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn arrival(at_position: u64, second: i64, to: &[i64]) -> IncomingMessage {
    IncomingMessage {
        at: Position(at_position),
        message: Uuid::from_u128(at_position.into()),
        received_at: at(second),
        flow: Some("FLOW-1".to_owned()),
        to: to.to_vec(),
    }
}

fn destination(name: &str, endpoint: &str, file: &str, when: Option<&str>) -> Destination {
    Destination {
        name: name.into(),
        endpoint: endpoint.to_owned(),
        profile: Profile::v1().clone(),
        when: when.map(|when| DestinationFilter::parse(when).unwrap()),
        flow_url: None,
        target: DestinationTarget::File(file.into()),
    }
}

/// Lets a configuration be in force from `since` on, with an endpoint for each destination.
fn configure(store: &mut Store, destinations: &[Destination], since: u64) -> Vec<i64> {
    let mut endpoints: Vec<&str> = destinations.iter().map(|it| it.endpoint.as_str()).collect();
    endpoints.dedup();
    store.configure(&endpoints, destinations, Position(since)).unwrap();
    store.retire_routing(Position(since)).unwrap();
    store.numbers(destinations).unwrap().into_iter().map(Option::unwrap).collect()
}

/// Lets destinations of these names be served, all of one endpoint.
fn serve(store: &mut Store, names: &[&str], since: u64) -> Vec<i64> {
    let destinations: Vec<Destination> = names.iter().map(|name| destination(name, "hooks", name, None)).collect();
    configure(store, &destinations, since)
}

fn enqueue(store: &mut Store, arrivals: &[IncomingMessage], next: u64) {
    let router = store.router().unwrap();
    let last = arrivals.last().map(|arrival| (arrival.at, arrival.message));
    assert!(store.enqueue(&router, arrivals, last, Position(next)).unwrap());
}

/// Decides on everything that a destination was asked for.
fn decide(
    store: &mut Store,
    number: i64,
    decision: impl Fn(&UndecidedMessage) -> (Option<[u8; 32]>, i64, RoutingDecision),
) -> PassedOver {
    let asked = store.undecided_messages(number, 99).unwrap();
    let decided: Vec<DecidedMessage> = asked
        .iter()
        .map(|asked| {
            let (digest, second, decision) = decision(asked);
            DecidedMessage { id: asked.id, received_at: at(second), digest, decision }
        })
        .collect();
    store.decide(number, &decided).unwrap()
}

/// Takes arrivals in, and has all of them due.
fn add(store: &mut Store, arrivals: &[IncomingMessage], next: u64) {
    enqueue(store, arrivals, next);
    for (number, _) in store.undecided().unwrap() {
        decide(store, number, |_| (None, 0, RoutingDecision::Due));
    }
}

/// Positions of what waits and may be delivered.
fn waiting(store: &Store, number: i64) -> Vec<u64> {
    let mut ids = Vec::new();
    store.each_waiting(number, 0, |id, _, _| ids.push(id)).unwrap();
    ids.into_iter().map(|id| store.delivery(id).unwrap().at.0).collect()
}

/// Name, endpoint, reason and position of the dead letters.
fn dead(store: &Store) -> Vec<(String, String, String, String)> {
    let letters = store.dead_letters(99).unwrap();
    let tell = |it: DeadLetter| (it.destination, it.endpoint, it.reason, it.id[34..].to_owned());
    letters.into_iter().map(tell).collect()
}

fn record(endpoint: &str, received_at: Timestamp) -> Record {
    let header = RecordHeader { received_at, ..RecordHeader::of_unreadable(endpoint, None) };
    Record { header, body: Sample::find("step-completed-minimal").unwrap().body.into() }
}

#[test]
fn the_beginning_of_several_ids_brings_nothing_back() {
    let (_folder, mut store) = store(0);
    let [a] = serve(&mut store, &["a"], 0)[..] else { panic!() };
    add(&mut store, &[arrival(1, 0, &[a]), arrival(2, 1, &[a])], 3);
    let dead = |id| DeliveryOutcome { id, at: at(5), disposition: Disposition::DeadLetter("refused"), error: None };
    store.complete(a, &[dead(1), dead(2)]).unwrap();
    assert!(matches!(store.retry(DeadLetterSelection::Of("")), Err(StoreError::Ambiguous { .. })));
    assert_eq!(store.dead_letters(10).unwrap().len(), 2);
}

#[test]
fn a_dead_letter_comes_back_after_what_waits() {
    let (_folder, mut store) = store(0);
    let [a, b] = serve(&mut store, &["a", "b"], 0)[..] else { panic!() };
    add(&mut store, &[arrival(1, 0, &[a, b]), arrival(2, 1, &[a])], 3);
    let dead = |id| DeliveryOutcome {
        id,
        at: at(5),
        disposition: Disposition::DeadLetter("refused"),
        error: Some("404".to_owned()),
    };
    store.complete(a, &[dead(1)]).unwrap();
    store.complete(b, &[dead(2)]).unwrap();
    let letters = store.dead_letters(10).unwrap();
    let told: Vec<_> = letters.iter().map(|it| (&*it.destination, &*it.reason, it.attempts)).collect();
    assert_eq!(told, [("a", "refused", 1), ("b", "refused", 1)]);
    for (which, deliveries, is_destination) in [
        (DeadLetterSelection::Of("c"), 0, false),
        (DeadLetterSelection::Of("a"), 1, true),
        (DeadLetterSelection::Of("a"), 0, true),
        (DeadLetterSelection::Of(&letters[1].id[..30]), 1, false),
        (DeadLetterSelection::All, 0, false),
    ] {
        let expected = Retried { deliveries, unconfigured: 0, is_destination };
        assert_eq!(store.retry(which).unwrap(), expected, "{which:?}");
    }
    assert_eq!((waiting(&store, a), waiting(&store, b)), (vec![2, 1], vec![1]));
    let brought_back = store.delivery(4).unwrap();
    assert_eq!((brought_back.at, brought_back.attempts, brought_back.since), (Position(1), 0, None));
}

#[test]
fn the_status_has_what_waits_and_what_was_accepted() {
    let (_folder, mut store) = store(0);
    let [a] = serve(&mut store, &["a"], 0)[..] else { panic!() };
    enqueue(&mut store, &[arrival(1, 0, &[a]), arrival(2, 1, &[a]), arrival(3, 2, &[a])], 4);
    decide(&mut store, a, |asked| match asked.at {
        Position(2) => (None, 1, RoutingDecision::Undecided("`when` failed".to_owned())),
        _ => (None, 1, RoutingDecision::Due),
    });
    let again = Disposition::Retry { due: at(60), budget: Some(10_000) };
    let words = Some("429".to_owned());
    store.complete(a, &[DeliveryOutcome { id: 3, at: at(6), disposition: again, error: words }]).unwrap();
    store
        .complete(a, &[DeliveryOutcome { id: 1, at: at(7), disposition: Disposition::Delivered, error: None }])
        .unwrap();
    let status = store.status().unwrap();
    let [it] = &status.destinations[..] else { panic!() };
    assert_eq!((it.waiting, it.dead_letters, it.accepted), (1, 1, 1));
    assert_eq!((it.oldest_waiting, it.last_accepted), (Some(at(2)), Some(at(7))));
    assert_eq!(it.last_failure, Some(status::FailedAttempt { at: at(6), reason: "429".to_owned() }));
    let delivery = store.delivery(3).unwrap();
    assert_eq!((delivery.attempts, delivery.since, delivery.budget), (1, Some(at(6)), Some(10_000)));
    assert_eq!(store.dead_letters(9).unwrap()[0].reason, "undecided");
}

#[test]
fn due_times_have_a_bound_also_when_the_clock_was_ahead_as_the_message_came() {
    let (_folder, mut store) = store(0);
    let [a] = serve(&mut store, &["a"], 0)[..] else { panic!() };
    let now = Timestamp::now();
    let ahead = now + Duration::from_secs(24 * 60 * 60);
    let early = IncomingMessage { received_at: ahead, ..arrival(1, 0, &[a]) };
    add(&mut store, &[early, arrival(2, 0, &[a])], 3);
    let retry =
        DeliveryOutcome { id: 2, at: ahead, disposition: Disposition::Retry { due: ahead, budget: None }, error: None };
    store.complete(a, &[retry]).unwrap();
    let dues = |store: &Store| {
        let mut dues = Vec::new();
        store.each_waiting(a, 0, |_, _, due| dues.push(due)).unwrap();
        dues
    };
    assert!(dues(&store)[0] <= Timestamp::now(), "the first attempt is due when the message is there");
    let latest = now + Duration::from_secs(60);
    store.limit_due(a, latest).unwrap();
    assert_eq!(dues(&store)[1].as_microsecond(), latest.as_microsecond());
}
