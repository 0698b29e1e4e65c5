//! The deliveries of messages, as a search sees them. Positions are indexed by destination, so each destination is asked.

use rusqlite::{Params, params};

use super::{Store, position};
use crate::{
    index::{Deliveries, DeliveriesError},
    log::Position,
    query::RelayFilter,
};

const WAITING: &str = "SELECT DISTINCT position FROM delivery INDEXED BY delivery_needed
     WHERE dead IS NULL AND position < ?1 ORDER BY position DESC LIMIT ?2";
/// The index is that of the positions, because sorting all that wait at a destination takes long.
const WAITING_AT: &str = "SELECT position FROM delivery INDEXED BY delivery_needed
     WHERE dead IS NULL AND asked = 0 AND destination = ?3 AND position < ?1 ORDER BY position DESC LIMIT ?2";
const DEAD_AT: &str = "SELECT position FROM delivery
     WHERE dead IS NOT NULL AND destination = ?3 AND position < ?1 ORDER BY position DESC LIMIT ?2";
const ACCEPTED_AT: &str = "SELECT position FROM accepted
     WHERE destination = ?3 AND position < ?1 ORDER BY position DESC LIMIT ?2";

impl Store {
    fn destinations(&self, name: Option<&str>) -> rusqlite::Result<Vec<i64>> {
        let mut statement =
            self.connection.prepare_cached("SELECT id FROM destination WHERE ?1 IS NULL OR name = ?1")?;
        statement.query_map([name], |row| row.get(0))?.collect()
    }

    fn positions(&self, find: &str, parameters: impl Params) -> rusqlite::Result<Vec<Position>> {
        let mut statement = self.connection.prepare_cached(find)?;
        statement.query_map(parameters, |row| row.get(0).map(position))?.collect()
    }
}

impl Deliveries for Store {
    fn newest(
        &self,
        filter: &RelayFilter,
        below: Position,
        limit: usize,
    ) -> Result<Option<Vec<Position>>, DeliveriesError> {
        let (below, count) = (below.0.cast_signed(), limit.cast_signed());
        let (name, queries): (Option<&str>, &[&str]) = match filter {
            RelayFilter::Waiting => return Ok(Some(self.positions(WAITING, params![below, count])?)),
            RelayFilter::Accepted => (None, &[ACCEPTED_AT]),
            RelayFilter::Dead => (None, &[DEAD_AT]),
            RelayFilter::Destination(name) => (Some(name), &[WAITING_AT, DEAD_AT, ACCEPTED_AT]),
        };
        let mut found = Vec::new();
        for destination in self.destinations(name)? {
            for find in queries {
                found.extend(self.positions(find, params![below, count, destination])?);
            }
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
        found.truncate(limit);
        Ok(Some(found))
    }

    fn has(&self, filter: &RelayFilter, message: Position) -> Result<bool, DeliveriesError> {
        // `CROSS` keeps the order of the tables, so that each destination is looked up in the index.
        let delivery = "FROM destination CROSS JOIN delivery ON delivery.destination = destination.id
             WHERE position = ?1 AND (?2 IS NULL OR name = ?2)";
        let accepted = "FROM destination CROSS JOIN accepted ON accepted.destination = destination.id
             WHERE position = ?1 AND (?2 IS NULL OR name = ?2)";
        let waiting = "FROM delivery JOIN destination ON delivery.destination = destination.id
             WHERE position = ?1 AND dead IS NULL AND (?2 IS NULL OR name = ?2)";
        let (name, condition) = match filter {
            RelayFilter::Waiting => (None, format!("EXISTS (SELECT 1 {waiting})")),
            RelayFilter::Accepted => (None, format!("EXISTS (SELECT 1 {accepted})")),
            RelayFilter::Dead => (None, format!("EXISTS (SELECT 1 {delivery} AND dead IS NOT NULL)")),
            RelayFilter::Destination(name) => (
                Some(name),
                format!(
                    "EXISTS (SELECT 1 {waiting} AND asked = 0) OR EXISTS (SELECT 1 {delivery} AND dead IS NOT NULL)
                     OR EXISTS (SELECT 1 {accepted})"
                ),
            ),
        };
        let mut statement = self.connection.prepare_cached(&format!("SELECT {condition}"))?;
        Ok(statement.query_row(params![message.0.cast_signed(), name], |row| row.get(0))?)
    }
}
