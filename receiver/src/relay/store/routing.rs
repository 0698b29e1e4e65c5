//! Destinations and routing tables, with the part of the log for which each was in force.

use std::sync::Arc;

use rusqlite::{OptionalExtension as _, Transaction, params};
use sha2::{Digest as _, Sha256};
use storage::database;

use super::{Store, StoreError, position};
use crate::{
    log::Position,
    relay::{
        destination::Destination,
        routing::{EndpointRoutes, Router, RoutingTable, StoredTable},
    },
};

/// Dead-letter reason: the destination is no longer configured. Retried when it is configured again.
pub(super) const NOT_CONFIGURED: &str = "not-configured";

/// Number of routing tables kept beyond the needed ones, because a request that started before some reloads may still
/// be stored.
const KEPT_TABLES: i64 = 32;

/// A change of pending deliveries by a new configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AffectedDestination {
    pub(crate) destination: String,
    pub(crate) endpoint: String,
    pub(crate) messages: usize,
    /// Whether they were given up because it was removed; otherwise they are pending again because it is back.
    pub(crate) is_given_up: bool,
}

impl Store {
    /// Puts a configuration in force from a position, together with the previous one until [`Self::retire_routing`].
    ///
    /// Pending deliveries of a removed destination are given up, and become pending again when it is back. If it is now
    /// at another endpoint with the same address, they continue there.
    pub(crate) fn configure(
        &mut self,
        endpoints: &[&str],
        destinations: &[Destination],
        since: Position,
    ) -> Result<Vec<AffectedDestination>, StoreError> {
        self.check_place()?;
        let transaction = database::begin_write(&mut self.connection)?;
        let numbers = set_active(&transaction, destinations)?;
        let affected = follow(&transaction)?;
        let of = |endpoint: &str| {
            let here = numbers.iter().copied().zip(destinations);
            EndpointRoutes::new(endpoint, here.filter(|(_, destination)| destination.endpoint == endpoint))
        };
        let table = RoutingTable { endpoints: endpoints.iter().map(|endpoint| of(endpoint)).collect() };
        add_table(&transaction, &table, since)?;
        transaction.commit()?;
        self.routing_changed();
        Ok(affected)
    }

    /// Retires the configurations before the newest: they were in force up to this position.
    pub(crate) fn retire_routing(&mut self, end: Position) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE routing SET until = max(?1, since) WHERE until IS NULL AND id < (SELECT max(id) FROM routing)",
            [end.0.cast_signed()],
        )?;
        self.routing_changed();
        Ok(())
    }

    /// The router for all tables that are still needed.
    pub(crate) fn router(&mut self) -> Result<Arc<Router>, StoreError> {
        if let Some(router) = &self.router {
            return Ok(router.clone());
        }
        let mut statement = self.connection.prepare_cached("SELECT since, until, routes FROM routing ORDER BY id")?;
        let tables = statement.query_map([], |row| {
            let routes: String = row.get(2)?;
            let table = serde_json::from_str(&routes).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, Box::new(error))
            })?;
            Ok(StoredTable { since: position(row.get(0)?), until: row.get::<_, Option<i64>>(1)?.map(position), table })
        })?;
        let router = Arc::new(Router::new(self.routing_version, tables.collect::<Result<_, _>>()?));
        drop(statement);
        self.router = Some(router.clone());
        Ok(router)
    }

    /// Number and endpoint of the configured destination with a name.
    pub(crate) fn configured(&self, name: &str) -> Result<Option<(i64, String)>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT id, endpoint FROM destination WHERE name = ?1 AND active")?;
        Ok(statement.query_row([name], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// Numbers of these destinations; `None` for one that was never configured.
    pub(crate) fn numbers(&self, destinations: &[Destination]) -> Result<Vec<Option<i64>>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT id FROM destination WHERE name = ?1 AND endpoint = ?2")?;
        let mut number = |it: &Destination| statement.query_row([&*it.name, &it.endpoint], |row| row.get(0)).optional();
        Ok(destinations.iter().map(&mut number).collect::<Result<_, _>>()?)
    }

    fn routing_changed(&mut self) {
        self.routing_version += 1;
        self.router = None;
    }
}

/// Stores the destinations and returns their numbers. If a destination's address changed, messages that the old address
/// got do not count as duplicates, and pending deliveries go to the new address.
fn set_active(transaction: &Transaction<'_>, destinations: &[Destination]) -> rusqlite::Result<Vec<i64>> {
    let salt: Vec<u8> = transaction.query_row("SELECT salt FROM cursor", [], |row| row.get(0))?;
    transaction.execute("UPDATE destination SET active = 0", [])?;
    let mut forget = transaction.prepare(
        "DELETE FROM seen WHERE destination IN
             (SELECT id FROM destination WHERE name = ?1 AND endpoint = ?2 AND address != ?3)
         AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.destination = seen.destination
             AND delivery.digest = seen.digest AND dead IS NULL)",
    )?;
    let mut statement = transaction.prepare(
        "INSERT INTO destination (name, endpoint, address, active) VALUES (?1, ?2, ?3, 1)
         ON CONFLICT (name, endpoint) DO UPDATE SET address = ?3, active = 1 RETURNING id",
    )?;
    let mut add = |it: &Destination| {
        let address = Sha256::new().chain_update(&salt).chain_update(it.address()).finalize();
        forget.execute(params![&*it.name, it.endpoint, &address[..]])?;
        statement.query_row(params![&*it.name, it.endpoint, &address[..]], |row| row.get(0))
    };
    destinations.iter().map(&mut add).collect()
}

