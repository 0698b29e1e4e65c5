//! The newest refused requests of each kind. Each endpoint and code has a ring of its own, and the memory of all together is
//! limited at the cost of the largest ring: requests of one kind cannot push out those of another.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::refused_request::RefusedRequest;

/// Number of requests that are kept of each kind.
const RING_LENGTH: usize = 50;
/// Maximum approximate size of all kept requests.
const MAX_BYTES: usize = 1 << 20;
/// Maximum number of kinds: endpoints come from the configuration, but reloads may bring new ones without end.
const MAX_KINDS: usize = 1024;

/// The refused requests of one endpoint with one code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefusalKind {
    /// The endpoint's name; `None` if the request was refused before its path was found.
    pub(crate) endpoint: Option<String>,
    pub(crate) code: String,
    /// How many there were since the first.
    pub(crate) count: u64,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
}

/// Which refused requests to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RefusalFilter {
    /// The endpoint's name.
    pub(crate) endpoint: Option<String>,
    pub(crate) code: Option<String>,
    /// The earliest time.
    pub(crate) since: Option<Timestamp>,
    /// The time before which they were refused.
    pub(crate) until: Option<Timestamp>,
}

/// The rings of all kinds.
#[derive(Debug, Default)]
pub(crate) struct Rings {
    kinds: BTreeMap<(Option<String>, String), Ring>,
    bytes: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Ring {
    pub(super) kind: RefusalKind,
    /// The oldest first.
    pub(super) requests: VecDeque<Arc<RefusedRequest>>,
    bytes: usize,
}

impl Rings {
    /// Rings as they were before, within the limits. Each kind comes with its requests, the oldest first.
    pub(super) fn restore(kinds: impl IntoIterator<Item = (RefusalKind, Vec<RefusedRequest>)>) -> Self {
        let mut restored = Self::default();
        for (kind, requests) in kinds {
            let is_of_kind = |refused: &RefusedRequest| {
                refused.endpoint_name() == kind.endpoint.as_deref() && refused.code == kind.code
            };
            requests.into_iter().filter(is_of_kind).for_each(|refused| restored.add(Arc::new(refused)));
            // The count includes requests that are not kept any more.
            if let Some(ring) = restored.kinds.get_mut(&(kind.endpoint.clone(), kind.code.clone())) {
                ring.kind = kind;
            }
        }
        restored
    }

    /// Adds a request, and drops the oldest of its kind if there are too many.
    pub(super) fn add(&mut self, refused: Arc<RefusedRequest>) {
        let (at, size) = (refused.at, refused.size());
        let key = (refused.endpoint_name().map(str::to_owned), refused.code.clone());
        let ring = self.kinds.entry(key).or_insert_with_key(|(endpoint, code)| Ring {
            kind: RefusalKind { endpoint: endpoint.clone(), code: code.clone(), count: 0, first: at, last: at },
            requests: VecDeque::new(),
            bytes: 0,
        });
        ring.kind.count += 1;
        ring.kind.last = ring.kind.last.max(at);
        ring.requests.push_back(refused);
        ring.bytes += size;
        self.bytes += size;
        if ring.requests.len() > RING_LENGTH {
            self.bytes -= ring.drop_oldest();
        }
        while self.bytes > MAX_BYTES {
            let Some(largest) = self.kinds.values_mut().max_by_key(|ring| ring.bytes) else { break };
            self.bytes -= largest.drop_oldest();
        }
        if self.kinds.len() > MAX_KINDS
            && let Some(oldest) = self.kinds.iter().min_by_key(|(_, ring)| ring.kind.last).map(|(key, _)| key.clone())
        {
            self.bytes -= self.kinds.remove(&oldest).map_or(0, |ring| ring.bytes);
        }
    }

    /// The newest requests, the newest first.
    pub(crate) fn newest(&self, filter: &RefusalFilter, limit: usize) -> Vec<Arc<RefusedRequest>> {
        let mut found: Vec<_> = self.requests().filter(|refused| filter.matches(refused)).cloned().collect();
        found.sort_by_key(|refused| Reverse((refused.at, refused.request_id)));
        found.truncate(limit);
        found
    }

    /// The requests whose id begins with this text, in any letter case.
    pub(crate) fn by_request_id(&self, prefix: &str) -> Vec<Arc<RefusedRequest>> {
        let prefix = prefix.to_ascii_lowercase();
        let has_prefix = |refused: &&Arc<RefusedRequest>| refused.request_id.to_string().starts_with(&prefix);
        self.requests().filter(has_prefix).cloned().collect()
    }

    /// The request whose id begins with this text, and how often its kind was refused.
    ///
    /// # Errors
    /// The number of requests with such an id, if it is not one.
    pub(crate) fn find(&self, prefix: &str) -> Result<(Arc<RefusedRequest>, Option<RefusalKind>), usize> {
        match <[_; 1]>::try_from(self.by_request_id(prefix)) {
            Ok([refused]) => {
                let kind = self.kind_of(&refused);
                Ok((refused, kind))
            }
            Err(found) => Err(found.len()),
        }
    }

    /// When a request for this endpoint was last refused.
    pub(crate) fn last_refused(&self, endpoint: &str) -> Option<Timestamp> {
        let kinds = self.kinds.values().map(|ring| &ring.kind);
        kinds.filter(|kind| kind.endpoint.as_deref() == Some(endpoint)).map(|kind| kind.last).max()
    }

    /// How many requests were refused.
    #[cfg(feature = "inspect")]
    pub(crate) fn count(&self) -> u64 {
        self.kinds.values().map(|ring| ring.kind.count).sum()
    }

    /// How often requests of each kind were refused, by endpoint and code.
    pub(crate) fn summary(&self) -> Vec<RefusalKind> {
        self.kinds.values().map(|ring| ring.kind.clone()).collect()
    }

    /// How often requests of the same kind were refused.
    pub(crate) fn kind_of(&self, refused: &RefusedRequest) -> Option<RefusalKind> {
        let key = (refused.endpoint_name().map(str::to_owned), refused.code.clone());
        self.kinds.get(&key).map(|ring| ring.kind.clone())
    }

    fn requests(&self) -> impl Iterator<Item = &Arc<RefusedRequest>> {
        self.kinds.values().flat_map(|ring| &ring.requests)
    }

    /// Approximate size of all requests, in bytes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn rings(&self) -> impl Iterator<Item = &Ring> {
        self.kinds.values()
    }
}

impl RefusalFilter {
    fn matches(&self, refused: &RefusedRequest) -> bool {
        self.endpoint.as_deref().is_none_or(|name| refused.endpoint_name() == Some(name))
            && self.code.as_ref().is_none_or(|code| refused.code == *code)
            && self.since.is_none_or(|since| refused.at >= since)
            && self.until.is_none_or(|until| refused.at < until)
    }
}

impl Ring {
    /// Drops the oldest request and returns its size.
    fn drop_oldest(&mut self) -> usize {
        let size = self.requests.pop_front().map_or(0, |oldest| oldest.size());
        self.bytes -= size;
        size
    }
}
