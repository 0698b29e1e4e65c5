//! Searching messages.

use std::time::Duration;

use http::StatusCode;

use super::{Inspected, page::Problem};
use crate::{
    index::{Deliveries, Page, Search, Sources},
    log::Position,
    query::{Predicate, Query, RelayFilter, Term},
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
        let is_of_accepted = |term: &Term| term.predicate == Predicate::Relay(RelayFilter::Accepted);
        if query.terms().iter().any(is_of_accepted) {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "relay:accepted cannot be searched for",
                "The relay does not keep which messages were accepted. Search for `relay:waiting` or `relay:dead`; the page of a \
                 message shows its status at each destination.",
            ));
        }
        let store = self.relay_store()?;
        let profile_of = |endpoint: &str| Some(self.profile(endpoint));
        let mut sources = Sources {
            log: self.parts.log.read(Position(0))?,
            profile_of: &profile_of,
            deliveries: store.as_ref().map(|store| store as &dyn Deliveries),
        };
        let search = Search { query, before, after, limit, budget: BUDGET };
        Ok(self.index()?.search(&search, &mut sources)?)
    }
}
