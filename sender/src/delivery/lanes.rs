//! Lanes: who may be attempted next. Deliveries of one destination and flow stand in one lane, and only its head may go;
//! a delivery without a flow is a lane of its own. A structure of numbers and times only, so that every backlog, in
//! memory or on disk, keeps the same order.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ops::Bound,
    sync::Arc,
};

use jiff::Timestamp;

use super::retry::{GaveUp, Next};

/// The order of a backlog. Each call costs O(log n) for each delivery or held destination that it touches.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    entries: HashMap<u64, Entry>,
    destinations: HashMap<Arc<str>, Destination>,
    /// The first ready head of each destination, so that held ones are passed over in one step each.
    fronts: BTreeSet<(Timestamp, u64, Arc<str>)>,
    pushed: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    destination: Arc<str>,
    flow: Option<Arc<str>>,
    due: Timestamp,
    /// Place in the order of pushing; it stays, so that a delivery that is tried again is still the head of its lane.
    order: u64,
    in_flight: bool,
}

#[derive(Clone, Debug, Default)]
struct Destination {
    /// The heads of lanes that are not in flight.
    ready: BTreeSet<(Timestamp, u64, u64)>,
    /// Number by order; the first is the head, in flight or not.
    flows: HashMap<Arc<str>, BTreeMap<u64, u64>>,
}

impl Lanes {
    /// Lanes without a delivery.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a delivery at the end of its lane; `due` is the earliest time of its next attempt. `false`, and nothing
    /// done, where `id` is there already.
    pub fn push(&mut self, id: u64, destination: &str, flow: Option<&str>, due: Timestamp) -> bool {
        if self.entries.contains_key(&id) {
            return false;
        }
        let destination = match self.destinations.get_key_value(destination) {
            Some((name, _)) => Arc::clone(name),
            None => destination.into(),
        };
        let order = self.pushed;
        self.pushed += 1;
        let flows = &mut self.destinations.entry(Arc::clone(&destination)).or_default().flows;
        let flow = flow.map(|flow| match flows.get_key_value(flow) {
            Some((name, _)) => Arc::clone(name),
            None => flow.into(),
        });
        let is_head = match &flow {
            None => true,
            Some(flow) => {
                let lane = flows.entry(Arc::clone(flow)).or_default();
                lane.insert(order, id);
                lane.len() == 1
            }
        };
        self.entries.insert(id, Entry { destination: Arc::clone(&destination), flow, due, order, in_flight: false });
        if is_head {
            self.change(&destination, |destination| destination.ready.insert((due, order, id)));
        }
        true
    }

    /// Takes up to `room` deliveries that are due, the longest due first, but none of the destinations `held`. They are
    /// in flight until they are settled.
    pub fn take(&mut self, now: Timestamp, room: usize, held: &HashSet<Arc<str>>) -> Vec<u64> {
        let mut taken = Vec::new();
        let mut front = self.fronts.first().cloned();
        while let Some(passed) = front {
            if taken.len() == room || passed.0 > now {
                break;
            }
            if !held.contains(&passed.2) {
                let first = self.change(&passed.2, |destination| destination.ready.pop_first());
                let Some((_, _, id)) = first else { break };
                if let Some(entry) = self.entries.get_mut(&id) {
                    entry.in_flight = true;
                    taken.push(id);
                }
            }
            // What a destination has next is due later than what was taken of it, so no front is passed over.
            front = self.fronts.range((Bound::Excluded(passed), Bound::Unbounded)).next().cloned();
        }
        taken
    }

