//! Pruning: deliveries that were delivered or discarded are deleted when their retention is over, bodies and attempts too.
//!
//! What the same command needs to go on after it was stopped stays: pending deliveries are never pruned, and the row of
//! an unfinished job is kept with the number of its pruned deliveries, even where none is left. So nothing that was
//! delivered is sent again, however late the command is repeated. Dead letters are kept until they are delivered or
//! discarded.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Transaction, params};
use storage::database;

use super::{JobId, Outbox, OutboxError, OutboxReader, reader, tables};

/// Maximum number of deliveries that are deleted in one transaction.
const BATCH_DELIVERIES: usize = 500;
/// Bytes of bodies after which no further delivery is added to a transaction.
const BATCH_BYTES: u64 = 8 << 20;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    pub deliveries: u64,
    pub bytes: u64,
}

impl Outbox {
    /// Deletes the deliveries that were delivered or discarded `age` ago or longer, oldest first, in transactions of at
    /// most 500 deliveries or about 8 MiB, and gives the free space back to the file system where the file is made for
    /// that ([`Self::make_shrinkable`]). A finished job goes with its last delivery.
    ///
    /// # Errors
    /// When the file cannot be written. What was deleted in earlier transactions stays deleted.
    pub fn prune(&mut self, age: SignedDuration) -> Result<Pruned, OutboxError> {
        let mut all = Pruned::default();
        let now = Timestamp::now();
        // The age may be longer than the time since the first timestamp.
        let until = now.checked_sub(age).unwrap_or(Timestamp::MIN);
        self.limit_ends(now)?;
        loop {
            self.check_place()?;
            let transaction = database::begin_write(&mut self.reader.connection)?;
            let pruned = prune_batch(&transaction, until)?;
            transaction.commit()?;
            if pruned.deliveries == 0 {
                return Ok(all);
            }
            all.deliveries += pruned.deliveries;
            all.bytes += pruned.bytes;
            give_back(&self.reader.connection)?;
        }
    }

    /// Rewrites a file that version 0.1.0 made, once, so that pruning makes it smaller. This needs free space of up to
    /// twice its size. A newer file is left as it is.
    pub fn make_shrinkable(&mut self) -> Result<(), OutboxError> {
        self.check_place()?;
        Ok(tables::make_shrinkable(&self.reader.connection)?)
    }

    /// A time that was written while the clock was ahead would keep a delivery longer than is asked for.
    fn limit_ends(&self, now: Timestamp) -> Result<(), OutboxError> {
        self.check_place()?;
        self.reader.connection.execute(
            "UPDATE delivery SET ended_at = ?1 WHERE status IN ('delivered', 'discarded') AND ended_at > ?1",
            [now.as_microsecond()],
        )?;
        Ok(())
    }
}

impl OutboxReader {
    /// Number of a job's deliveries that were pruned. The outbox must have been opened for writing once by this version.
    pub fn pruned(&self, job: JobId) -> Result<u64, OutboxError> {
        let pruned = "SELECT pruned FROM job WHERE id = ?1";
        Ok(self.connection.query_row(pruned, [job.0], |row| row.get::<_, i64>(0))?.cast_unsigned())
    }
}

fn prune_batch(transaction: &Transaction<'_>, until: Timestamp) -> rusqlite::Result<Pruned> {
    let (mut ids, mut pruned) = (Vec::new(), Pruned::default());
    {
        let mut statement = transaction.prepare_cached(
            "SELECT id, size FROM delivery WHERE status IN ('delivered', 'discarded') AND ended_at <= ?1
             ORDER BY ended_at, id LIMIT ?2",
        )?;
        let mut rows = statement.query(params![until.as_microsecond(), BATCH_DELIVERIES.cast_signed()])?;
        while let Some(row) = rows.next()? {
            if pruned.bytes >= BATCH_BYTES {
                break;
            }
            ids.push(row.get::<_, i64>(0)?.cast_unsigned());
            pruned.bytes += row.get::<_, i64>(1)?.cast_unsigned();
        }
    }
    pruned.deliveries = ids.len() as u64;
    if !ids.is_empty() {
        delete(transaction, &reader::json(ids.into_iter()))?;
    }
    // Also of jobs that were finished after their last delivery had gone.
    transaction.execute(
        "DELETE FROM job WHERE finished_at IS NOT NULL AND pruned > 0
         AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.job = job.id)",
        [],
    )?;
    Ok(pruned)
}

fn delete(transaction: &Transaction<'_>, ids: &str) -> rusqlite::Result<()> {
    for sql in [
        "UPDATE job SET pruned = pruned + gone.count
         FROM (SELECT job, count(*) AS count FROM delivery WHERE id IN (SELECT value FROM json_each(?1)) GROUP BY job)
         AS gone WHERE gone.job = job.id",
        "DELETE FROM attempt WHERE delivery IN (SELECT value FROM json_each(?1))",
        "DELETE FROM body WHERE delivery IN (SELECT value FROM json_each(?1))",
        "DELETE FROM delivery WHERE id IN (SELECT value FROM json_each(?1))",
    ] {
        transaction.prepare_cached(sql)?.execute([ids])?;
    }
    Ok(())
}

/// Gives free pages back to the file system. SQLite frees one with each row that is asked for.
fn give_back(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("PRAGMA incremental_vacuum")?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_bounded_in_deliveries_and_bytes() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut outbox = Outbox::open(folder.path()).unwrap();
        let connection = &mut outbox.reader.connection;
        for (name, count, size, expected) in [
            ("nothing", 0, 1_i64, vec![]),
            ("many", 1001, 2, vec![500, 500, 1]),
            ("large", 5, 5 << 20, vec![2, 2, 1]),
            ("larger than a transaction", 2, 9 << 20, vec![1, 1]),
        ] {
            let fill = "INSERT INTO job (id, key, begun_at) VALUES (1, '', 0) ON CONFLICT DO NOTHING;
                INSERT INTO destination (id, name, address, address_is_reference) VALUES (1, '', '', 0)
                ON CONFLICT DO NOTHING;";
            connection.execute_batch(fill).unwrap();
            connection
                .execute(
                    "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT ?1)
                     INSERT INTO delivery (job, destination, status, attempts, attempts_before, due, size, ended_at)
                     SELECT 1, 1, 'delivered', 1, 0, 0, ?2, n FROM n WHERE ?1 > 0",
                    [count, size],
                )
                .unwrap();
            let mut batches = Vec::new();
            loop {
                let transaction = connection.transaction().unwrap();
                let pruned = prune_batch(&transaction, Timestamp::now()).unwrap();
                transaction.commit().unwrap();
                if pruned.deliveries == 0 {
                    break;
                }
                assert_eq!(pruned.bytes, pruned.deliveries * size.cast_unsigned(), "{name}");
                batches.push(pruned.deliveries);
            }
            assert_eq!(batches, expected, "{name}");
        }
    }
}
