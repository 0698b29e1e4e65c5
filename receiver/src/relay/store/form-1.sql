CREATE TABLE cursor (position INTEGER NOT NULL) STRICT;
CREATE TABLE destination (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    endpoint TEXT NOT NULL,
    active INTEGER NOT NULL,
    since INTEGER NOT NULL,
    accepted INTEGER NOT NULL DEFAULT 0,
    accepted_at INTEGER,
    failed_at INTEGER,
    failure TEXT,
    file_end INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    destination INTEGER NOT NULL REFERENCES destination (id),
    position INTEGER NOT NULL,
    message TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    flow TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    since INTEGER,
    due INTEGER NOT NULL,
    budget INTEGER,
    dead TEXT,
    words TEXT
) STRICT;
CREATE INDEX delivery_waiting ON delivery (destination, id, position, received_at) WHERE dead IS NULL;
CREATE INDEX delivery_needed ON delivery (destination, position) WHERE dead IS NULL;
CREATE INDEX delivery_dead ON delivery (destination, id) WHERE dead IS NOT NULL;
CREATE TABLE seen (
    endpoint TEXT NOT NULL,
    digest BLOB NOT NULL,
    last_arrival INTEGER NOT NULL,
    PRIMARY KEY (endpoint, digest)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
INSERT INTO cursor VALUES (900);
INSERT INTO destination (id, name, endpoint, active, since) VALUES (1, 'a', 'hooks', 1, 0), (2, 'b', 'hooks', 1, 0);
INSERT INTO delivery (id, destination, position, message, received_at, flow, due, dead, words) VALUES
    (5, 1, 500, '00000000-0000-0000-0000-0000000001f4', 1700000000000000, 'FLOW-1', 1700000000000000, NULL, NULL),
    (6, 1, 600, '00000000-0000-0000-0000-000000000258', 1700000000000000, NULL, 1700000000000000, 'refused', '404'),
    (7, 2, 500, '00000000-0000-0000-0000-0000000001f4', 1700000000000000, 'FLOW-1', 1700000000000000, NULL, NULL);
INSERT INTO seen VALUES ('hooks', x'0707070707070707070707070707070707070707070707070707070707070707', 1700000000000000);
