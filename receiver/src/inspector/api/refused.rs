//! Refused requests.

use std::sync::Arc;

use axum::extract::{Path, State};
use jiff::Timestamp;
use schemas::suggest;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Json,
    parameters::{Limit, NoParameters, Parameters, time},
    problem::ApiProblem,
};
use crate::{
    Rejection,
    inspector::Inspected,
    refusals::{ExplainedRequest, RefusalFilter, RefusalKind, RefusedRequest},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParameters {
    endpoint: Option<String>,
    code: Option<String>,
    #[serde(default, deserialize_with = "time")]
    since: Option<Timestamp>,
    #[serde(default, deserialize_with = "time")]
    until: Option<Timestamp>,
    #[serde(default)]
    limit: Limit,
}

#[derive(Serialize)]
pub(super) struct RefusedList {
    refused: Vec<RefusedRequest>,
}

#[derive(Serialize)]
pub(super) struct RefusedSummary {
    refused: Vec<RefusalKind>,
}

pub(super) async fn list(
    State(inspected): State<Arc<Inspected>>,
    Parameters(parameters): Parameters<ListParameters>,
) -> Answer<RefusedList> {
    let ListParameters { endpoint, code, since, until, limit } = parameters;
    if let Some(code) = code.as_deref().filter(|code| !Rejection::CODES.contains(code)) {
        let nearest = suggest::closest(code, Rejection::CODES.iter().copied());
        let tip = nearest.map(|name| format!(" Did you mean {name}?")).unwrap_or_default();
        return Err(ApiProblem::parameter(format!("No request is refused with this `code`.{tip}")));
    }
    let filter = RefusalFilter { endpoint, code, since, until };
    let refused = inspected.parts.refusals.read(|rings| rings.newest(&filter, limit.0));
    Ok(Json(RefusedList { refused: refused.into_iter().map(Arc::unwrap_or_clone).collect() }))
}

pub(super) async fn summary(
    State(inspected): State<Arc<Inspected>>,
    Parameters(NoParameters {}): Parameters<NoParameters>,
) -> Answer<RefusedSummary> {
    Ok(Json(RefusedSummary { refused: inspected.parts.refusals.read(|rings| rings.summary()) }))
}

pub(super) async fn show(
    State(inspected): State<Arc<Inspected>>,
    Path(id): Path<String>,
    Parameters(NoParameters {}): Parameters<NoParameters>,
) -> Answer<ExplainedRequest> {
    match inspected.parts.refusals.read(|rings| rings.find(&id)) {
        Ok((refused, kind)) => Ok(Json(ExplainedRequest::of(Arc::unwrap_or_clone(refused), kind))),
        Err(0) => Err(ApiProblem::not_found(
            "There is no refused request with this id. The newest 50 of each endpoint and code are kept.",
        )),
        Err(_) => Err(ApiProblem::not_found("Several refused requests have an id that begins with this.")),
    }
}
