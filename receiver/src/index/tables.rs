//! The tables, and how rows leave them.

/// How long another arrival of the same body counts as the same message: 5 minutes, in microseconds as all times of the tables.
pub(super) const DUPLICATE_WINDOW: i64 = 5 * 60 * 1_000_000;

/// Number of arrivals in a row of `span`.
pub(super) const SPAN_ARRIVALS: i64 = 4096;

/// Number of arrivals in a part of the text index.
pub(super) const PART_ARRIVALS: i64 = 1_000_000;

/// A message is at the position of its first arrival; `repeat` has the later ones. Every table is appended to in the order of
/// the log, so that however long it is, a batch writes only its last pages.
///
/// A span is a range of positions, up to that of the next, with the earliest and latest time of the arrivals in it. Times
/// increase with positions, except where a clock was set back. Each row of `part` is a part of the text index.
pub(super) const TABLES_SQL: &str = "
    CREATE TABLE cursor (position INTEGER NOT NULL, start INTEGER NOT NULL, log BLOB);
    INSERT INTO cursor VALUES (0, 0, NULL);
    CREATE TABLE endpoint (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE message (
        position INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        received_at INTEGER NOT NULL,
        last_arrival INTEGER NOT NULL,
        arrivals INTEGER NOT NULL,
        endpoint INTEGER NOT NULL REFERENCES endpoint (number),
        trigger INTEGER,
        flow TEXT,
        step TEXT,
        size INTEGER NOT NULL,
        digest BLOB NOT NULL,
        violations TEXT,
        captured INTEGER NOT NULL,
        text_cut INTEGER NOT NULL,
        peer BLOB
    ) STRICT;
    CREATE TABLE repeat (
        position INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        message INTEGER NOT NULL REFERENCES message (position) DEFERRABLE INITIALLY DEFERRED,
        received_at INTEGER NOT NULL,
        peer BLOB
    ) STRICT;
    CREATE INDEX repeat_message ON repeat (message);
    CREATE TABLE span (
        first INTEGER PRIMARY KEY,
        arrivals INTEGER NOT NULL,
        earliest INTEGER NOT NULL,
        latest INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE part (first INTEGER PRIMARY KEY, arrivals INTEGER NOT NULL) STRICT;
";

/// The position, id and time of the last arrival.
pub(super) const LAST_ARRIVAL_SQL: &str = "
    SELECT position, id, received_at FROM (
        SELECT * FROM (SELECT position, id, received_at FROM message ORDER BY position DESC LIMIT 1)
        UNION ALL
        SELECT * FROM (SELECT position, id, received_at FROM repeat ORDER BY position DESC LIMIT 1)
    ) ORDER BY position DESC LIMIT 1";

/// Drops the rows of arrivals before a position. A message of which a later arrival is left becomes the message of that
/// arrival, as it would be had the earlier ones never come.
pub(super) const DELETE_REMOVED_SQL: &str = "
    DELETE FROM repeat WHERE position < :start;
    CREATE TEMP TABLE heir (
        old INTEGER PRIMARY KEY, new INTEGER NOT NULL, arrivals INTEGER NOT NULL, last_arrival INTEGER NOT NULL
    );
    INSERT INTO heir
        SELECT message, min(position), count(*), max(received_at) FROM repeat WHERE message < :start GROUP BY message;
    INSERT INTO message
        SELECT heir.new, first.id, first.received_at, heir.last_arrival, heir.arrivals, endpoint, trigger, flow, step, size,
            digest, violations, captured, text_cut, first.peer
        FROM heir JOIN message ON message.position = heir.old JOIN repeat AS first ON first.position = heir.new;
    DELETE FROM repeat WHERE position IN (SELECT new FROM heir);
    UPDATE repeat SET message = (SELECT new FROM heir WHERE old = repeat.message) WHERE message < :start;
    DELETE FROM message WHERE position < :start;
    DELETE FROM span WHERE first < (SELECT max(first) FROM span WHERE first <= :start);
    DROP TABLE heir;
";