/// Moves pending deliveries along with their destination.
fn follow(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<AffectedDestination>> {
    transaction.execute_batch(
        "UPDATE destination SET moved_to = CASE WHEN active THEN NULL ELSE (
             SELECT now.id FROM destination AS now
             WHERE now.active AND now.name = destination.name AND now.address = destination.address) END;
         UPDATE destination SET file_end = (
             SELECT max(file_end) FROM destination AS other
             WHERE other.name = destination.name AND other.address = destination.address) WHERE active;
         UPDATE OR IGNORE seen SET destination = (SELECT moved_to FROM destination WHERE id = seen.destination)
             WHERE destination IN (SELECT id FROM destination WHERE moved_to IS NOT NULL);
         DELETE FROM seen WHERE destination IN (SELECT id FROM destination WHERE moved_to IS NOT NULL);",
    )?;
    transaction.execute(
        "UPDATE delivery SET destination = (SELECT moved_to FROM destination WHERE id = delivery.destination)
         WHERE destination IN (SELECT id FROM destination WHERE moved_to IS NOT NULL)
         AND asked = 0 AND (dead IS NULL OR dead = ?1)",
        [NOT_CONFIGURED],
    )?;
    let mut affected = Vec::new();
    for (is_given_up, which) in [
        (true, "NOT active AND moved_to IS NULL AND delivery.asked = 0 AND delivery.dead IS NULL AND ?1 IS NOT NULL"),
        (false, "active AND delivery.dead = ?1"),
    ] {
        let mut statement = transaction.prepare(&format!(
            "SELECT destination.id, name, endpoint, count(*) FROM destination
             JOIN delivery ON delivery.destination = destination.id WHERE {which} GROUP BY destination.id"
        ))?;
        let found = statement.query_map([NOT_CONFIGURED], |row| {
            let messages = row.get::<_, i64>(3)?.cast_unsigned() as usize;
            Ok((
                row.get(0)?,
                AffectedDestination { destination: row.get(1)?, endpoint: row.get(2)?, messages, is_given_up },
            ))
        })?;
        let found: Vec<(i64, AffectedDestination)> = found.collect::<Result<_, _>>()?;
        for (destination, it) in found {
            let change = if is_given_up {
                "UPDATE delivery SET dead = ?2, words = ?3 WHERE destination = ?1 AND asked = 0 AND dead IS NULL"
            } else {
                "UPDATE delivery SET dead = NULL, words = NULL WHERE destination = ?1 AND dead = ?2 AND ?3 IS NOT NULL"
            };
            transaction.execute(change, params![destination, NOT_CONFIGURED, gone(&it.destination, &it.endpoint)])?;
            affected.push(it);
        }
    }
    Ok(affected)
}

/// The error of deliveries to a removed destination.
pub(super) fn gone(destination: &str, endpoint: &str) -> String {
    format!("the destination {destination} of the endpoint {endpoint} is no longer configured")
}

/// Adds a routing table if it differs from the one in force, and deletes those that are no longer needed.
fn add_table(transaction: &Transaction<'_>, table: &RoutingTable, since: Position) -> rusqlite::Result<()> {
    let newest: Option<(i64, String, bool)> = transaction
        .query_row("SELECT id, routes, until IS NULL FROM routing ORDER BY id DESC LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let mut is_in_force = false;
    if let Some((id, routes, has_no_end)) = newest {
        let mut before: RoutingTable = serde_json::from_str(&routes).unwrap_or_default();
        if complete(&mut before, table) {
            transaction.execute("UPDATE routing SET routes = ?2 WHERE id = ?1", params![id, to_json(&before)])?;
        }
        is_in_force = has_no_end && before == *table;
    }
    if !is_in_force {
        let added = params![since.0.cast_signed(), to_json(table)];
        transaction.execute("INSERT INTO routing (since, routes) VALUES (?1, ?2)", added)?;
    }
    transaction.execute(
        "DELETE FROM routing WHERE until <= min(
             (SELECT position FROM cursor),
             coalesce((SELECT min(position) FROM delivery WHERE dead IS NULL), 9223372036854775807))
         AND id <= (SELECT max(id) FROM routing) - ?1",
        [KEPT_TABLES],
    )?;
    Ok(())
}

/// Completes routes that an older version stored without conditions from current routes to the same destination.
fn complete(before: &mut RoutingTable, now: &RoutingTable) -> bool {
    let mut is_changed = false;
    for endpoint in &mut before.endpoints {
        let Some(known) = now.endpoints.iter().find(|known| known.name == endpoint.name) else { continue };
        for route in endpoint.routes.iter_mut().filter(|route| route.is_unknown) {
            let same = known.routes.iter().find(|same| same.destination == route.destination);
            if let Some(same) = same {
                *route = same.clone();
                endpoint.profile.clone_from(&known.profile);
                is_changed = true;
            }
        }
    }
    is_changed
}

pub(super) fn to_json(table: &RoutingTable) -> String {
    serde_json::to_string(table).expect("a routing table is made of strings and numbers")
}
