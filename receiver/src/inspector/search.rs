//! Searching messages.

use std::time::Duration;

use super::{Inspected, page::Problem};
use crate::{
    index::{Deliveries, Page, Search, Sources},
    log::Position,
    query::Query,
    relay::Store,
};

/// Number of messages on a page.
pub(super) const PAGE: usize = 50;
/// How long one search may take.
const BUDGET: Duration = Duration::from_millis(250);

impl Inspected {
    /// The newest messages before a position, or the oldest ones after a position, at most `limit`.
    pub(super) fn search(
        &self,
        query: &Query,
        before: Option<Position>,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Page, Problem> {
        let store = match query.asks_for_deliveries() {
            true => Store::open_for_reading(&self.parts.relay_folder)?,
            false => None,
        };
        let profile_of = |endpoint: &str| Some(self.profile(endpoint));
        let mut sources = Sources {
            log: self.parts.log.read(Position(0))?,
            profile_of: &profile_of,
            deliveries: store.as_ref().map(|store| store as &dyn Deliveries),
        };
        let search = Search { query, before, after, limit, budget: BUDGET };
        self.with_index(|index| Ok(index.search(&search, &mut sources)?))
    }
}
