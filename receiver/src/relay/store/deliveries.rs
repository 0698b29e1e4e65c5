//! The deliveries as a search of messages needs them.

use rusqlite::params;

use super::Store;
use crate::{
    index::{Deliveries, DeliveriesError},
    log::Position,
    query::RelayFilter,
};

/// Only pending deliveries and dead letters are kept.
const ACCEPTED_IS_NOT_KEPT: &str = "the relay does not keep which messages were accepted; search for relay:waiting, relay:dead, or the name of a destination";

impl Deliveries for Store {
    fn newest(
        &self,
        filter: &RelayFilter,
        below: Position,
        limit: usize,
    ) -> Result<Option<Vec<Position>>, DeliveriesError> {
        let (condition, name) = condition(filter)?;
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT DISTINCT position FROM delivery WHERE position < ?1 AND {condition} AND (?2 IS NULL OR destination IN
                 (SELECT id FROM destination WHERE name = ?2)) ORDER BY position DESC LIMIT ?3"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let positions = statement.query_map(params![below.0.cast_signed(), name, limit], |row| row.get::<_, i64>(0))?;
        let positions = positions.map(|position| position.map(|position| Position(position.cast_unsigned())));
        Ok(Some(positions.collect::<Result<_, _>>()?))
    }

    fn has(&self, filter: &RelayFilter, message: Position) -> Result<bool, DeliveriesError> {
        let (condition, name) = condition(filter)?;
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM destination JOIN delivery ON delivery.destination = destination.id
                 WHERE position = ?1 AND {condition} AND (?2 IS NULL OR name = ?2))"
        ))?;
        Ok(statement.query_row(params![message.0.cast_signed(), name], |row| row.get(0))?)
    }
}

/// The condition on a delivery, and the name of its destination.
fn condition(filter: &RelayFilter) -> Result<(&'static str, Option<&str>), DeliveriesError> {
    match filter {
        RelayFilter::Waiting => Ok(("dead IS NULL", None)),
        RelayFilter::Dead => Ok(("dead IS NOT NULL", None)),
        RelayFilter::Destination(name) => Ok(("TRUE", Some(name))),
        RelayFilter::Accepted => Err(ACCEPTED_IS_NOT_KEPT.into()),
    }
}
