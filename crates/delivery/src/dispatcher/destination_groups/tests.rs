//! The rules by table, and by a plain list that does the same without any structure.

use proptest::prelude::*;

use super::*;
use crate::dispatcher::retry::GiveUpReason;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn held(names: &[&str]) -> HashSet<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

/// Deliveries 1.. of (destination, flow, due).
fn groups(deliveries: &[(&str, Option<&str>, i64)]) -> DestinationGroups {
    let mut groups = DestinationGroups::default();
    for (id, (destination, flow, due)) in (1..).zip(deliveries) {
        assert!(groups.push(id, destination, *flow, at(*due)));
    }
    groups
}

/// Removes a waiting delivery, as the relay does from the groups of its one destination.
fn remove(groups: &mut DestinationGroups, id: u64) -> bool {
    let Some(name) = groups.entries.get(&id).cloned() else { return false };
    let of_destination = groups.destinations.get_mut(&name).unwrap();
    let is_removed = of_destination.remove(id);
    if of_destination.is_empty() {
        groups.destinations.remove(&name);
    }
    if is_removed {
        groups.entries.remove(&id);
    }
    is_removed
}

#[test]
fn what_is_taken_first() {
    let (f, g) = (Some("f"), Some("g"));
    for (name, deliveries, now, room, holding, expected) in [
        ("the longest due", vec![("a", None, 3), ("b", None, 1), ("a", None, 2)], 9, 9, vec![], vec![2, 3, 1]),
        ("pushed first among equals", vec![("b", None, 1), ("a", None, 1)], 9, 9, vec![], vec![1, 2]),
        ("no more than there is room for", vec![("a", None, 1), ("a", None, 1)], 9, 1, vec![], vec![1]),
        ("nothing without room", vec![("a", None, 1)], 9, 0, vec![], vec![]),
        ("not before its time", vec![("a", None, 5), ("a", None, 4)], 4, 9, vec![], vec![2]),
        ("one of a flow", vec![("a", f, 1), ("a", f, 1), ("a", g, 1)], 9, 9, vec![], vec![1, 3]),
        ("a flow waits for its first", vec![("a", f, 8), ("a", f, 1)], 4, 9, vec![], vec![]),
        ("a flow is one per destination", vec![("a", f, 1), ("b", f, 1)], 9, 9, vec![], vec![1, 2]),
        ("not those held", vec![("a", None, 1), ("b", None, 2), ("a", f, 3)], 9, 9, vec!["a"], vec![2]),
    ] {
        let taken = groups(&deliveries).take(at(now), room, &held(&holding));
        assert_eq!(taken, expected, "{name}");
    }
}

#[test]
fn no_due_time_is_further_ahead_than_the_longest_wait() {
    let day = 24 * 60 * 60;
    let hour = Duration::from_secs(60 * 60);
    for (name, longest, due, from_5_on) in [
        ("in bounds", Some(hour), 3604, vec![]),
        ("a day ahead, and there is no bound", None, day, vec![]),
        ("a day ahead", Some(hour), day, vec![1]),
        ("a day ahead, where nothing ever waits", Some(Duration::ZERO), day, vec![1]),
    ] {
        // The other one is due, so the one that is out of bounds is not the first that is looked at.
        let mut groups = groups(&[("a", Some("f"), due), ("a", Some("g"), 1), ("b", None, 1)]);
        if let Some(longest) = longest {
            groups.limit_wait(longest);
        }
        let at_once = groups.take(at(4), 9, &held(&[]));
        let expected = if longest == Some(Duration::ZERO) { vec![2, 3, 1] } else { vec![2, 3] };
        assert_eq!(at_once, expected, "{name}");
        let later = at(5 + 3600 - 2 * i64::from(from_5_on.is_empty()));
        let mut taken = groups.take(later, 9, &held(&[]));
        taken.extend(at_once.into_iter().filter(|id| *id == 1));
        assert_eq!(taken, from_5_on, "{name}");
    }
}

