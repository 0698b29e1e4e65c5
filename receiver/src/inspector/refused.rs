//! Refused requests: what is refused most, the newest, and why one was refused.

use std::sync::Arc;

use axum::{
    extract::{Path, Query as Parameters, State},
    response::Response,
};
use console::format::plural;
use http::StatusCode;
use maud::{Markup, html};
use schemas::text::escape;
use serde::Deserialize;

use super::{
    Inspected, contract,
    endpoints::silent,
    page::{Problem, Section, encoded, page},
    rows::time,
};
use crate::refusals::{CheckOutcome, RefusalFilter, RefusalKind, RefusedRequest, explain, explain_code};

/// Number of requests on the page.
const SHOWN: usize = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RefusedParameters {
    endpoint: String,
    code: String,
    since: String,
}

impl RefusedParameters {
    pub(super) fn filter(&self) -> Result<RefusalFilter, Problem> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let since = given(&self.since)
            .map(|text| console::time::parse_now(&text))
            .transpose()
            .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "`since` is not a time", &format!("{error}.")))?;
        Ok(RefusalFilter { endpoint: given(&self.endpoint), code: given(&self.code), since, until: None })
    }
}

pub(super) async fn list(
    State(inspected): State<Arc<Inspected>>,
    Parameters(parameters): Parameters<RefusedParameters>,
) -> Result<Response, Problem> {
    let filter = parameters.filter()?;
    inspected.read(move |inspected| newest(inspected, &filter)).await
}

fn newest(inspected: &Inspected, filter: &RefusalFilter) -> Result<Response, Problem> {
    let (requests, mut kinds) = inspected.parts.refusals.read(|rings| (rings.newest(filter, SHOWN), rings.summary()));
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.last));
    let endpoints = inspected.endpoints()?;
    let content = html! {
        (by_request_id())
        @if kinds.is_empty() {
            p { "No request has been refused." }
        } @else {
            section {
                h2 { "Why requests were refused" }
                (summary(&kinds))
            }
            section {
                h2 { "Newest refused requests" }
                @if *filter != RefusalFilter::default() { p { a.button href="/refused" { "Show all" } } }
                @if requests.is_empty() { p { "No refused requests of this kind are kept." } } @else { (table(&requests)) }
            }
        }
        @if endpoints.iter().any(|endpoint| endpoint.is_silent) {
            section { h2 { "Endpoints without requests" } (silent(&endpoints)) }
        }
    };
    Ok(page(Section::Refused, "Refused requests", &content))
}

fn by_request_id() -> Markup {
    html! {
        form.search action="/refused/by-id" method="get" {
            div {
                label for="id" { "Request id, from the answer's " code { "x-request-id" } " header" }
                input id="id" name="id" type="search" autocomplete="off" spellcheck="false";
            }
            button type="submit" { "Find" }
        }
    }
}

fn summary(kinds: &[RefusalKind]) -> Markup {
    html! {
        table.rows {
            thead { tr {
                th scope="col" { "Why" } th scope="col" { "Endpoint" } th.number scope="col" { "Times" }
                th scope="col" { "First" } th scope="col" { "Last" }
            } }
            tbody { @for kind in kinds {
                @let endpoint = kind.endpoint.as_deref().unwrap_or_default();
                tr {
                    td data-label="Why" {
                        a href={ "/refused?code=" (encoded(&kind.code)) "&endpoint=" (encoded(endpoint)) } { (explain_code(&kind.code)) }
                    }
                    td data-label="Endpoint" { @if endpoint.is_empty() { "–" } @else { (escape(endpoint)) } }
                    td.number data-label="Times" { (kind.count) }
                    td data-label="First" { (time(kind.first)) }
                    td data-label="Last" { (time(kind.last)) }
                }
            } }
        }
    }
}

