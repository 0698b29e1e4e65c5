//! The JSON API: what the pages show, for programs. `inspect-api.yaml` describes it, and a test compares it with the routes.

mod messages;
mod overview;
mod parameters;
mod problem;
mod refused;
mod relays;

use std::sync::Arc;

use axum::{
    Router,
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, get, post},
};
use http::{HeaderValue, header};
use schemas::wire::JSON_MEDIA_TYPE;
use serde::Serialize;

use self::problem::ApiProblem;
use super::Inspected;

/// The path above all routes. A change that programs notice needs another number.
pub(super) const PREFIX: &str = "/api/v1";

const DESCRIPTION: &str = include_str!("../../inspect-api.yaml");

type Route = (&'static str, &'static str, MethodRouter<Arc<Inspected>>);

/// Method and path of each operation, and what answers it.
fn routes() -> [Route; 12] {
    [
        ("get", "/openapi.yaml", get(description)),
        ("get", "/overview", get(overview::show)),
        ("get", "/endpoints", get(overview::endpoints)),
        ("get", "/messages", get(messages::list)),
        ("get", "/messages/{id}", get(messages::show)),
        ("get", "/messages/{id}/raw", get(messages::raw)),
        ("get", "/refused", get(refused::list)),
        ("get", "/refused/summary", get(refused::summary)),
        ("get", "/refused/{requestId}", get(refused::show)),
        ("get", "/relays", get(relays::status)),
        ("get", "/relays/dead-letters", get(relays::dead_letters)),
        ("post", "/relays/{name}/retry", post(relays::retry)),
    ]
}

pub(super) fn router() -> Router<Arc<Inspected>> {
    let router = routes().into_iter().fold(Router::new(), |router, (_, path, answer)| router.route(path, answer));
    router.fallback(unknown_path).method_not_allowed_fallback(wrong_method)
}

/// What a handler gives: a value that becomes JSON, or a problem.
type Answer<T> = Result<Json<T>, ApiProblem>;

/// A value as the body of an answer, on one line.
struct Json<T>(T);

impl<T: Serialize> axum::response::IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        json(JSON_MEDIA_TYPE, &self.0)
    }
}

fn json(media_type: &'static str, value: &impl Serialize) -> Response {
    let mut body = serde_json::to_vec(value).expect("what is answered has only texts as keys");
    body.push(b'\n');
    ([(header::CONTENT_TYPE, HeaderValue::from_static(media_type))], body).into_response()
}

async fn description() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/yaml"))], DESCRIPTION).into_response()
}

async fn unknown_path() -> ApiProblem {
    ApiProblem::not_found("There is no such path. /api/v1/openapi.yaml lists the paths.")
}

async fn wrong_method() -> ApiProblem {
    ApiProblem::wrong_method()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_description_has_exactly_the_routes() {
        let mut described = BTreeSet::new();
        let mut path = "";
        let paths = DESCRIPTION.split_once("\npaths:\n").unwrap().1.lines();
        for line in paths.take_while(|line| line.is_empty() || line.starts_with(' ')) {
            if let Some(text) = line.strip_prefix("  ").filter(|text| text.starts_with('/')) {
                path = text.strip_suffix(':').unwrap();
            } else if let Some(key) = line.strip_prefix("    ").filter(|key| !key.starts_with([' ', '#'])) {
                let method = key.strip_suffix(':').unwrap();
                assert!(described.insert((method.to_owned(), path.to_owned())), "{method} {path}");
            }
        }
        let served: BTreeSet<_> =
            routes().into_iter().map(|(method, path, _)| (method.to_owned(), path.to_owned())).collect();
        assert_eq!(described, served);
        assert!(DESCRIPTION.contains(&format!("\n  - url: {PREFIX}\n")), "the paths are below it");
    }
}
