//! Which segments go: whole ones, the oldest first, never the one that is written, never one that a consumer still
//! needs.

use std::{
    fs, io,
    path::Path,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;

use super::{Position, bounds::LogBounds, disk::Disk, inventory::Inventory, recovery::moved_aside, segment::Segment};

/// How long messages are kept. By default forever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Age of a segment's last write from which on it goes.
    pub max_age: Option<Duration>,
    /// Bytes of all segments above which the oldest go.
    pub max_bytes: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    pub segments: usize,
    pub bytes: u64,
    /// Segments that are due, but that a consumer has not read yet.
    pub held: usize,
}

impl Retention {
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }

    /// Age at which a segment that is written is followed by the next, so that its first messages do not wait long for
    /// the last ones: a tenth of the age at which it goes.
    pub(super) fn segment_age(&self) -> Option<Duration> {
        self.max_age.map(|age| age / 10)
    }

    /// How many of the sealed segments (bytes and age, oldest first) expire, given the bytes of the open one.
    fn expired(&self, sealed: &[(u64, Duration)], open: u64) -> usize {
        let mut kept = open + sealed.iter().map(|(bytes, _)| bytes).sum::<u64>();
        let goes = |(bytes, age): &&(u64, Duration)| {
            let goes = self.max_age.is_some_and(|most| *age > most) || self.max_bytes.is_some_and(|most| kept > most);
            kept -= bytes;
            goes
        };
        sealed.iter().take_while(goes).count()
    }

    /// Removes what has to go. One caller at a time.
    pub(super) fn apply(
        &self,
        disk: &dyn Disk,
        folder: &Path,
        (bounds, inventory): (&LogBounds, &Inventory),
        held_from: u64,
        now: SystemTime,
    ) -> io::Result<Removed> {
        let segments = Segment::list(folder)?;
        let Some((open, sealed)) = segments.split_last() else { return Ok(Removed::default()) };
        let mut sizes = Vec::with_capacity(sealed.len());
        for segment in sealed {
            let metadata = fs::metadata(&segment.path)?;
            sizes.push((metadata.len(), now.duration_since(metadata.modified()?).unwrap_or_default()));
        }
        let expired = self.expired(&sizes, open.length()?);
        let mut removed = Removed::default();
        for (index, segment) in sealed.iter().enumerate().take(expired) {
            let next = segments[index + 1].base;
            if next > held_from {
                removed.held = expired - index;
                break;
            }
            inventory.remove(segment.base);
            disk.remove(&segment.path).inspect_err(|_| inventory.add(segment.base))?;
            // From here on the index may drop the rows; a power cut that brings the file back brings it back in order.
            bounds.move_start(next);
            removed.segments += 1;
            removed.bytes += sizes[index].0;
        }
        if removed.segments > 0 {
            for (_, path) in moved_aside(folder)?.iter().filter(|(position, _)| *position < bounds.start()) {
                disk.remove(path)?;
            }
            disk.sync_folder(folder)?;
        }
        Ok(removed)
    }
}

/// The positions from which on consumers still need the log.
#[derive(Debug, Default)]
pub(super) struct Pins(Mutex<Vec<Weak<AtomicU64>>>);

/// A consumer's pin on the log: nothing after its position is removed until it moves or is dropped.
#[derive(Debug)]
pub struct RetentionPin(Arc<AtomicU64>);

impl RetentionPin {
    /// What lies before this position is not needed any more, or is needed again as far as it is still there.
    pub fn move_to(&self, position: Position) {
        self.0.store(position.0, Ordering::Release);
    }
}

impl Pins {
    pub(super) fn add(&self, from: Position) -> RetentionPin {
        let pin = Arc::new(AtomicU64::new(from.0));
        self.0.lock().push(Arc::downgrade(&pin));
        RetentionPin(pin)
    }

    /// The lowest position that anyone needs; the greatest number if nobody does.
    pub(super) fn lowest(&self) -> u64 {
        let mut pins = self.0.lock();
        pins.retain(|pin| pin.strong_count() > 0);
        let positions = pins.iter().filter_map(Weak::upgrade).map(|pin| pin.load(Ordering::Acquire));
        positions.min().unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_until_the_rest_is_small_and_young_enough() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let sealed = [(10, hours(5)), (10, hours(3)), (10, hours(4)), (10, hours(1))];
        for (case, max_age, max_bytes, expected) in [
            ("forever", None, None, 0),
            ("by age", Some(hours(4)), None, 1),
            ("by age, exactly", Some(hours(5)), None, 0),
            ("the order is kept", Some(hours(3)), None, 1),
            ("all", Some(hours(0)), None, 4),
            ("by size", None, Some(34), 2),
            ("by size, exactly", None, Some(45), 0),
            ("the open one alone is too large", None, Some(1), 4),
            ("either", Some(hours(4)), Some(34), 2),
        ] {
            assert_eq!(Retention { max_age, max_bytes }.expired(&sealed, 5), expected, "{case}");
        }
    }
}
