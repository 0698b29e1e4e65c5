//! The routes.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use http::StatusCode;
use tower_http::{compression::CompressionLayer, csrf::CsrfLayer};

use super::{
    Inspected, api, contract, events,
    guard::{Guard, guard},
    message, messages, overview,
    page::Problem,
    refused, relays, replay, send,
};

/// Maximum size of a form, or of a body for the API: a message of the default size, percent-encoded.
const MAX_FORM_BYTES: usize = 16 << 20;

pub(super) fn router(inspected: Arc<Inspected>, checks: Arc<Guard>) -> Router {
    let csrf = CsrfLayer::new().with_rejection_response(|_| cross_site());
    Router::new()
        .route("/", get(messages::list))
        .route("/events", get(events::events))
        .route("/messages/{id}", get(message::show))
        .route("/messages/{id}/raw", get(message::raw))
        .route("/messages/{id}/fixture.json", get(message::fixture))
        .route("/messages/{id}/replay", get(replay::form).post(replay::replay))
        .route("/refused", get(refused::list))
        .route("/refused/by-id", get(refused::by_id))
        .route("/refused/{id}", get(refused::show))
        .route("/relays", get(relays::list))
        .route("/relays/{name}/retry", post(relays::retry))
        .route("/overview", get(overview::show))
        .route("/contract", get(contract::clauses))
        .route("/samples/{name}", get(contract::sample))
        .route("/samples/{name}/raw", get(contract::raw_sample))
        .route("/send", get(send::form).post(send::send))
        .nest(api::PREFIX, api::router())
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(inspected)
        .layer(csrf)
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(checks, guard))
}

fn cross_site() -> Response {
    let advice = "Open the inspector's own page and try again there.";
    Problem::new(StatusCode::FORBIDDEN, "Another site sent this form", advice).into_response()
}

async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "There is no such page", "The pages are in the navigation above.")
}

async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "This page does not take this method",
        "Follow the links of the pages.",
    )
}
