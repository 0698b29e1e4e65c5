//! The groups of each destination, and the next delivery of all destinations together.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{fifo_groups::FifoGroups, retry::RetryDecision};

/// The deliveries of several destinations, each with its own [`FifoGroups`].
#[derive(Clone, Debug, Default)]
pub struct DestinationGroups {
    destinations: HashMap<Arc<str>, FifoGroups>,
    /// The destination of each delivery.
    entries: HashMap<u64, Arc<str>>,
    longest_wait: Option<Duration>,
}

impl DestinationGroups {
    /// Limits due times to `longest` from now; without it there is no limit.
    pub fn limit_wait(&mut self, longest: Duration) {
        self.longest_wait = Some(longest);
        self.destinations.values_mut().for_each(|groups| groups.limit_wait(longest));
    }

    /// Adds a delivery at the end of its group, as [`FifoGroups::push`] does.
    pub fn push(&mut self, id: u64, destination: &str, group: Option<&str>, due: Timestamp) -> bool {
        if self.entries.contains_key(&id) {
            return false;
        }
        let destination = match self.destinations.get_key_value(destination) {
            Some((name, _)) => Arc::clone(name),
            None => destination.into(),
        };
        let groups = self.destinations.entry(Arc::clone(&destination)).or_insert_with(|| {
            let mut groups = FifoGroups::default();
            if let Some(longest) = self.longest_wait {
                groups.limit_wait(longest);
            }
            groups
        });
        self.entries.insert(id, destination);
        groups.push(id, group, due)
    }

    /// Takes up to `room` deliveries that are due, the longest due first, except those of the destinations `held`. They
    /// are in flight until [`Self::complete`].
    pub fn take(&mut self, now: Timestamp, room: usize, held: &HashSet<Arc<str>>) -> Vec<u64> {
        self.destinations.values_mut().for_each(|groups| groups.bring_forward(now));
        let mut taken = Vec::new();
        while taken.len() < room {
            let open = self.destinations.iter_mut().filter(|(name, _)| !held.contains(*name));
            let next =
                open.filter_map(|(_, groups)| groups.peek().map(|head| (head, groups))).min_by_key(|(head, _)| *head);
            let Some(id) = next.and_then(|(_, groups)| groups.take(now)) else { break };
            taken.push(id);
        }
        taken
    }

    /// Records the result of a delivery in flight, as [`FifoGroups::complete`] does for its destination.
    pub fn complete(&mut self, id: u64, decision: &RetryDecision) -> Vec<u64> {
        let Some(name) = self.entries.get(&id).cloned() else { return Vec::new() };
        let Some(groups) = self.destinations.get_mut(&name) else { return Vec::new() };
        let before = groups.len();
        let gone = groups.complete(id, decision);
        if groups.len() < before {
            for id in gone.iter().chain([&id]) {
                self.entries.remove(id);
            }
        }
        if groups.is_empty() {
            self.destinations.remove(&name);
        }
        gone
    }

    /// When the next delivery is due, except those in flight, those after them in their groups, and those of the
    /// destinations `held`.
    pub fn next_due(&self, held: &HashSet<Arc<str>>) -> Option<Timestamp> {
        let open = self.destinations.iter().filter(|(name, _)| !held.contains(*name));
        open.filter_map(|(_, groups)| groups.next_due()).min()
    }

    /// Number of deliveries, including those in flight.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no delivery, not even in flight.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests;
