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
PRAGMA user_version = 2;
INSERT INTO cursor (position) VALUES (900);
INSERT INTO destination (id, name, endpoint, active, accepted) VALUES (1, 'a', 'hooks', 1, 9);
INSERT INTO delivery (id, destination, position, message, received_at, flow, asked, due, dead, words) VALUES
    (5, 1, 500, '00000000-0000-0000-0000-0000000001f4', 1700000000000000, 'FLOW-1', 0, 1700000000000000, NULL, NULL),
    (6, 1, 600, '00000000-0000-0000-0000-000000000258', 1700000000000000, NULL, 0, 1700000000000000, 'refused', '404');