    /// Says what became of a delivery in flight; without effect on any other. One to be tried again is again at the head
    /// of its lane, and every other lets the next one of its lane through.
    ///
    /// With [`GaveUp::Gone`], all that waits for the same destination leaves too, and is given back in the order in
    /// which it was pushed. Those in flight stay; so does what is pushed later.
    pub fn settle(&mut self, id: u64, next: &Next) -> Vec<u64> {
        let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.in_flight) else { return Vec::new() };
        if let Next::RetryAt(due) = next {
            (entry.due, entry.in_flight) = (*due, false);
            let (name, key) = (Arc::clone(&entry.destination), (*due, entry.order, id));
            self.change(&name, |destination| destination.ready.insert(key));
            return Vec::new();
        }
        let name = Arc::clone(&entry.destination);
        self.leave(id);
        match next {
            Next::GiveUp(GaveUp::Gone) => self.clear(&name),
            Next::Delivered | Next::RetryAt(_) | Next::GiveUp(_) => Vec::new(),
        }
    }

    /// Takes a waiting delivery out. `false`, and nothing done, where there is none or it is in flight: what follows it
    /// must not overtake it.
    pub fn remove(&mut self, id: u64) -> bool {
        let waits = self.entries.get(&id).is_some_and(|entry| !entry.in_flight);
        if waits {
            self.leave(id);
        }
        waits
    }

    /// When the next delivery falls due, those in flight, those behind them and the destinations `held` left out.
    pub fn next_due(&self, held: &HashSet<Arc<str>>) -> Option<Timestamp> {
        self.fronts.iter().find(|(_, _, name)| !held.contains(name)).map(|(due, _, _)| *due)
    }

    /// How many there are, those in flight included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none, not even in flight.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes a delivery out and, where it was the head of its lane, lets the next one through.
    fn leave(&mut self, id: u64) {
        let Some(left) = self.entries.remove(&id) else { return };
        let entries = &self.entries;
        Self::change_in(&mut self.destinations, &mut self.fronts, &left.destination, |destination| {
            let was_ready = destination.ready.remove(&(left.due, left.order, id));
            let Some(flow) = &left.flow else { return };
            let Some(lane) = destination.flows.get_mut(flow) else { return };
            lane.remove(&left.order);
            match lane.first_key_value() {
                None => {
                    destination.flows.remove(flow);
                }
                Some((order, next)) if was_ready || left.in_flight => {
                    if let Some(entry) = entries.get(next) {
                        destination.ready.insert((entry.due, *order, *next));
                    }
                }
                Some(_) => {}
            }
        });
    }

    /// Takes all that waits for a destination out, and gives it back in the order of pushing.
    fn clear(&mut self, name: &Arc<str>) -> Vec<u64> {
        let Some(destination) = self.destinations.get(name) else { return Vec::new() };
        let heads = destination.ready.iter().map(|(_, order, id)| (*order, *id));
        let lanes = destination.flows.values().flatten().map(|(order, id)| (*order, *id));
        // A head that is ready stands in both.
        let waiting: BTreeMap<u64, u64> =
            heads.chain(lanes).filter(|(_, id)| self.entries.get(id).is_some_and(|entry| !entry.in_flight)).collect();
        let waiting: Vec<u64> = waiting.into_values().collect();
        for id in waiting.iter().rev() {
            self.leave(*id);
        }
        waiting
    }

    fn change<T>(&mut self, name: &Arc<str>, change: impl FnOnce(&mut Destination) -> T) -> T {
        Self::change_in(&mut self.destinations, &mut self.fronts, name, change)
    }

    /// Changes a destination and keeps `fronts` true of it; one without a delivery is dropped.
    fn change_in<T>(
        destinations: &mut HashMap<Arc<str>, Destination>,
        fronts: &mut BTreeSet<(Timestamp, u64, Arc<str>)>,
        name: &Arc<str>,
        change: impl FnOnce(&mut Destination) -> T,
    ) -> T {
        let front = |destination: &Destination| destination.ready.first().map(|(due, order, _)| (*due, *order));
        let destination = destinations.entry(Arc::clone(name)).or_default();
        let before = front(destination);
        let done = change(destination);
        let after = front(destination);
        if destination.ready.is_empty() && destination.flows.is_empty() {
            destinations.remove(name);
        }
        if before != after {
            if let Some((due, order)) = before {
                fronts.remove(&(due, order, Arc::clone(name)));
            }
            if let Some((due, order)) = after {
                fronts.insert((due, order, Arc::clone(name)));
            }
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn held(names: &[&str]) -> HashSet<Arc<str>> {
        names.iter().map(|name| Arc::from(*name)).collect()
    }

    /// Deliveries 1.. of (destination, flow, due).
    fn lanes(deliveries: &[(&str, Option<&str>, i64)]) -> Lanes {
        let mut lanes = Lanes::new();
        for (id, (destination, flow, due)) in (1..).zip(deliveries) {
            assert!(lanes.push(id, destination, *flow, at(*due)));
        }
        lanes
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
            let taken = lanes(&deliveries).take(at(now), room, &held(&holding));
            assert_eq!(taken, expected, "{name}");
        }
    }

    #[test]
    fn what_follows_when_the_head_of_a_flow_is_settled() {
        for (name, next, follows) in [
            ("delivered", Next::Delivered, vec![2]),
            ("given up", Next::GiveUp(GaveUp::Refused), vec![2]),
            ("tried again now", Next::RetryAt(at(1)), vec![1]),
            ("tried again later", Next::RetryAt(at(50)), vec![]),
        ] {
            let mut lanes = lanes(&[("a", Some("f"), 1), ("a", Some("f"), 1), ("a", Some("f"), 1)]);
            assert_eq!(lanes.take(at(9), 9, &held(&[])), [1], "{name}");
            assert_eq!(lanes.next_due(&held(&[])), None, "{name}: nothing is due behind one in flight");
            assert_eq!(lanes.settle(1, &next), [0; 0], "{name}");
            assert_eq!(lanes.take(at(9), 9, &held(&[])), follows, "{name}");
        }
    }

    #[test]
    fn one_that_is_gone_takes_along_what_waits_for_the_same_destination() {
        let (f, g) = (Some("f"), Some("g"));
        let mut lanes = lanes(&[("a", None, 1), ("b", f, 1), ("a", f, 1), ("a", g, 9), ("a", f, 7), ("a", None, 8)]);
        assert_eq!(lanes.take(at(1), 9, &held(&[])), [1, 2, 3]);
        assert_eq!(lanes.settle(1, &Next::GiveUp(GaveUp::Gone)), [4, 5, 6]);
        assert_eq!(lanes.len(), 2, "those in flight stay");
        assert!(lanes.push(7, "a", f, at(1)), "a later one is no longer there to be gone");
        assert_eq!(lanes.take(at(9), 9, &held(&[])), [0; 0], "behind 3");
        assert_eq!(lanes.settle(3, &Next::Delivered), [0; 0]);
        assert_eq!(lanes.take(at(9), 9, &held(&[])), [7]);
    }

    #[test]
    fn a_delivery_that_is_not_there_or_in_flight_changes_nothing() {
        let mut lanes = lanes(&[("a", Some("f"), 1), ("a", Some("f"), 1)]);
        assert!(!lanes.push(1, "b", None, at(0)));
        assert!(!lanes.remove(9));
        assert_eq!(lanes.settle(1, &Next::Delivered), [0; 0], "it waits");
        assert_eq!(lanes.take(at(9), 9, &held(&[])), [1]);
        assert!(!lanes.remove(1), "it is in flight");
        assert!(lanes.remove(2));
        assert_eq!(lanes.settle(1, &Next::Delivered), [0; 0]);
        assert!(lanes.is_empty() && lanes.destinations.is_empty() && lanes.fronts.is_empty());
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

        fn settle(&mut self, id: u64, next: &Next) -> Vec<u64> {
            let Some(index) = self.0.iter().position(|entry| entry.0 == id && entry.4) else { return Vec::new() };
            if let Next::RetryAt(due) = next {
                (self.0[index].3, self.0[index].4) = (due.as_second(), false);
                return Vec::new();
            }
            let destination = self.0.remove(index).1;
            if *next != Next::GiveUp(GaveUp::Gone) {
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
        Settle(prop::sample::Index, Next),
        Remove(prop::sample::Index),
    }

    fn step() -> impl Strategy<Value = Step> {
        let destination = prop::sample::select(vec!["a", "b", "c"]);
        let flow = prop::option::of(prop::sample::select(vec!["f", "g"]));
        let next = prop_oneof![
            4 => Just(Next::Delivered),
            4 => (0i64..20).prop_map(|second| Next::RetryAt(at(second))),
            2 => Just(Next::GiveUp(GaveUp::Refused)),
            1 => Just(Next::GiveUp(GaveUp::Gone)),
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
        fn lanes_do_what_a_list_does(steps in prop::collection::vec(step(), 0..60)) {
            let (mut lanes, mut list, mut pushed) = (Lanes::new(), List::default(), 0);
            for step in steps {
                match step {
                    Step::Push(destination, flow, due) => {
                        pushed += 1;
                        lanes.push(pushed, destination, flow, at(due));
                        list.0.push((pushed, destination, flow, due, false));
                    }
                    Step::Take(now, room, names) => {
                        let held = held(&names);
                        prop_assert_eq!(lanes.take(at(now), room, &held), list.take(now, room, &held));
                    }
                    Step::Settle(index, next) => {
                        let id = index.index(pushed as usize + 1) as u64;
                        prop_assert_eq!(lanes.settle(id, &next), list.settle(id, &next));
                    }
                    Step::Remove(index) => {
                        let id = index.index(pushed as usize + 1) as u64;
                        let waits = list.0.iter().position(|entry| entry.0 == id && !entry.4);
                        waits.map(|index| list.0.remove(index));
                        prop_assert_eq!(lanes.remove(id), waits.is_some());
                    }
                }
                for names in [&[][..], &["a"]] {
                    let held = held(names);
                    let due = list.ready().filter(|entry| !held.contains(entry.1)).map(|entry| at(entry.3)).min();
                    prop_assert_eq!(lanes.next_due(&held), due);
                }
                prop_assert_eq!(lanes.len(), list.0.len());
            }
        }
    }
}
