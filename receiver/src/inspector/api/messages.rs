//! Stored messages.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Json,
    parameters::{Limit, NoParameters, Parameters, position},
    problem::ApiProblem,
};
use crate::{
    index::{Message, Page},
    inspector::Inspected,
    log::Position,
    query::Query,
    relay::{MessageStatus, statuses},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParameters {
    #[serde(default)]
    q: String,
    #[serde(default, deserialize_with = "position")]
    before: Option<Position>,
    #[serde(default, deserialize_with = "position")]
    after: Option<Position>,
    #[serde(default)]
    limit: Limit,
}

#[derive(Serialize)]
pub(super) struct OneMessage {
    #[serde(flatten)]
    message: Message,
    times: Vec<ArrivalTime>,
    deliveries: Vec<Delivery>,
}

/// When and from where an arrival came.
#[derive(Serialize)]
struct ArrivalTime {
    at: Timestamp,
    peer: Option<String>,
}

/// What the relay does with the message at a destination.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Delivery {
    destination: String,
    status: &'static str,
    /// Number of failed attempts.
    attempts: u32,
    /// When the next attempt is due.
    due: Option<Timestamp>,
    /// Why it is not sent, or not any more.
    reason: Option<String>,
    /// The last error.
    detail: Option<String>,
}

impl From<(String, MessageStatus)> for Delivery {
    fn from((destination, status): (String, MessageStatus)) -> Self {
        let of = |status| Self { destination, status, attempts: 0, due: None, reason: None, detail: None };
        match status {
            MessageStatus::Accepted => of("accepted"),
            MessageStatus::Waiting { attempts, due, words } => {
                Self { attempts, due: Some(due), detail: words, ..of("waiting") }
            }
            MessageStatus::Deciding | MessageStatus::NotRead => of("waiting"),
            MessageStatus::Dead { attempts, reason, words } => {
                Self { attempts, reason: Some(reason), detail: words, ..of("dead") }
            }
            MessageStatus::NotMatched { when } => Self { reason: Some(when), ..of("not-matched") },
            MessageStatus::Captured => of("captured"),
            MessageStatus::Unknown(reason) => Self { reason: Some(reason), ..of("unknown") },
        }
    }
}

pub(super) async fn list(
    State(inspected): State<Arc<Inspected>>,
    Parameters(ListParameters { q, before, after, limit }): Parameters<ListParameters>,
) -> Answer<Page> {
    let query = Query::parse(&q, Timestamp::now()).map_err(|error| ApiProblem::query(&q, &error))?;
    inspected.read(move |inspected| Ok(Json(inspected.search(&query, before, after, limit.0)?))).await
}

pub(super) async fn show(
    State(inspected): State<Arc<Inspected>>,
    Path(id): Path<String>,
    Parameters(NoParameters {}): Parameters<NoParameters>,
) -> Answer<OneMessage> {
    inspected
        .read(move |inspected| {
            let (stored, arrivals) = inspected.find(&id)?;
            let times = arrivals.into_iter().map(|(at, peer)| ArrivalTime { at, peer }).collect();
            let deliveries = match inspected.relay_store()? {
                None => Vec::new(),
                Some(mut store) => {
                    let position = stored.message.position;
                    statuses(&mut store, position, &stored.record, &inspected.config().destinations)?
                }
            };
            let deliveries = deliveries.into_iter().map(Delivery::from).collect();
            Ok(Json(OneMessage { message: stored.message, times, deliveries }))
        })
        .await
}

pub(super) async fn raw(
    State(inspected): State<Arc<Inspected>>,
    Path(id): Path<String>,
    Parameters(NoParameters {}): Parameters<NoParameters>,
) -> Result<Response, ApiProblem> {
    inspected
        .read(move |inspected| {
            let (stored, _) = inspected.find(&id)?;
            Ok(stored.attachment())
        })
        .await
}
