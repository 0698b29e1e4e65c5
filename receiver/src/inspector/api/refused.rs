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
    refusals::{Explanation, RefusalFilter, RefusalKind, RefusedRequest, explain},
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

/// As `refused show --output json` has it.
#[derive(Serialize)]
pub(super) struct OneRefused {
    request: RefusedRequest,
    explanation: Explanation,
    kind: Option<RefusalKind>,
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
) -> Answer<OneRefused> {
    let found = inspected.parts.refusals.read(|rings| {
        let found = rings.by_request_id(&id);
        let kind = found.first().and_then(|refused| rings.kind_of(refused));
        (found, kind)
    });
    match found {
        (found, kind) if found.len() == 1 => {
            let request = (*found[0]).clone();
            Ok(Json(OneRefused { explanation: explain(&request), request, kind }))
        }
        (found, _) if found.is_empty() => Err(ApiProblem::not_found(
            "There is no refused request with this id. The newest 50 of each endpoint and code are kept.",
        )),
        _ => Err(ApiProblem::not_found("Several refused requests have an id that begins with this.")),
    }
}
