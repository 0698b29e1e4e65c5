//! Lanes: who may be attempted next. Deliveries of one destination and flow stand in one lane, and only its head may go;
//! a delivery without a flow is a lane of its own. A structure of numbers and times only, so that every backlog, in
//! memory or on disk, keeps the same order.
//!
//! Due times are bounded where [`Lanes::limit_wait`] says how long a wait can be: one further ahead was written while the
//! clock was wrong, and would stop its flow until then.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ops::Bound,
    sync::Arc,
    time::Duration,
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
    /// The due time of the last ready head of each destination, so that a due time out of bounds is found in one step.
    lasts: BTreeSet<(Timestamp, Arc<str>)>,
    pushed: u64,
    longest_wait: Option<Duration>,
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

    /// Bounds due times: from now on none is further ahead of the clock than this. Without it there is no bound.
    pub fn limit_wait(&mut self, longest: Duration) {
        self.longest_wait = Some(longest);
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
        self.bring_forward(now);
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

    /// Brings due times forward that are further ahead than a wait can be: the clock was set back since.
    fn bring_forward(&mut self, now: Timestamp) {
        let Some(latest) = self.longest_wait.and_then(|longest| now.checked_add(longest).ok()) else { return };
        while let Some((_, name)) = self.lasts.last().filter(|(due, _)| *due > latest).cloned() {
            let entries = &mut self.entries;
            Self::change_in(&mut self.destinations, &mut self.fronts, &mut self.lasts, &name, |destination| {
                for (_, order, id) in destination.ready.split_off(&(latest, u64::MAX, u64::MAX)) {
                    if let Some(entry) = entries.get_mut(&id) {
                        entry.due = latest;
                    }
                    destination.ready.insert((latest, order, id));
                }
            });
        }
    }

    /// Takes a delivery out and, where it was the head of its lane, lets the next one through.
    fn leave(&mut self, id: u64) {
        let Some(left) = self.entries.remove(&id) else { return };
        let entries = &self.entries;
        Self::change_in(&mut self.destinations, &mut self.fronts, &mut self.lasts, &left.destination, |destination| {
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
        Self::change_in(&mut self.destinations, &mut self.fronts, &mut self.lasts, name, change)
    }

    /// Changes a destination and keeps `fronts` and `lasts` true of it; one without a delivery is dropped.
    fn change_in<T>(
        destinations: &mut HashMap<Arc<str>, Destination>,
        fronts: &mut BTreeSet<(Timestamp, u64, Arc<str>)>,
        lasts: &mut BTreeSet<(Timestamp, Arc<str>)>,
        name: &Arc<str>,
        change: impl FnOnce(&mut Destination) -> T,
    ) -> T {
        let front = |destination: &Destination| destination.ready.first().map(|(due, order, _)| (*due, *order));
        let last = |destination: &Destination| destination.ready.last().map(|(due, ..)| *due);
        let destination = destinations.entry(Arc::clone(name)).or_default();
        let (before, last_before) = (front(destination), last(destination));
        let done = change(destination);
        let (after, last_after) = (front(destination), last(destination));
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
        if last_before != last_after {
            if let Some(due) = last_before {
                lasts.remove(&(due, Arc::clone(name)));
            }
            if let Some(due) = last_after {
                lasts.insert((due, Arc::clone(name)));
            }
        }
        done
    }
}

#[cfg(test)]
mod tests;
