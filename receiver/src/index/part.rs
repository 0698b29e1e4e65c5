//! The text index, in parts by position: retention drops a part whole, and a search reads the newest parts first.

use rusqlite::{Connection, OptionalExtension as _, Transaction};

/// A part, with the positions from its first up to the first of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) first: i64,
    pub(super) arrivals: i64,
}

impl Part {
    /// Creates an empty part.
    pub(super) fn create(transaction: &Transaction<'_>, first: i64) -> rusqlite::Result<Self> {
        let part = Self { first, arrivals: 0 };
        // Only rowids are kept, and the order of words is not: texts are in the log, and a search does not rank.
        transaction.execute_batch(&format!(
            "CREATE VIRTUAL TABLE {} USING fts5(
                 text, content = '', columnsize = 0, detail = none, tokenize = 'unicode61 remove_diacritics 2'
             );",
            part.table()
        ))?;
        part.write(transaction)?;
        Ok(part)
    }

    /// The newest part.
    pub(super) fn last(connection: &Connection) -> rusqlite::Result<Option<Self>> {
        connection
            .query_row("SELECT first, arrivals FROM part ORDER BY first DESC LIMIT 1", [], |row| {
                Ok(Self { first: row.get(0)?, arrivals: row.get(1)? })
            })
            .optional()
    }

    /// All parts, oldest first.
    pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Self>> {
        let mut statement = connection.prepare_cached("SELECT first, arrivals FROM part ORDER BY first")?;
        statement.query_map([], |row| Ok(Self { first: row.get(0)?, arrivals: row.get(1)? }))?.collect()
    }

    /// The name of its table.
    pub(super) fn table(self) -> String {
        format!("text_{}", self.first)
    }

    /// Adds the text of the arrival at a position.
    pub(super) fn add(&mut self, transaction: &Transaction<'_>, position: i64, text: &str) -> rusqlite::Result<()> {
        self.arrivals += 1;
        transaction
            .prepare_cached(&format!("INSERT INTO {} (rowid, text) VALUES (?1, ?2)", self.table()))?
            .execute((position, text))?;
        Ok(())
    }

    /// Writes the number of arrivals.
    pub(super) fn write(self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO part VALUES (?1, ?2)")?
            .execute([self.first, self.arrivals])?;
        Ok(())
    }

    /// Drops the parts without a position from `start` on.
    pub(super) fn drop_removed(transaction: &Transaction<'_>, start: i64) -> rusqlite::Result<()> {
        let parts = Self::all(transaction)?;
        for (part, next) in parts.iter().zip(parts.iter().skip(1)) {
            if next.first <= start {
                transaction.execute_batch(&format!("DROP TABLE {};", part.table()))?;
                transaction.execute("DELETE FROM part WHERE first = ?1", [part.first])?;
            }
        }
        Ok(())
    }
}
