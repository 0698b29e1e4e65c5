//! Searching the index: which messages match a query, a page at a time. A store other than this one has to answer the same.

mod candidates;
mod check;
mod plan;
mod record;
#[cfg(test)]
mod tests;
mod walk;

use std::time::{Duration, Instant};

use jiff::Timestamp;
use schemas::Profile;
use serde::Serialize;

pub(crate) use self::record::TextMatcher;
use self::{plan::Plan, walk::Walk};
use super::{IndexError, Message, Reader};
use crate::{
    log::{LogReader, Position},
    query::{Query, RelayFilter},
};

/// Maximum number of bodies that are read from the log for a page, to look for phrases.
const MAX_BODIES: usize = 200;

/// A page of messages to find.
#[derive(Clone, Copy, Debug)]
pub struct Search<'q> {
    /// Which messages.
    pub query: &'q Query,
    /// Only messages before this position.
    pub before: Option<Position>,
    /// Only messages after this position, oldest first; without it, newest first.
    pub after: Option<Position>,
    /// Maximum number of messages.
    pub limit: usize,
    /// How long to search.
    pub budget: Duration,
}

impl<'q> Search<'q> {
    /// The newest messages, however long it takes to find them.
    pub fn newest(query: &'q Query, limit: usize) -> Self {
        Self { query, before: None, after: None, limit, budget: Duration::MAX }
    }
}

/// The messages that were found, by the position of their first arrival.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// The messages.
    pub messages: Vec<Message>,
    /// Where to go on, as the next `before` or `after`; `None` if there are no more messages.
    pub next: Option<Position>,
    /// If the page is not full and there may be more messages: the time up to which was searched.
    pub searched_back_to: Option<Timestamp>,
    /// The last position that was indexed when the search began: the next `after` of a search that found all.
    pub indexed: Position,
}

/// What a search uses besides the index.
pub struct Sources<'s> {
    /// Reads the bodies in which phrases are looked for.
    pub log: LogReader,
    /// The profile of an endpoint by its name; profile v1 if there is none.
    pub profile_of: &'s dyn Fn(&str) -> Option<Profile>,
    /// The relay's deliveries; without them, no message was relayed.
    pub deliveries: Option<&'s dyn Deliveries>,
}

/// The relay's deliveries, by the position of their message.
pub trait Deliveries {
    /// The newest positions below `below` with a delivery that matches, newest first. `None` if they cannot be listed; then
    /// each message is checked.
    ///
    /// # Errors
    /// When the deliveries cannot be read.
    fn newest(
        &self,
        filter: &RelayFilter,
        below: Position,
        limit: usize,
    ) -> Result<Option<Vec<Position>>, DeliveriesError>;

    /// Whether the message at a position has a delivery that matches.
    ///
    /// # Errors
    /// When the deliveries cannot be read.
    fn has(&self, filter: &RelayFilter, message: Position) -> Result<bool, DeliveriesError>;
}

/// Why deliveries cannot be read.
pub type DeliveriesError = Box<dyn std::error::Error + Send + Sync>;

impl Reader {
    /// Finds a page of messages. It ends when the page is full, when nothing more can match, when the budget is used up, or
    /// after 200 bodies in which phrases were looked for.
    ///
    /// # Errors
    /// When the index, the log or the deliveries cannot be read.
    pub fn search(&self, search: &Search<'_>, sources: &mut Sources<'_>) -> Result<Page, IndexError> {
        // Everything is read at one moment.
        let snapshot = self.connection.unchecked_transaction()?;
        let plan = Plan::of(search.query, &self.tokenizer)?;
        Walk::new(self, &snapshot, search, &plan, sources)?.page()
    }

    /// Finds the newest messages as [`Self::search`] does, but looks for phrases in any number of bodies.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn newest(&self, search: Search<'_>, sources: &mut Sources<'_>) -> Result<Page, IndexError> {
        let (began, mut rest, mut messages) = (Instant::now(), search, Vec::new());
        loop {
            let page = self.search(&rest, sources)?;
            messages.extend(page.messages);
            (rest.before, rest.limit) = (page.next, search.limit - messages.len());
            rest.budget = search.budget.saturating_sub(began.elapsed());
            if page.next.is_none() || rest.limit == 0 || rest.budget.is_zero() {
                return Ok(Page { messages, ..page });
            }
        }
    }
}