#[test]
fn a_retry_that_was_settled_while_the_clock_was_ahead_is_brought_forward_and_keeps_its_lane() {
    let mut groups = groups(&[("a", Some("f"), 1), ("a", Some("f"), 1)]);
    groups.limit_wait(Duration::from_secs(60));
    assert_eq!(groups.take(at(9), 9, &held(&[])), [1]);
    groups.complete(1, &RetryDecision::RetryAt(at(1_000_000)));
    // The clock is right again.
    assert_eq!(groups.take(at(10), 9, &held(&[])), [0; 0]);
    assert_eq!(groups.next_due(&held(&[])), Some(at(70)));
    assert_eq!(groups.take(at(70), 9, &held(&[])), [1]);
    groups.complete(1, &RetryDecision::Delivered);
    assert_eq!(groups.take(at(70), 9, &held(&[])), [2]);
}

#[test]
fn what_follows_when_the_head_of_a_flow_is_settled() {
    for (name, next, follows) in [
        ("delivered", RetryDecision::Delivered, vec![2]),
        ("given up", RetryDecision::GiveUp(GiveUpReason::Refused), vec![2]),
        ("tried again now", RetryDecision::RetryAt(at(1)), vec![1]),
        ("tried again later", RetryDecision::RetryAt(at(50)), vec![]),
    ] {
        let mut groups = groups(&[("a", Some("f"), 1), ("a", Some("f"), 1), ("a", Some("f"), 1)]);
        assert_eq!(groups.take(at(9), 9, &held(&[])), [1], "{name}");
        assert_eq!(groups.next_due(&held(&[])), None, "{name}: nothing is due behind one in flight");
        assert_eq!(groups.complete(1, &next), [0; 0], "{name}");
        assert_eq!(groups.take(at(9), 9, &held(&[])), follows, "{name}");
    }
}

#[test]
fn one_that_is_gone_takes_along_what_waits_for_the_same_destination() {
    let (f, g) = (Some("f"), Some("g"));
    let mut groups = groups(&[("a", None, 1), ("b", f, 1), ("a", f, 1), ("a", g, 9), ("a", f, 7), ("a", None, 8)]);
    assert_eq!(groups.take(at(1), 9, &held(&[])), [1, 2, 3]);
    assert_eq!(groups.complete(1, &RetryDecision::GiveUp(GiveUpReason::Gone)), [4, 5, 6]);
    assert_eq!(groups.len(), 2, "those in flight stay");
    assert!(groups.push(7, "a", f, at(1)), "a later one is no longer there to be gone");
    assert_eq!(groups.take(at(9), 9, &held(&[])), [0; 0], "behind 3");
    assert_eq!(groups.complete(3, &RetryDecision::Delivered), [0; 0]);
    assert_eq!(groups.take(at(9), 9, &held(&[])), [7]);
}

#[test]
fn a_delivery_that_is_not_there_or_in_flight_changes_nothing() {
    let mut groups = groups(&[("a", Some("f"), 1), ("a", Some("f"), 1)]);
    assert!(!groups.push(1, "b", None, at(0)));
    assert!(!remove(&mut groups, 9));
    assert_eq!(groups.complete(1, &RetryDecision::Delivered), [0; 0], "it waits");
    assert_eq!(groups.take(at(9), 9, &held(&[])), [1]);
    assert!(!remove(&mut groups, 1), "it is in flight");
    assert!(remove(&mut groups, 2));
    assert_eq!(groups.complete(1, &RetryDecision::Delivered), [0; 0]);
    assert!(groups.is_empty() && groups.destinations.is_empty());
}

/// The same rules without any structure: a list in the order of pushing.
#[derive(Debug, Default)]
struct List(Vec<(u64, &'static str, Option<&'static str>, i64, bool)>);

impl List {
    fn ready(&self) -> impl Iterator<Item = &(u64, &'static str, Option<&'static str>, i64, bool)> {
        self.0.iter().enumerate().filter_map(|(index, entry)| {
            let is_head = entry.2.is_none()
                || !self.0[..index].iter().any(|earlier| (earlier.1, earlier.2) == (entry.1, entry.2));
            (is_head && !entry.4).then_some(entry)
        })
    }

