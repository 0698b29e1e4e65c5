//! Which delivery is next: one that is due, and the first of its group. A delivery without a group waits for no other.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::retry::{GiveUpReason, RetryDecision};

/// Deliveries in groups. The deliveries of a group are handed out one at a time, in the order of their numbers, which
/// ascend as they arrive.
#[derive(Clone, Debug, Default)]
pub struct FifoGroups {
    entries: HashMap<u64, Entry>,
    /// The due times of the heads of groups that are not in flight.
    ready_heads: BTreeSet<(Timestamp, u64)>,
    /// The first number is the head, in flight or not.
    groups: HashMap<Arc<str>, BTreeSet<u64>>,
    longest_wait: Option<Duration>,
}

#[derive(Clone, Debug)]
struct Entry {
    group: Option<Arc<str>>,
    due: Timestamp,
    in_flight: bool,
}

impl FifoGroups {
    /// Limits due times to `longest` from now; without it there is no limit.
    pub fn limit_wait(&mut self, longest: Duration) {
        self.longest_wait = Some(longest);
    }

    /// Adds a delivery at the end of its group; `due` is the earliest time of its next attempt. Returns `false`, and
    /// does nothing, if it is there already.
    pub fn push(&mut self, id: u64, group: Option<&str>, due: Timestamp) -> bool {
        if self.entries.contains_key(&id) {
            return false;
        }
        let group = group.map(|name| match self.groups.get_key_value(name) {
            Some((name, _)) => Arc::clone(name),
            None => name.into(),
        });
        let is_head = group.as_ref().is_none_or(|name| {
            let group = self.groups.entry(Arc::clone(name)).or_default();
            group.insert(id);
            group.len() == 1
        });
        self.entries.insert(id, Entry { group, due, in_flight: false });
        if is_head {
            self.ready_heads.insert((due, id));
        }
        true
    }

    /// The due time and the number of the delivery that [`Self::take`] takes next.
    pub(super) fn peek(&self) -> Option<(Timestamp, u64)> {
        self.ready_heads.first().copied()
    }

    /// Takes the delivery that has been due for the longest time. It is in flight until [`Self::complete`].
    pub fn take(&mut self, now: Timestamp) -> Option<u64> {
        self.bring_forward(now);
        let (due, id) = self.peek().filter(|(due, _)| *due <= now)?;
        self.ready_heads.remove(&(due, id));
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.in_flight = true;
        }
        Some(id)
    }

    /// Records the result of a delivery in flight; has no effect on others. A retry is the head of its group again;
    /// otherwise the next one in the group is ready.
    ///
    /// With [`GiveUpReason::Gone`], all waiting deliveries leave too and are returned in order. Those in flight stay.
    pub fn complete(&mut self, id: u64, decision: &RetryDecision) -> Vec<u64> {
        let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.in_flight) else { return Vec::new() };
        if let RetryDecision::RetryAt(due) = decision {
            (entry.due, entry.in_flight) = (*due, false);
            self.ready_heads.insert((*due, id));
            return Vec::new();
        }
        self.leave(id);
        match decision {
            RetryDecision::GiveUp(GiveUpReason::Gone) => self.clear_waiting(),
            RetryDecision::Delivered | RetryDecision::RetryAt(_) | RetryDecision::GiveUp(_) => Vec::new(),
        }
    }

    /// Removes a waiting delivery. Returns `false`, and does nothing, if it is unknown or in flight: the next one in its
    /// group must not overtake it.
    pub fn remove(&mut self, id: u64) -> bool {
        let is_waiting = self.entries.get(&id).is_some_and(|entry| !entry.in_flight);
        if is_waiting {
            self.leave(id);
        }
        is_waiting
    }

    /// When the next delivery is due, except those in flight and those after them in their groups.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.peek().map(|(due, _)| due)
    }

    /// Number of deliveries, including those in flight.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no delivery, not even in flight.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Brings forward due times that are further ahead than a wait can be: the clock was set back.
    pub(super) fn bring_forward(&mut self, now: Timestamp) {
        let Some(latest) = self.longest_wait.and_then(|longest| now.checked_add(longest).ok()) else { return };
        for (_, id) in self.ready_heads.split_off(&(latest, u64::MAX)) {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.due = latest;
            }
            self.ready_heads.insert((latest, id));
        }
    }

    /// Removes a delivery and makes the next one in its group ready if it was the head.
    fn leave(&mut self, id: u64) {
        let Some(left) = self.entries.remove(&id) else { return };
        self.ready_heads.remove(&(left.due, id));
        let Some(name) = left.group else { return };
        let Some(group) = self.groups.get_mut(&name) else { return };
        let was_head = group.first() == Some(&id);
        group.remove(&id);
        match group.first() {
            None => {
                self.groups.remove(&name);
            }
            Some(head) if was_head => {
                if let Some(entry) = self.entries.get(head) {
                    self.ready_heads.insert((entry.due, *head));
                }
            }
            Some(_) => {}
        }
    }

    fn clear_waiting(&mut self) -> Vec<u64> {
        let mut waiting: Vec<u64> =
            self.entries.iter().filter(|(_, entry)| !entry.in_flight).map(|(id, _)| *id).collect();
        waiting.sort_unstable();
        for id in waiting.iter().rev() {
            self.leave(*id);
        }
        waiting
    }
}
