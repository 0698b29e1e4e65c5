//! The first names of a body, collected while it is scanned. Most messages have no more, so a repeated name is found
//! without a second scan.

use std::{collections::HashSet, ops::Range};

use super::scan::Observer;
use crate::profile::PlaceId;

/// Maximum number of names to collect: a few times as many as a usual message has.
const MAX_NAMES: usize = 512;
/// Maximum size of a body whose names are collected.
const MAX_BODY_BYTES: usize = 64 << 10;
const USUAL_NAMES: usize = 64;

/// Collects names, object by object, without comparing them.
#[derive(Debug)]
pub(super) struct FirstNames {
    open: Vec<Range<usize>>,
    /// Where in `open` each of these begins.
    objects: Vec<usize>,
    /// The names of the objects that have ended, one after the other.
    ended: Vec<Range<usize>>,
    /// Where in `ended` each of these ends.
    ends: Vec<usize>,
    /// Whether these are all the names and they are free of escapes.
    complete: bool,
}

impl FirstNames {
    /// For a body of this length. A large body probably has more names than are collected, and is read faster without.
    pub(super) fn new(body_bytes: usize) -> Self {
        Self {
            open: Vec::with_capacity(USUAL_NAMES),
            objects: Vec::new(),
            ended: Vec::with_capacity(USUAL_NAMES),
            ends: Vec::new(),
            complete: body_bytes <= MAX_BODY_BYTES,
        }
    }

    /// Whether it is certain that no object has a repeated name.
    pub(super) fn are_unique(&self, body: &[u8]) -> bool {
        let mut start = 0;
        self.complete
            && self.ends.iter().all(|end| {
                let names = &self.ended[start..*end];
                start = *end;
                repeated(names.iter().map(|name| &body[name.clone()])).next().is_none()
            })
    }

    fn note(&mut self, name: Range<usize>, is_plain: bool) {
        self.complete = is_plain && self.open.len() + self.ended.len() < MAX_NAMES;
        if self.complete {
            self.open.push(name);
        }
    }

    fn end_object(&mut self) {
        let start = self.objects.pop().unwrap_or(0);
        self.ended.extend(self.open.drain(start..));
        self.ends.push(self.ended.len());
    }
}

impl Observer for FirstNames {
    #[inline]
    fn watches(&self) -> bool {
        self.complete
    }

    #[inline]
    fn open(&mut self, is_object: bool, _: PlaceId) {
        if is_object && self.complete {
            self.objects.push(self.open.len());
        }
    }

    #[inline]
    fn member(&mut self, name: Range<usize>, is_plain: bool) {
        if self.complete {
            self.note(name, is_plain);
        }
    }

    fn element(&mut self) {}

    #[inline]
    fn close(&mut self, is_object: bool) {
        if is_object && self.complete {
            self.end_object();
        }
    }
}

/// Up to this number of names, comparing every pair is faster than hashing.
const MAX_PAIRWISE_NAMES: usize = 16;

/// The indices of the names that repeat an earlier one.
pub(super) fn repeated<N: Eq + std::hash::Hash + Copy>(
    names: impl ExactSizeIterator<Item = N> + Clone,
) -> impl Iterator<Item = usize> {
    let mut seen = HashSet::new();
    let few = names.len() <= MAX_PAIRWISE_NAMES;
    let earlier = names.clone();
    names.enumerate().filter_map(move |(number, name)| {
        let again = if few { earlier.clone().take(number).any(|other| other == name) } else { !seen.insert(name) };
        again.then_some(number)
    })
}
