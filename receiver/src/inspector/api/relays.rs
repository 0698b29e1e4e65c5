//! The relay's destinations.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};

use super::{
    Answer, Json,
    parameters::{Limit, NoParameters, Parameters},
};
use crate::{
    inspector::Inspected,
    log::Position,
    relay::store::{DeadLetter, DestinationStatus},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RelayReport {
    /// `None` if nothing was relayed yet.
    read_up_to: Option<Position>,
    log_end: Position,
    destinations: Vec<DestinationStatus>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeadLetterParameters {
    #[serde(default)]
    limit: Limit,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeadLetterList {
    dead_letters: Vec<DeadLetter>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RetryReport {
    /// Number of messages that are due again.
    due: usize,
    /// Number of dead letters that stay, because their destination is no longer in the configuration.
    unconfigured: usize,
}

pub(super) async fn status(
    State(inspected): State<Arc<Inspected>>,
    Parameters(NoParameters {}): Parameters<NoParameters>,
) -> Answer<RelayReport> {
    inspected
        .read(|inspected| {
            let status = inspected.relay_store()?.map(|store| store.status()).transpose()?;
            let read_up_to = status.as_ref().map(|status| status.read_up_to);
            let destinations = status.map(|status| status.destinations).unwrap_or_default();
            Ok(Json(RelayReport { read_up_to, log_end: inspected.parts.log.end(), destinations }))
        })
        .await
}

pub(super) async fn dead_letters(
    State(inspected): State<Arc<Inspected>>,
    Parameters(DeadLetterParameters { limit }): Parameters<DeadLetterParameters>,
) -> Answer<DeadLetterList> {
    inspected
        .read(move |inspected| {
            let store = inspected.relay_store()?;
            let letters = store.map(|store| store.dead_letters(limit.0)).transpose()?;
            Ok(Json(DeadLetterList { dead_letters: letters.unwrap_or_default() }))
        })
        .await
}

pub(super) async fn retry(
    State(inspected): State<Arc<Inspected>>,
    Path(name): Path<String>,
    Parameters(NoParameters {}): Parameters<NoParameters>,
) -> Answer<RetryReport> {
    inspected
        .read(move |inspected| {
            let retried = inspected.retry(&name)?;
            Ok(Json(RetryReport { due: retried.deliveries, unconfigured: retried.unconfigured }))
        })
        .await
}
