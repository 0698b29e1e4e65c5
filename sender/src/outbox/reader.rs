//! Reads an outbox.

use std::{path::Path, sync::Arc, time::Duration};

use delivery::{GiveUpReason, OutcomeSummary};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params, types::Type};
use schemas::BodyTemplate;

use super::{
    OutboxError,
    destination::Destination,
    destinations,
    enqueue::Label,
    job::JobId,
    status::{Status, outcome_from_columns},
    tables,
};

/// Reads an outbox, also while another process writes to it.
#[derive(Debug)]
pub struct OutboxReader {
    pub(super) connection: Connection,
}

/// Selects deliveries; a field that is `None` matches all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub status: Option<Status>,
    pub flow: Option<String>,
    pub job: Option<JobId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDelivery {
    pub id: u64,
    pub destination: Arc<str>,
    /// The flow whose order it keeps.
    pub flow: Option<String>,
    pub label: Label,
    pub status: Status,
    /// Why it was given up, if it failed.
    pub reason: Option<GiveUpReason>,
    /// Why it was discarded, if the user gave a reason.
    pub note: Option<String>,
    pub attempts: u32,
    pub last: Option<Attempt>,
    /// The earliest time of its next attempt, if it is pending.
    pub due: Timestamp,
    /// Size of its body in bytes, without the client secret.
    pub size: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// From 1; retrying a dead letter continues the numbers.
    pub number: u32,
    pub at: Timestamp,
    pub took: Duration,
    pub outcome: OutcomeSummary,
}

#[derive(Clone, Copy, Debug)]
pub enum Which<'w> {
    Job(JobId),
    Numbers(&'w [u64]),
}

/// Number of deliveries with the same status, reason and last outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusCount {
    pub status: Status,
    /// Why they were given up, if they failed.
    pub reason: Option<GiveUpReason>,
    /// The outcome of their last attempt, without the text of an answer.
    pub last: Option<OutcomeSummary>,
    pub count: u64,
}

const SELECT_DELIVERIES: &str =
    "SELECT delivery.id, destination.name, flow, webhook, trigger, step, delivery.status, gave_up,
    note, attempts, due, size, number, at, took, kind, attempt.status, code, words
    FROM delivery JOIN destination ON destination.id = delivery.destination
    LEFT JOIN attempt ON attempt.delivery = delivery.id AND attempt.number = delivery.attempts";

impl OutboxReader {
    pub(super) fn create(folder: &Path) -> Result<Self, OutboxError> {
        tables::create(folder).map(|connection| Self { connection })
    }

    pub(super) fn open(folder: &Path) -> Result<Self, OutboxError> {
        tables::open(folder).map(|connection| Self { connection })
    }

