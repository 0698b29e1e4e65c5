//! What is due of what was taken in.

use super::*;

#[test]
fn what_is_not_decided_yet_is_not_overtaken() {
    let (_folder, mut store) = store(0);
    let [a] = configure(&mut store, &[destination("a", "old", "a", None)], 0)[..] else { panic!() };
    enqueue(&mut store, &[arrival(1, 0, &[a]), arrival(2, 1, &[a]), arrival(3, 2, &[a])], 4);
    let [second] = [store.undecided_messages(a, 9).unwrap()[1].clone()];
    let due = |id| DecidedMessage { id, received_at: at(0), digest: None, decision: RoutingDecision::Due };
    store.decide(a, &[due(second.id)]).unwrap();
    assert_eq!(waiting(&store, a), [0; 0], "the first is not decided");
    // Neither where the destination is at another endpoint now.
    let [moved] = configure(&mut store, &[destination("a", "new", "a", None)], 4)[..] else { panic!() };
    add_one(&mut store, moved, 5);
    assert_eq!(waiting(&store, moved), [0; 0], "the first is not decided");
    decide(&mut store, a, |asked| {
        (None, 0, if asked.at == Position(1) { RoutingDecision::NotMatched } else { RoutingDecision::Due })
    });
    assert_eq!(waiting(&store, moved), [2, 3, 5]);
}

fn add_one(store: &mut Store, number: i64, position: u64) {
    enqueue(store, &[arrival(position, 3, &[number])], position + 1);
    decide(store, number, |_| (None, 0, RoutingDecision::Due));
}

#[test]
fn a_repetition_is_one_only_where_the_destination_took_the_first() {
    let digest = |byte: u8| Some([byte; 32]);
    let (_folder, mut store) = store(0);
    let [a] = serve(&mut store, &["a"], 0)[..] else { panic!() };
    for (case, second, digest, decision, passed_over) in [
        ("its condition does not hold", 0, digest(1), RoutingDecision::NotMatched, (1, 0)),
        ("it cannot be decided", 1, digest(1), RoutingDecision::Undecided("x".to_owned()), (0, 0)),
        ("now it is due", 2, digest(1), RoutingDecision::Due, (0, 0)),
        ("again", 300, digest(1), RoutingDecision::Due, (0, 1)),
        ("again, within the window of the one before", 599, digest(1), RoutingDecision::Due, (0, 1)),
        ("a long time later", 900, digest(1), RoutingDecision::Due, (0, 0)),
        ("the clock was a day ahead", 90_000, digest(3), RoutingDecision::Due, (0, 0)),
        ("the clock is right again", 905, digest(3), RoutingDecision::Due, (0, 0)),
        ("and the next one is a repetition", 906, digest(3), RoutingDecision::Due, (0, 1)),
        ("nobody knows when it happened", 907, None, RoutingDecision::Due, (0, 0)),
        ("so it may have happened again", 908, None, RoutingDecision::Due, (0, 0)),
        ("another body", 909, digest(2), RoutingDecision::Due, (0, 0)),
    ] {
        let position = u64::try_from(second).unwrap() + 1;
        enqueue(&mut store, &[arrival(position, second, &[a])], position + 1);
        let found = decide(&mut store, a, |_| (digest, second, decision.clone()));
        assert_eq!((found.not_matched, found.repeated), passed_over, "{case}");
    }
    assert_eq!(waiting(&store, a), [3, 901, 90_001, 906, 908, 909, 910]);
    // Of a new destination none is a repetition.
    let [_, b] = serve(&mut store, &["a", "b"], 2000)[..] else { panic!() };
    enqueue(&mut store, &[arrival(2001, 910, &[a, b])], 2002);
    for (number, repeated) in [(a, 1), (b, 0)] {
        assert_eq!(decide(&mut store, number, |_| (digest(2), 910, RoutingDecision::Due)).repeated, repeated);
    }
    // What was given up was not taken either.
    let given_up = DeliveryOutcome { id: 1, at: at(911), disposition: Disposition::DeadLetter("refused"), error: None };
    let ids = store.waiting_messages(b).unwrap();
    store.complete(b, &[DeliveryOutcome { id: ids[0].0, ..given_up }]).unwrap();
    enqueue(&mut store, &[arrival(2003, 912, &[b])], 2004);
    assert_eq!(decide(&mut store, b, |_| (digest(2), 912, RoutingDecision::Due)).repeated, 0);
}

#[test]
fn a_repetition_is_one_only_where_the_destination_leads_to_the_same_place() {
    let (_folder, mut store) = store(0);
    let at_file = |file: &str| [destination("a", "hooks", file, None)];
    for (position, case, file, repeated) in [
        (1, "the first", "a", 0),
        (2, "again", "a", 1),
        (3, "the address has changed", "b", 0),
        (4, "again, at the new address", "b", 1),
        (5, "the address is the one before", "a", 0),
    ] {
        let [a] = configure(&mut store, &at_file(file), position)[..] else { panic!() };
        let second = position.cast_signed();
        enqueue(&mut store, &[arrival(position, second, &[a])], position + 1);
        let found = decide(&mut store, a, |_| (Some([1; 32]), second, RoutingDecision::Due));
        assert_eq!(found.repeated, repeated, "{case}");
        // All but the last one are taken.
        if position < 5 {
            let waiting = store.waiting_messages(a).unwrap();
            let taken =
                |(id, _)| DeliveryOutcome { id, at: at(second), disposition: Disposition::Delivered, error: None };
            store.complete(a, &waiting.into_iter().map(taken).collect::<Vec<_>>()).unwrap();
        }
    }
    // What waits goes to the new address, too.
    let [a] = configure(&mut store, &at_file("b"), 6)[..] else { panic!() };
    enqueue(&mut store, &[arrival(6, 6, &[a])], 7);
    assert_eq!(decide(&mut store, a, |_| (Some([1; 32]), 6, RoutingDecision::Due)).repeated, 1);
}

#[test]
fn what_is_sent_again_is_not_sent_twice() {
    let (_folder, mut store) = store(0);
    let [a] = serve(&mut store, &["a"], 0)[..] else { panic!() };
    add(&mut store, &[arrival(1, 0, &[a]), arrival(2, 1, &[a]), arrival(3, 2, &[a])], 4);
    let settled = |id, ended| DeliveryOutcome { id, at: at(5), disposition: ended, error: None };
    store.complete(a, &[settled(1, Disposition::Delivered), settled(2, Disposition::DeadLetter("refused"))]).unwrap();
    let replayed = |position: u64| ReplayedMessage {
        at: Position(position),
        message: Uuid::from_u128(position.into()),
        received_at: at(0),
        flow: None,
        digest: Some([u8::try_from(position).unwrap(); 32]),
    };
    let all = [replayed(1), replayed(2), replayed(3)];
    assert_eq!(store.replay(a, &all).unwrap(), 2, "one waits already");
    assert_eq!((waiting(&store, a), dead(&store)), (vec![3, 1, 2], vec![]));
    assert_eq!(store.replay(a, &all).unwrap(), 0);
    // The next arrival of the same body is a repetition.
    enqueue(&mut store, &[arrival(9, 3, &[a])], 10);
    assert_eq!(decide(&mut store, a, |_| (Some([1; 32]), 3, RoutingDecision::Due)).repeated, 1);
}
