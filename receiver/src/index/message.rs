//! Messages as the index knows them.

use std::net::IpAddr;

use jiff::Timestamp;
use rusqlite::Row;
use schemas::{Trigger, Violation, validate::MAX_VIOLATIONS};
use serde::Serialize;
use uuid::Uuid;

use crate::log::Position;

/// The columns that [`Message::of`] reads.
pub(super) const MESSAGE_COLUMNS: &str = "message.position, message.id, message.received_at, message.last_arrival, \
     message.arrivals, endpoint.name, message.trigger, message.flow, message.step, message.size, message.violations, \
     message.captured, message.text_cut";

/// A message in the index.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The id of its first arrival.
    pub id: Uuid,
    /// When it first arrived.
    pub received_at: Timestamp,
    /// When it last arrived.
    #[serde(skip)]
    pub last_arrival: Timestamp,
    /// The endpoint's name.
    pub endpoint: String,
    /// What happened to the step.
    pub trigger: Option<Trigger>,
    /// The flow's identifier.
    pub flow: Option<String>,
    /// The step's identifier.
    pub step: Option<String>,
    /// Size of the body in bytes.
    pub size: u64,
    /// How often the same body arrived.
    pub arrivals: u64,
    /// The rules of the contract that it breaks.
    pub violations: Vec<Violation>,
    /// Whether a capturing endpoint took it unchecked; then it has no violations.
    pub captured: bool,
    /// Whether it has more text than the index keeps of one message, so that a search may not find it.
    #[serde(skip)]
    pub is_text_cut: bool,
    /// Its position in the log.
    pub position: Position,
}

impl Message {
    /// How it was judged, in a word or two: `holds`, `2 violations`, `captured`.
    pub fn verdict(&self) -> String {
        match self.violations.len() {
            _ if self.captured => "captured".to_owned(),
            0 => "holds".to_owned(),
            1 => "1 violation".to_owned(),
            MAX_VIOLATIONS => format!("{MAX_VIOLATIONS} violations or more"),
            count => format!("{count} violations"),
        }
    }

    /// From a row with the columns of [`MESSAGE_COLUMNS`].
    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let violations = match row.get_ref(10)?.as_str_or_null()? {
            None => Vec::new(),
            Some(json) => serde_json::from_str(json).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(10, rusqlite::types::Type::Text, Box::new(error))
            })?,
        };
        Ok(Self {
            position: Position(row.get::<_, i64>(0)?.cast_unsigned()),
            id: Uuid::from_bytes(row.get(1)?),
            received_at: timestamp(row.get(2)?),
            last_arrival: timestamp(row.get(3)?),
            arrivals: row.get::<_, i64>(4)?.cast_unsigned(),
            endpoint: row.get(5)?,
            trigger: row.get::<_, Option<i64>>(6)?.and_then(trigger),
            flow: row.get(7)?,
            step: row.get(8)?,
            size: row.get::<_, i64>(9)?.cast_unsigned(),
            violations,
            captured: row.get(11)?,
            is_text_cut: row.get(12)?,
        })
    }
}

/// A trigger as it is stored.
pub(super) fn trigger_number(trigger: Trigger) -> i64 {
    match trigger {
        Trigger::StepCreated => 0,
        Trigger::StepCompleted => 1,
    }
}

fn trigger(number: i64) -> Option<Trigger> {
    Trigger::ALL.into_iter().find(|trigger| trigger_number(*trigger) == number)
}

/// An address as it is stored.
pub(super) fn peer_bytes(peer: IpAddr) -> Vec<u8> {
    match peer {
        IpAddr::V4(peer) => peer.octets().to_vec(),
        IpAddr::V6(peer) => peer.octets().to_vec(),
    }
}

/// The address that is stored as these bytes.
pub(super) fn peer(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

pub(super) fn timestamp(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or_default()
}

/// The first and last id that begin with this text in lower case; `None` if no id does.
pub(super) fn ids_beginning_with(text: &str) -> Option<(Uuid, Uuid)> {
    const LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;
    let filled = |digit: char| -> Option<Uuid> {
        if text.len() > LENGTH || !text.is_ascii() {
            return None;
        }
        let rest = (text.len()..LENGTH).map(|index| if [8, 13, 18, 23].contains(&index) { '-' } else { digit });
        let id: String = text.chars().chain(rest).collect();
        Uuid::parse_str(&id).ok()
    };
    filled('0').zip(filled('f'))
}