    /// The newest deliveries that match the filter, newest first, at most `limit`.
    pub fn newest(&self, filter: &Filter, limit: usize) -> Result<Vec<StoredDelivery>, OutboxError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT_DELIVERIES} WHERE (:status IS NULL OR delivery.status = :status) AND (:flow IS NULL OR flow = :flow)
             AND (:job IS NULL OR job = :job) ORDER BY delivery.id DESC LIMIT :limit"
        ))?;
        let parameters = named_params! {
            ":status": filter.status.map(Status::as_str),
            ":flow": filter.flow,
            ":job": filter.job.map(|job| job.0),
            ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
        };
        Ok(statement.query_map(parameters, stored)?.collect::<Result<_, _>>()?)
    }

    /// The delivery of a number.
    pub fn delivery(&self, id: u64) -> Result<Option<StoredDelivery>, OutboxError> {
        let mut statement = self.connection.prepare_cached(&format!("{SELECT_DELIVERIES} WHERE delivery.id = ?1"))?;
        Ok(statement.query_row([id.cast_signed()], stored).optional()?)
    }

    /// All attempts at a delivery, in order.
    pub fn attempts(&self, id: u64) -> Result<Vec<Attempt>, OutboxError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT number, at, took, kind, status, code, words FROM attempt WHERE delivery = ?1 ORDER BY number",
        )?;
        Ok(statement.query_map([id.cast_signed()], |row| attempt(row, 0))?.collect::<Result<_, _>>()?)
    }

    /// The body and the destination of a delivery.
    pub fn request(&self, id: u64) -> Result<Option<(BodyTemplate, Arc<Destination>)>, OutboxError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT bytes, secret_at, destination FROM body JOIN delivery ON delivery.id = body.delivery
             WHERE body.delivery = ?1",
        )?;
        let found = statement.query_row([id.cast_signed()], |row| Ok((body(row)?, row.get("destination")?)));
        let Some((body, destination)) = found.optional()? else { return Ok(None) };
        Ok(Some((body, destinations::by_id(&self.connection, &mut Default::default(), destination)?)))
    }

    /// Counts these deliveries by status, reason and last outcome, the most frequent first.
    pub fn count_by_status(&self, which: &Which<'_>) -> Result<Vec<StatusCount>, OutboxError> {
        let (job, numbers) = match which {
            Which::Job(job) => (Some(job.0), None),
            Which::Numbers(numbers) => (None, Some(json(numbers.iter().copied()))),
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT delivery.status, gave_up, kind, attempt.status, code,
                CASE kind WHEN 'answered' THEN NULL ELSE min(words) END, count(*) AS count
             FROM delivery
             LEFT JOIN attempt ON attempt.delivery = delivery.id AND attempt.number = delivery.attempts
             WHERE job = ?1 OR delivery.id IN (SELECT value FROM json_each(?2)) GROUP BY 1, 2, 3, 4, 5 ORDER BY count DESC, 1, 2, 3, 4, 5",
        )?;
        let count = |row: &Row<'_>| {
            let kind: Option<String> = row.get(2)?;
            let last = match kind {
                None => None,
                Some(kind) => Some(outcome_from_columns(&kind, row.get(3)?, row.get(4)?, row.get(5)?)),
            };
            let (status, reason) = status(row, 0, 1)?;
            Ok(StatusCount { status, reason, last, count: row.get::<_, i64>(6)?.cast_unsigned() })
        };
        Ok(statement.query_map(params![job, numbers], count)?.collect::<Result<_, _>>()?)
    }

    /// Numbers of the deliveries that are pending.
    pub fn pending(&self) -> Result<Vec<u64>, OutboxError> {
        let mut numbers = Vec::new();
        self.each_pending(None, |id, _, _, _| numbers.push(id))?;
        Ok(numbers)
    }

    /// Number of pending deliveries of other jobs.
    pub fn pending_of_others(&self, job: JobId) -> Result<u64, OutboxError> {
        let count = "SELECT count(*) FROM delivery WHERE status = 'pending' AND job <> ?1";
        Ok(self.connection.query_row(count, [job.0], |row| row.get::<_, i64>(0))?.cast_unsigned())
    }

    /// Passes number, endpoint, flow and due time of each pending delivery, in the order of arrival. An endpoint has the
    /// name of its first destination: order, rates and a 410 apply to it whatever its credentials are.
    pub(super) fn each_pending(
        &self,
        job: Option<JobId>,
        mut give: impl FnMut(u64, &str, Option<&str>, Timestamp),
    ) -> Result<(), OutboxError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT delivery.id,
             (SELECT first.name FROM destination AS first WHERE first.address = destination.address ORDER BY first.id LIMIT 1),
             flow, due FROM delivery JOIN destination ON destination.id = destination
             WHERE status = 'pending' AND (?1 IS NULL OR job = ?1) ORDER BY delivery.id",
        )?;
        let mut rows = statement.query([job.map(|job| job.0)])?;
        while let Some(row) = rows.next()? {
            let text = |column: usize| row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from);
            let id = row.get::<_, i64>(0)?.cast_unsigned();
            give(id, text(1)?.unwrap_or_default(), text(2)?, timestamp(row.get(3)?));
        }
        Ok(())
    }
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredDelivery> {
    let (status, reason) = status(row, 6, 7)?;
    let has_attempt = row.get::<_, Option<i64>>("number")?.is_some();
    Ok(StoredDelivery {
        id: row.get::<_, i64>(0)?.cast_unsigned(),
        destination: row.get::<_, String>("name")?.into(),
        flow: row.get("flow")?,
        label: Label { webhook: row.get("webhook")?, trigger: row.get("trigger")?, step: row.get("step")? },
        status,
        reason,
        note: row.get("note")?,
        attempts: row.get("attempts")?,
        last: if has_attempt { Some(attempt(row, 12)?) } else { None },
        due: timestamp(row.get("due")?),
        size: row.get::<_, i64>("size")?.cast_unsigned(),
    })
}

fn status(row: &Row<'_>, name: usize, reason: usize) -> rusqlite::Result<(Status, Option<GiveUpReason>)> {
    let text: String = row.get(name)?;
    let status = Status::parse(&text).ok_or_else(|| unreadable(name, format!("there is no status `{text}`")))?;
    let reason: Option<String> = row.get(reason)?;
    let reason = (status == Status::Failed).then(|| GiveUpReason::from_code(reason.as_deref().unwrap_or_default()));
    Ok((status, reason))
}

/// The attempt in seven columns from `first` on.
fn attempt(row: &Row<'_>, first: usize) -> rusqlite::Result<Attempt> {
    let kind: String = row.get(first + 3)?;
    Ok(Attempt {
        number: row.get(first)?,
        at: timestamp(row.get(first + 1)?),
        took: Duration::from_micros(row.get::<_, i64>(first + 2)?.cast_unsigned()),
        outcome: outcome_from_columns(&kind, row.get(first + 4)?, row.get(first + 5)?, row.get(first + 6)?),
    })
}

pub(super) fn body(row: &Row<'_>) -> rusqlite::Result<BodyTemplate> {
    let secret_at = row.get::<_, Option<i64>>("secret_at")?.map(|at| at.cast_unsigned() as usize);
    let bytes: Vec<u8> = row.get("bytes")?;
    BodyTemplate::from_stored(bytes, secret_at).map_err(|error| unreadable(0, error))
}

pub(super) fn timestamp(microsecond: i64) -> Timestamp {
    Timestamp::from_microsecond(microsecond).unwrap_or_default()
}

/// Numbers as SQLite's `json_each` reads them.
pub(super) fn json(numbers: impl Iterator<Item = u64>) -> String {
    format!("[{}]", numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(","))
}

fn unreadable(column: usize, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}