fn table(requests: &[Arc<RefusedRequest>]) -> Markup {
    html! {
        table.rows {
            thead { tr {
                th scope="col" { "Time" } th scope="col" { "Status" } th scope="col" { "Endpoint" } th scope="col" { "Why" }
                th scope="col" { "From" }
            } }
            tbody { @for refused in requests {
                tr data-row=(refused.request_id) {
                    td data-label="Time" { a href={ "/refused/" (refused.request_id) } { (time(refused.at)) } }
                    td data-label="Status" { (refused.status) }
                    td data-label="Endpoint" { (escape(refused.endpoint_name().unwrap_or(&refused.shape.target))) }
                    td data-label="Why" { (contract::prose(&escape(&explain(refused).sentence))) }
                    td data-label="From" { (escape(&refused.peer)) }
                }
            } }
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct IdParameters {
    id: String,
}

pub(super) async fn by_id(
    State(inspected): State<Arc<Inspected>>,
    Parameters(parameters): Parameters<IdParameters>,
) -> Result<Response, Problem> {
    one(&inspected, parameters.id.trim())
}

pub(super) async fn show(State(inspected): State<Arc<Inspected>>, Path(id): Path<String>) -> Result<Response, Problem> {
    one(&inspected, &id)
}

fn one(inspected: &Inspected, id: &str) -> Result<Response, Problem> {
    let (refused, kind) = find(inspected, id)?;
    Ok(page(Section::Refused, "Why this request was refused", &content(&refused, kind.as_ref())))
}

fn find(inspected: &Inspected, id: &str) -> Result<(Arc<RefusedRequest>, Option<RefusalKind>), Problem> {
    inspected.parts.refusals.read(|rings| rings.find(id)).map_err(|found| match found {
        0 => Problem::new(
            StatusCode::NOT_FOUND,
            "No refused request with this id is kept",
            "Of each endpoint and reason the newest 50 are kept. If the request was accepted, search messages for `id:` and the id. \
             The receiver's access log has a line for every request.",
        ),
        _ => Problem::new(
            StatusCode::NOT_FOUND,
            "Several request ids begin with this",
            "Give more characters of the id.",
        ),
    })
}

/// From what to do, over the checks, to the details.
fn content(refused: &RefusedRequest, kind: Option<&RefusalKind>) -> Markup {
    let explanation = explain(refused);
    let shape = &refused.shape;
    let fact = |name: &str, text: Option<String>| {
        html! { @if let Some(text) = text { div { dt { (name) } dd { (escape(&text)) } } } }
    };
    html! {
        p.large { strong { (contract::prose(&escape(&explanation.sentence))) } }
        p { "What to do: " (contract::prose(&escape(&explanation.advice))) }
        p { a rel="up" data-up href="/refused" { "All refused requests" } }
        section {
            h2 { "Checks, in order" }
            table.rows {
                thead { tr { th scope="col" { "Result" } th scope="col" { "Check" } th scope="col" { "Clause" } } }
                tbody { @for check in &explanation.checks {
                    tr {
                        td data-label="Result" { (outcome(check.outcome)) }
                        td data-label="Check" { (contract::prose(check.name)) }
                        td data-label="Clause" { @if let Some(clause) = &check.clause { (contract::link(clause)) } @else { "–" } }
                    }
                } }
            }
        }
        @if let Some(clause) = explanation.failed_clause() {
            section {
                h2 { "The clause that it breaks" }
                p { (contract::link(clause.id)) " · " (clause.title) }
                p { (contract::prose(clause.text)) }
            }
        }
        section {
            h2 { "The request" }
            dl.facts {
                div { dt { "Time" } dd { (time(refused.at)) } }
                (fact("Request id", Some(refused.request_id.to_string())))
                (fact("Answer", Some(format!("{} ({})", refused.status, refused.code))))
                (fact("Reason in the log", Some(refused.reason.clone())))
                (fact("From", Some(refused.peer.clone())))
                (fact("Endpoint", refused.endpoint_name().map(str::to_owned)))
                (fact("Request", Some(format!("{} {} {}", shape.method, shape.target, shape.version))))
                (fact("Content type", shape.content_type.clone()))
                (fact("Content coding", shape.content_encoding.clone()))
                (fact("Announced length", shape.announced_bytes.map(|bytes| format!("{bytes} bytes"))))
                (fact("Body", shape.body_bytes.map(|bytes| format!("{bytes} bytes"))))
                (fact("Headers", Some(format!("{} ({} bytes)", shape.header_names.join(", "), shape.header_bytes))))
                (fact("Place in the body", place(refused)))
            }
            p.quiet { "Of a header only its name is kept." }
        }
        @if let Some(body) = &refused.body {
            section {
                h2 { "Beginning of the body" }
                p { "Credentials are masked." @if !body.is_complete { " The rest is not kept." } }
                pre.json tabindex="0" role="region" aria-label="Beginning of the body" { (escape(&body.text)) }
            }
        }
        @if let Some(kind) = kind {
            section {
                h2 { "How often" }
                p {
                    "For this reason requests were refused " (plural(kind.count, "time")) ", first at " (time(kind.first)) ", last at "
                    (time(kind.last)) ". The metric is "
                    code { "webhook_receiver_requests_total{verdict=\"" (kind.code) "\"}" } "."
                }
                p { a href={ "/refused?code=" (encoded(&kind.code)) "&endpoint=" (encoded(kind.endpoint.as_deref().unwrap_or_default())) } { "Show the others" } }
            }
        }
    }
}

fn outcome(outcome: CheckOutcome) -> Markup {
    let (class, sign) = match outcome {
        CheckOutcome::Held => ("holds", "✓"),
        CheckOutcome::Failed => ("broken", "✗"),
        CheckOutcome::NotReached => ("quiet", "–"),
    };
    html! { span.verdict.(class) { (sign) " " (outcome) } }
}

fn place(refused: &RefusedRequest) -> Option<String> {
    let fault = &refused.fault;
    match (fault.line, fault.column, &fault.pointer) {
        (Some(line), Some(column), _) => Some(format!("line {line}, column {column}")),
        (_, _, Some(pointer)) => Some(pointer.clone()),
        _ => None,
    }
}