    fn take(&mut self, now: i64, room: usize, held: &HashSet<Arc<str>>) -> Vec<u64> {
        let mut ready: Vec<(i64, u64)> = self
            .ready()
            .filter(|entry| entry.3 <= now && !held.contains(entry.1))
            .map(|entry| (entry.3, entry.0))
            .collect();
        ready.sort_by_key(|(due, _)| *due);
        ready.truncate(room);
        for (_, id) in &ready {
            self.0.iter_mut().find(|entry| entry.0 == *id).unwrap().4 = true;
        }
        ready.into_iter().map(|(_, id)| id).collect()
    }

    fn complete(&mut self, id: u64, next: &RetryDecision) -> Vec<u64> {
        let Some(index) = self.0.iter().position(|entry| entry.0 == id && entry.4) else { return Vec::new() };
        if let RetryDecision::RetryAt(due) = next {
            (self.0[index].3, self.0[index].4) = (due.as_second(), false);
            return Vec::new();
        }
        let destination = self.0.remove(index).1;
        if *next != RetryDecision::GiveUp(GiveUpReason::Gone) {
            return Vec::new();
        }
        let goes = |entry: &(u64, &str, Option<&str>, i64, bool)| entry.1 == destination && !entry.4;
        let gone = self.0.iter().filter(|entry| goes(entry)).map(|entry| entry.0).collect();
        self.0.retain(|entry| !goes(entry));
        gone
    }
}

#[derive(Clone, Debug)]
enum Step {
    Push(&'static str, Option<&'static str>, i64),
    Take(i64, usize, Vec<&'static str>),
    Settle(prop::sample::Index, RetryDecision),
    Remove(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    let destination = prop::sample::select(vec!["a", "b", "c"]);
    let flow = prop::option::of(prop::sample::select(vec!["f", "g"]));
    let next = prop_oneof![
        4 => Just(RetryDecision::Delivered),
        4 => (0i64..20).prop_map(|second| RetryDecision::RetryAt(at(second))),
        2 => Just(RetryDecision::GiveUp(GiveUpReason::Refused)),
        1 => Just(RetryDecision::GiveUp(GiveUpReason::Gone)),
    ];
    prop_oneof![
        4 => (destination.clone(), flow, 0i64..20).prop_map(|(name, flow, due)| Step::Push(name, flow, due)),
        2 => (0i64..20, 0usize..4, prop::collection::vec(destination, 0..2))
            .prop_map(|(now, room, held)| Step::Take(now, room, held)),
        3 => (any::<prop::sample::Index>(), next).prop_map(|(index, next)| Step::Settle(index, next)),
        1 => any::<prop::sample::Index>().prop_map(Step::Remove),
    ]
}

proptest! {
    #[test]
    fn groups_do_what_a_list_does(steps in prop::collection::vec(step(), 0..60)) {
        let (mut groups, mut list, mut pushed) = (DestinationGroups::default(), List::default(), 0);
        for step in steps {
            match step {
                Step::Push(destination, flow, due) => {
                    pushed += 1;
                    groups.push(pushed, destination, flow, at(due));
                    list.0.push((pushed, destination, flow, due, false));
                }
                Step::Take(now, room, names) => {
                    let held = held(&names);
                    prop_assert_eq!(groups.take(at(now), room, &held), list.take(now, room, &held));
                }
                Step::Settle(index, next) => {
                    let id = index.index(pushed as usize + 1) as u64;
                    prop_assert_eq!(groups.complete(id, &next), list.complete(id, &next));
                }
                Step::Remove(index) => {
                    let id = index.index(pushed as usize + 1) as u64;
                    let waits = list.0.iter().position(|entry| entry.0 == id && !entry.4);
                    waits.map(|index| list.0.remove(index));
                    prop_assert_eq!(remove(&mut groups, id), waits.is_some());
                }
            }
            for names in [&[][..], &["a"]] {
                let held = held(names);
                let due = list.ready().filter(|entry| !held.contains(entry.1)).map(|entry| at(entry.3)).min();
                prop_assert_eq!(groups.next_due(&held), due);
            }
            prop_assert_eq!(groups.len(), list.0.len());
        }
    }
}
