//! The tables, their schema version, and migration.

use std::path::Path;

use rusqlite::{Connection, Transaction};
use storage::{
    database::{self, Access, DatabaseFiles, SchemaVersion},
    durable_dir,
};

use super::StoreError;
use crate::relay::routing::{EndpointRoutes, RoutingTable, StoredRoute};

/// The SQLite file in the relay's folder.
const STORE_FILE: &str = "relay.sqlite";

/// Increase it when the tables change.
const SCHEMA_VERSION: i64 = 3;

/// Times are microseconds since 1970. A delivery contains no part of its message: that is in the log, at `position`.
/// While `asked` is 1, it is undecided whether it is due. `dead` is the dead-letter
/// reason. Of an accepted delivery, only its row in `accepted` remains. A retried dead letter gets a new number, so that readers that follow the numbers see it.
///
/// A destination is identified by its name and its endpoint. If the same name with the same address is now at another
/// endpoint, `moved_to` is its number there. `address` is a digest with `cursor.salt`, so a URL cannot be read from it.
const CREATE_TABLES: &str = "
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

/// Version 2 has no such table. It has no rows of messages that retention removed from the log.
const CREATE_ACCEPTED: &str = "
    CREATE TABLE accepted (
        destination INTEGER NOT NULL REFERENCES destination (id),
        position INTEGER NOT NULL,
        PRIMARY KEY (destination, position)
    ) STRICT, WITHOUT ROWID;
";

/// Migrates the tables from schema version 1 to 2.
const MIGRATE_FROM_1: [&str; 2] = [
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
    folder.join(STORE_FILE).is_file()
}

/// The database file in a folder with its side files, once it is open.
pub(super) fn files(folder: &Path) -> Result<DatabaseFiles, StoreError> {
    DatabaseFiles::of(&folder.join(STORE_FILE))
        .map_err(|source| StoreError::Folder { folder: folder.to_owned(), source })
}

/// Opens the file in a folder, or creates it with the cursor at `cursor`.
pub(super) fn create(folder: &Path, cursor: i64) -> Result<Connection, StoreError> {
    let failed = |source| StoreError::Folder { folder: folder.to_owned(), source };
    durable_dir::make(folder).map_err(failed)?;
    let file = folder.join(STORE_FILE);
    database::create_file(&file).map_err(failed)?;
    // Durable: nothing else records what is due.
    let (mut connection, version) = connect(folder, Access::Own { durable: true, shrinkable: false })?;
    match version {
        SchemaVersion::Empty => {
            let transaction = database::begin_write(&mut connection)?;
            transaction.execute_batch(CREATE_TABLES)?;
            transaction.execute_batch(CREATE_ACCEPTED)?;
            transaction.execute("INSERT INTO cursor (position) VALUES (?1)", [cursor])?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            transaction.commit()?;
        }
        SchemaVersion::Older(version) => {
            let transaction = database::begin_write(&mut connection)?;
            if version == 1 {
                let [rename_old_tables, copy_rows] = MIGRATE_FROM_1;
                transaction.execute_batch(rename_old_tables)?;
                transaction.execute_batch(CREATE_TABLES)?;
                transaction.execute_batch(copy_rows)?;
                note_unknown_routes(&transaction)?;
            }
            transaction.execute_batch(CREATE_ACCEPTED)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            transaction.commit()?;
        }
        SchemaVersion::Current | SchemaVersion::Newer(_) => {}
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
    match connect(folder, Access::Write)? {
        (_, SchemaVersion::Empty) => Ok(None),
        // A receiver of the older version may be running on it.
        (_, SchemaVersion::Older(_)) => Err(StoreError::Older { folder: folder.to_owned() }),
        (connection, _) => Ok(Some(connection)),
    }
}

/// Opens the file, unless its schema version is newer than this program's.
fn connect(folder: &Path, access: Access) -> Result<(Connection, SchemaVersion), StoreError> {
    let file = folder.join(STORE_FILE);
    match database::open(&file, access, SCHEMA_VERSION) {
        Ok((_, SchemaVersion::Newer(found))) => {
            Err(StoreError::Newer { folder: folder.to_owned(), found, known: SCHEMA_VERSION })
        }
        opened => opened.map_err(|source| StoreError::Open { file, source }),
    }
}
