//! The tables, their schema version, and migration.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt as _, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, Transaction};

use super::StoreError;
use crate::{
    durable_dir,
    place::DatabaseFiles,
    relay::routing::{EndpointRoutes, RoutingTable, StoredRoute},
};

/// The SQLite file in the relay's folder.
const FILE: &str = "relay.sqlite";

/// Schema version; increase it when the tables change.
const FORM: i64 = 2;

/// How long to wait for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Times are microseconds since 1970. A delivery contains no part of its message: that is in the log, at `position`.
/// While `asked` is 1, it is undecided whether it is due. Accepted deliveries are deleted; `dead` is the dead-letter
/// reason. A retried dead letter gets a new number, so that readers that follow the numbers see it.
///
/// A destination is identified by its name and its endpoint. If the same name with the same address is now at another
/// endpoint, `moved_to` is its number there. `address` is a digest with `cursor.salt`, so a URL cannot be read from it.
const TABLES: &str = "
    CREATE TABLE cursor (
        position INTEGER NOT NULL,
        log BLOB,
        last_position INTEGER,
        last_id TEXT,
        salt BLOB NOT NULL DEFAULT (randomblob(32))
    ) STRICT;
    CREATE TABLE routing (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        since INTEGER NOT NULL,
        until INTEGER,
        routes TEXT NOT NULL
    ) STRICT;
    CREATE TABLE destination (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        address BLOB,
        active INTEGER NOT NULL,
        moved_to INTEGER REFERENCES destination (id),
        accepted INTEGER NOT NULL DEFAULT 0,
        accepted_at INTEGER,
        failed_at INTEGER,
        failure TEXT,
        file_end INTEGER NOT NULL DEFAULT 0,
        UNIQUE (name, endpoint)
    ) STRICT;
    CREATE TABLE delivery (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        destination INTEGER NOT NULL REFERENCES destination (id),
        position INTEGER NOT NULL,
        message TEXT NOT NULL,
        received_at INTEGER NOT NULL,
        flow TEXT,
        digest BLOB,
        asked INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        since INTEGER,
        due INTEGER NOT NULL,
        budget INTEGER,
        dead TEXT,
        words TEXT
    ) STRICT;
    CREATE INDEX delivery_waiting ON delivery (destination, id, position, received_at) WHERE dead IS NULL;
    CREATE INDEX delivery_asked ON delivery (destination, id) WHERE asked = 1;
    CREATE INDEX delivery_needed ON delivery (position, destination) WHERE dead IS NULL;
    CREATE INDEX delivery_dead ON delivery (destination, position) WHERE dead IS NOT NULL;
    CREATE TABLE seen (
        destination INTEGER NOT NULL REFERENCES destination (id),
        digest BLOB NOT NULL,
        last_arrival INTEGER NOT NULL,
        PRIMARY KEY (destination, digest)
    ) STRICT, WITHOUT ROWID;
";

/// Migrates the tables from schema version 1 to 2.
const FROM_FORM_1: [&str; 2] = [
    "
    DROP INDEX delivery_waiting;
    DROP INDEX delivery_needed;
    DROP INDEX delivery_dead;
    ALTER TABLE cursor RENAME TO cursor_1;
    ALTER TABLE destination RENAME TO destination_1;
    ALTER TABLE delivery RENAME TO delivery_1;
    ALTER TABLE seen RENAME TO seen_1;
    ",
    "
    INSERT INTO cursor (position) SELECT position FROM cursor_1;
    INSERT INTO destination (id, name, endpoint, active, accepted, accepted_at, failed_at, failure, file_end)
        SELECT id, name, endpoint, active, accepted, accepted_at, failed_at, failure, file_end FROM destination_1;
    INSERT INTO delivery
            (id, destination, position, message, received_at, flow, asked, attempts, since, due, budget, dead, words)
        SELECT id, destination, position, message, received_at, flow, 0, attempts, since, due, budget, dead, words
        FROM delivery_1;
    INSERT INTO seen SELECT destination.id, digest, last_arrival
        FROM seen_1 JOIN destination ON destination.endpoint = seen_1.endpoint WHERE active;
    DROP TABLE seen_1;
    DROP TABLE delivery_1;
    DROP TABLE destination_1;
    DROP TABLE cursor_1;
    ",
];

