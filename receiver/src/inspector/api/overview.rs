//! The receiver itself: metrics and endpoints.

use std::{collections::BTreeMap, sync::Arc};

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Answer, Json,
    parameters::{NoParameters, Parameters},
};
use crate::{
    inspector::{
        Inspected,
        endpoints::EndpointStatus,
        history::{DestinationGauges, Gauges, MINUTE, Point, points},
    },
    refusals::SILENCE_REASONS,
};

#[derive(Serialize)]
pub(super) struct Overview {
    at: Timestamp,
    /// Number of requests since the start, by verdict.
    verdicts: BTreeMap<String, u64>,
    sizes: Gauges,
    destinations: BTreeMap<String, DestinationGauges>,
    minutes: Vec<Point>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EndpointList {
    endpoints: Vec<EndpointStatus>,
    silence_reasons: [&'static str; SILENCE_REASONS.len()],
}

pub(super) async fn show(
    State(inspected): State<Arc<Inspected>>,
    Parameters(NoParameters {}): Parameters<NoParameters>,
) -> Answer<Overview> {
    let readings = inspected.read(|inspected| inspected.history.until_now()).await;
    let now = &readings[readings.len() - 1];
    Ok(Json(Overview {
        at: now.at,
        verdicts: now.verdicts.clone(),
        sizes: now.gauges,
        destinations: now.destinations.clone(),
        minutes: points(&readings, MINUTE),
    }))
}

pub(super) async fn endpoints(
    State(inspected): State<Arc<Inspected>>,
    Parameters(NoParameters {}): Parameters<NoParameters>,
) -> Answer<EndpointList> {
    inspected
        .read(|inspected| {
            Ok(Json(EndpointList { endpoints: inspected.endpoints()?, silence_reasons: SILENCE_REASONS }))
        })
        .await
}
