//! The table of destinations.

use std::{collections::HashMap, sync::Arc};

use delivery::UrlError;
use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Type};
use schemas::SecretReference;

use super::destination::{Address, Destination};
use crate::credentials::CredentialReference;

/// Writes a destination, replacing the one with its name, and returns its number.
pub(super) fn write(connection: &Connection, destination: &Destination) -> rusqlite::Result<i64> {
    let (address, is_reference) = match &destination.address {
        Address::Url(url) => (url.uri().to_string(), false),
        Address::Reference(reference) => (reference.to_string(), true),
    };
    let (username, credential) = match &destination.credentials {
        CredentialReference::None => (None, None),
        CredentialReference::ClientSecret { client_secret } => (None, Some(client_secret)),
        CredentialReference::Basic { username, password } => (Some(username), Some(password)),
    };
    connection
        .prepare_cached(
            "INSERT INTO destination (name, address, address_is_reference, username, credential)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (name) DO UPDATE SET address = ?2, address_is_reference = ?3, username = ?4, credential = ?5
             RETURNING id",
        )?
        .query_row(
            params![&*destination.name, address, is_reference, username, credential.map(ToString::to_string)],
            |row| row.get(0),
        )
}

/// The destination of a number.
pub(super) fn by_id(
    connection: &Connection,
    known: &mut HashMap<i64, Arc<Destination>>,
    id: i64,
) -> rusqlite::Result<Arc<Destination>> {
    if let Some(destination) = known.get(&id) {
        return Ok(Arc::clone(destination));
    }
    let read = connection
        .prepare_cached("SELECT * FROM destination WHERE id = ?1")?
        .query_row([id], |row| destination(row).map(Arc::new))?;
    known.insert(id, Arc::clone(&read));
    Ok(read)
}

/// The endpoint of a destination: the name of the first one with the same address. Order, rates and a 410 apply to it
/// whatever its credentials are.
pub(super) fn endpoint(connection: &Connection, id: i64) -> rusqlite::Result<Arc<str>> {
    connection
        .prepare_cached(
            "SELECT first.name FROM destination JOIN destination AS first ON first.address = destination.address
             WHERE destination.id = ?1 ORDER BY first.id LIMIT 1",
        )?
        .query_row([id], |row| row.get::<_, String>(0).map(Arc::from))
}

pub(super) fn named(connection: &Connection, name: &str) -> rusqlite::Result<Option<(i64, Destination)>> {
    connection
        .prepare_cached("SELECT * FROM destination WHERE name = ?1")?
        .query_row([name], |row| Ok((row.get("id")?, destination(row)?)))
        .optional()
}

fn destination(row: &Row<'_>) -> rusqlite::Result<Destination> {
    let unreadable = |error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error)
    };
    let reference = |text: String| text.parse::<SecretReference>().map_err(|error| unreadable(error.into()));
    let address: String = row.get("address")?;
    let address = if row.get("address_is_reference")? {
        Address::Reference(reference(address)?)
    } else {
        Address::Url(address.parse().map_err(|error: UrlError| unreadable(error.into()))?)
    };
    let username: Option<String> = row.get("username")?;
    let credential = row.get::<_, Option<String>>("credential")?.map(reference).transpose()?;
    let credentials = match (username, credential) {
        (_, None) => CredentialReference::None,
        (None, Some(client_secret)) => CredentialReference::ClientSecret { client_secret },
        (Some(username), Some(password)) => CredentialReference::Basic { username, password },
    };
    Ok(Destination { name: row.get::<_, String>("name")?.into(), address, credentials })
}