/// Whether there is a file in the folder.
pub(super) fn is_in(folder: &Path) -> bool {
    folder.join(FILE).is_file()
}

/// The database file in a folder with its side files, once it is open.
pub(super) fn files(folder: &Path) -> Result<DatabaseFiles, StoreError> {
    DatabaseFiles::of(&folder.join(FILE)).map_err(|source| StoreError::Folder { folder: folder.to_owned(), source })
}

/// Opens the file in a folder, or creates it with the cursor at `cursor`.
pub(super) fn create(folder: &Path, cursor: i64) -> Result<Connection, StoreError> {
    let failed = |source| StoreError::Folder { folder: folder.to_owned(), source };
    durable_dir::make(folder).map_err(failed)?;
    let file = folder.join(FILE);
    // SQLite's side files take the mode of this one.
    OpenOptions::new().create(true).append(true).mode(0o600).open(&file).map_err(failed)?;
    let opened = Connection::open(&file).and_then(|connection| {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // Nothing else records what is due.
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(connection)
    });
    let mut connection = opened.map_err(|source| StoreError::Open { file, source })?;
    match form(&connection, folder)? {
        0 => {
            let transaction = connection.transaction()?;
            transaction.execute_batch(TABLES)?;
            transaction.execute("INSERT INTO cursor (position) VALUES (?1)", [cursor])?;
            transaction.pragma_update(None, "user_version", FORM)?;
            transaction.commit()?;
        }
        1 => {
            let transaction = connection.transaction()?;
            let [make_way, bring_over] = FROM_FORM_1;
            transaction.execute_batch(make_way)?;
            transaction.execute_batch(TABLES)?;
            transaction.execute_batch(bring_over)?;
            note_unknown_routes(&transaction)?;
            transaction.pragma_update(None, "user_version", FORM)?;
            transaction.commit()?;
        }
        _ => {}
    }
    durable_dir::sync(folder).map_err(failed)?;
    Ok(connection)
}

/// Version 1 has the destinations of endpoints, but not their conditions.
fn note_unknown_routes(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut table = RoutingTable::default();
    {
        let mut statement =
            transaction.prepare("SELECT id, endpoint FROM destination WHERE active ORDER BY endpoint, id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (destination, endpoint) = (row.get(0)?, row.get::<_, String>(1)?);
            let route = StoredRoute { destination, when: None, flow_url: None, is_unknown: true };
            match table.endpoints.last_mut().filter(|routes| routes.name == endpoint) {
                Some(routes) => routes.routes.push(route),
                None => table.endpoints.push(EndpointRoutes { name: endpoint, profile: None, routes: vec![route] }),
            }
        }
    }
    transaction.execute("INSERT INTO routing (since, routes) VALUES (0, ?1)", [super::routing::to_json(&table)])?;
    Ok(())
}

/// Opens the file in a folder for a command while a receiver may be running; `None` if there is no file.
pub(super) fn open(folder: &Path) -> Result<Option<Connection>, StoreError> {
    if !is_in(folder) {
        return Ok(None);
    }
    let file = folder.join(FILE);
    let opened = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_WRITE);
    let connection = opened.and_then(|connection| connection.busy_timeout(BUSY_TIMEOUT).map(|()| connection));
    let connection = connection.map_err(|source| StoreError::Open { file, source })?;
    match form(&connection, folder)? {
        // A process that was killed between making the file and its tables left an empty one.
        0 => Ok(None),
        FORM => Ok(Some(connection)),
        // A receiver of the older version may be running on it.
        _ => Err(StoreError::Older { folder: folder.to_owned() }),
    }
}

fn form(connection: &Connection, folder: &Path) -> Result<i64, StoreError> {
    let found = connection.query_row("PRAGMA user_version", [], |row| row.get(0));
    let found: i64 = found.map_err(|source| StoreError::Open { file: folder.join(FILE), source })?;
    if found > FORM {
        return Err(StoreError::Newer { folder: folder.to_owned(), found, known: FORM });
    }
    Ok(found)
}
