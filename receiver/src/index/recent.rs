//! The messages of the last minutes by a digest of their body, to recognise their later arrivals. They are kept in memory:
//! digests have no order, so an index of them in the file would write another page for every message.

use std::collections::{HashMap, VecDeque};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::tables::{DUPLICATE_WINDOW, LAST_ARRIVAL_SQL};
use crate::log::Position;

/// A minute, in microseconds.
const MINUTE_MICROSECONDS: i64 = 60 * 1_000_000;

/// Number of minutes that are kept: those of the window, and some for a clock that is set back.
const MAX_MINUTES: usize = 12;

/// Length of a stored digest, in bytes.
pub(super) const DIGEST_BYTES: usize = 16;

/// The beginning of a body's SHA-256 digest.
pub(super) type Digest = [u8; DIGEST_BYTES];

/// About 30 bytes for each message of the last minutes.
#[derive(Debug, Default)]
pub(super) struct RecentMessages {
    /// The last position and time of each message, by minute of its last arrival; the newest minute is last.
    minutes: VecDeque<(i64, HashMap<u64, i64>)>,
    /// Up to where the log was read for it.
    up_to: Option<Position>,
}

/// A message of which there is another arrival.
#[derive(Debug)]
pub(super) struct Original {
    /// Its position.
    pub(super) message: i64,
    last_arrival: i64,
}

impl RecentMessages {
    /// Starts from the rows of the index, unless it is up to date.
    pub(super) fn load(&mut self, connection: &Connection, position: Position) -> rusqlite::Result<()> {
        if self.up_to == Some(position) {
            return Ok(());
        }
        self.minutes.clear();
        let newest: Option<i64> = connection.query_row(LAST_ARRIVAL_SQL, [], |row| row.get(2)).optional()?;
        let since = newest.unwrap_or_default() - DUPLICATE_WINDOW - MINUTE_MICROSECONDS;
        let mut statement = connection.prepare(
            "WITH bound AS (SELECT min(first) AS first FROM span WHERE latest >= ?1)
             SELECT digest, endpoint, position, last_arrival FROM message, bound
             WHERE position >= bound.first AND last_arrival >= ?1
             UNION
             SELECT digest, endpoint, message.position, last_arrival
             FROM bound, repeat JOIN message ON message.position = repeat.message
             WHERE repeat.position >= bound.first AND repeat.received_at >= ?1
             ORDER BY last_arrival",
        )?;
        let mut rows = statement.query([since])?;
        while let Some(row) = rows.next()? {
            self.insert(&row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        }
        self.up_to = Some(position);
        Ok(())
    }

    /// States that it has what was read up to a position.
    pub(super) fn commit(&mut self, up_to: Position) {
        self.up_to = Some(up_to);
    }

    /// States that it has what may not be in the index.
    pub(super) fn invalidate(&mut self) {
        self.up_to = None;
    }

    /// The message of which this is another arrival.
    pub(super) fn find(
        &self,
        connection: &Connection,
        digest: &Digest,
        endpoint: i64,
        at: i64,
    ) -> rusqlite::Result<Option<Original>> {
        let key = key(digest, endpoint);
        let window = at - DUPLICATE_WINDOW..=at + DUPLICATE_WINDOW;
        let minutes = window.start().div_euclid(MINUTE_MICROSECONDS)..=window.end().div_euclid(MINUTE_MICROSECONDS);
        let known = self.minutes.iter().rev().filter(|(minute, _)| minutes.contains(minute));
        for message in known.filter_map(|(_, messages)| messages.get(&key)) {
            let last_arrival: Option<i64> = connection
                .prepare_cached(
                    "SELECT last_arrival FROM message WHERE position = ?1 AND digest = ?2 AND endpoint = ?3",
                )?
                .query_row(params![message, digest, endpoint], |row| row.get(0))
                .optional()?;
            if let Some(last_arrival) = last_arrival.filter(|last_arrival| window.contains(last_arrival)) {
                return Ok(Some(Original { message: *message, last_arrival }));
            }
        }
        Ok(None)
    }

    /// Remembers an arrival of the message at a position.
    pub(super) fn insert(&mut self, digest: &Digest, endpoint: i64, message: i64, last_arrival: i64) {
        let minute = last_arrival.div_euclid(MINUTE_MICROSECONDS);
        let known = self.minutes.iter().rposition(|(known, _)| *known == minute);
        let index = known.unwrap_or_else(|| {
            if self.minutes.len() >= MAX_MINUTES {
                self.minutes.pop_front();
            }
            self.minutes.push_back((minute, HashMap::new()));
            self.minutes.len() - 1
        });
        self.minutes[index].1.insert(key(digest, endpoint), message);
    }
}

impl Original {
    /// When its last arrival is, with another one at `at`.
    pub(super) fn last_arrival_with(&self, at: i64) -> i64 {
        self.last_arrival.max(at)
    }
}

/// The same for different messages only by chance; the stored digest and endpoint decide.
fn key(digest: &Digest, endpoint: i64) -> u64 {
    let (beginning, _) = digest.split_first_chunk().expect("a digest is longer");
    u64::from_le_bytes(*beginning) ^ endpoint.cast_unsigned()
}
