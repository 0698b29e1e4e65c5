//! The pace that keeps a rate. Deliveries are spread evenly: a limit of 4 in a second would be broken by 4 at its end and
//! 4 at the beginning of the next.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::rate::Rate;

/// How late a delivery may be without moving all that follow: what a timer is off by. In any span of time there are as
/// many deliveries as the rate gives for it and this much more, and one.
const SLACK: Duration = Duration::from_millis(10);

/// Lets deliveries through at a rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    interval: Duration,
    /// When the next one may go.
    free: Option<Timestamp>,
}

/// The pace of each destination. Without a rate none is ever held.
#[derive(Debug, Default)]
pub(super) struct Paces {
    rate: Option<Rate>,
    paces: HashMap<Arc<str>, Pace>,
    held: HashSet<Arc<str>>,
    releases: BTreeSet<(Timestamp, Arc<str>)>,
}

impl Pace {
    pub(super) fn new(rate: Rate) -> Self {
        Self { interval: rate.interval(), free: None }
    }

    /// Lets one through.
    pub(super) fn pass(&mut self, now: Timestamp) {
        let slack = now.checked_sub(SLACK).unwrap_or(now);
        let from = self.free.map_or(now, |free| free.max(slack));
        self.free = Some(from.checked_add(self.interval).unwrap_or(Timestamp::MAX));
    }

    /// When the next one may go, where that is not now.
    pub(super) fn held_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.free.filter(|free| *free > now)
    }
}

impl Paces {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate: Some(rate), ..Self::default() }
    }

    /// The destinations to which nothing may go now.
    pub(super) fn held(&mut self, now: Timestamp) -> &HashSet<Arc<str>> {
        while self.releases.first().is_some_and(|(free, _)| *free <= now) {
            if let Some((_, released)) = self.releases.pop_first() {
                self.held.remove(&released);
            }
        }
        &self.held
    }

    /// Lets one through to a destination.
    pub(super) fn pass(&mut self, destination: &Arc<str>, now: Timestamp) {
        let Some(rate) = self.rate else { return };
        let pace = self.paces.entry(Arc::clone(destination)).or_insert_with(|| Pace::new(rate));
        pace.pass(now);
        if let Some(free) = pace.held_until(now) {
            self.held.insert(Arc::clone(destination));
            self.releases.insert((free, Arc::clone(destination)));
        }
    }

    /// When the next held destination is let go.
    pub(super) fn next_release(&self) -> Option<Timestamp> {
        self.releases.first().map(|(free, _)| *free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(millisecond).unwrap()
    }

    #[test]
    fn deliveries_are_spread_evenly() {
        let mut pace = Pace::new("4/s".parse().unwrap());
        assert_eq!(pace.held_until(at(0)), None, "the first goes at once");
        for (name, passed, free) in [
            ("the first", 1000, 1250),
            ("in time", 1250, 1500),
            ("late by less than the slack", 1504, 1750),
            ("late by more: no more than the slack is made up for", 2000, 2240),
            ("after a long rest", 90_000, 90_240),
        ] {
            pace.pass(at(passed));
            assert_eq!(pace.held_until(at(passed)), Some(at(free)), "{name}");
            assert_eq!(pace.held_until(at(free)), None, "{name}");
        }
    }

    #[test]
    fn no_second_has_more_than_its_rate() {
        for (rate, step, most) in [("4/s", 1, 5), ("100/s", 3, 102), ("1000/s", 1, 1011), ("90/m", 7, 3)] {
            let mut pace = Pace::new(rate.parse().unwrap());
            let passed: Vec<i64> = (0..5000)
                .step_by(step)
                .filter(|now| {
                    let free = pace.held_until(at(*now)).is_none();
                    if free {
                        pace.pass(at(*now));
                    }
                    free
                })
                .collect();
            let in_second = |start: i64| passed.iter().filter(|time| (start..start + 1000).contains(*time)).count();
            let busiest = (0..4000).map(in_second).max().unwrap();
            assert!(busiest <= most && busiest + 11 >= most.min(1000 / step), "{rate}: {busiest}");
        }
    }

    #[test]
    fn each_destination_has_its_own_pace() {
        let mut paces = Paces::new("4/s".parse().unwrap());
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        paces.pass(&a, at(0));
        paces.pass(&b, at(100));
        for (now, held, release) in [
            (100, vec![&a, &b], Some(250)),
            (249, vec![&a, &b], Some(250)),
            (250, vec![&b], Some(350)),
            (350, vec![], None),
        ] {
            assert_eq!(*paces.held(at(now)), held.into_iter().cloned().collect(), "{now}");
            assert_eq!(paces.next_release(), release.map(at), "{now}");
        }
        let mut none = Paces::default();
        none.pass(&a, at(0));
        assert_eq!((none.held(at(0)).len(), none.next_release()), (0, None));
    }
}
