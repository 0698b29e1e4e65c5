//! The page of messages: search, rows, and links to older ones.

use std::{mem, sync::Arc};

use axum::{
    extract::{Query as Parameters, State},
    response::Response,
};
use http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};
use schemas::text::escape;
use serde::Deserialize;

use super::{
    Inspected,
    page::{Problem, Section, encoded, page, page_with_status},
    rows::{self, Row},
    search::PAGE,
};
use crate::{
    index::Page,
    log::Position,
    query::{Key, Query, QueryError, Term},
};

/// Queries that people often need, in words.
const SUGGESTIONS: [(&str, &str); 4] = [
    ("Today", "since:today"),
    ("Breaks the contract", "is:broken"),
    ("Arrived more than once", "is:repeated"),
    ("Given up by the relay", "relay:dead"),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListParameters {
    pub(super) q: String,
    before: String,
}

pub(super) async fn list(
    State(inspected): State<Arc<Inspected>>,
    Parameters(parameters): Parameters<ListParameters>,
) -> Result<Response, Problem> {
    let text = parameters.q.trim().to_owned();
    let before = parameters.before.parse().ok().map(Position);
    let query = match Query::parse(&text, Timestamp::now()) {
        Ok(query) => query,
        Err(error) => {
            let content = html! { (form(&text, Some(&error))) (suggestions()) };
            return Ok(page_with_status(StatusCode::BAD_REQUEST, Section::Messages, "Messages", &content));
        }
    };
    inspected
        .read(move |inspected| {
            let mut found = inspected.search(&query, before, None, PAGE)?;
            let rows = inspected.rows(mem::take(&mut found.messages))?;
            let content = html! {
                (form(&text, None))
                (chips(&query))
                @if query.terms().is_empty() { (suggestions()) }
                @if before.is_none() { (live(&text, found.indexed, inspected.refused())) }
                (table(&rows))
                @if rows.is_empty() { (nothing(&query, before, &found)) }
                (pager(&text, before, &found))
            };
            Ok(page(Section::Messages, "Messages", &content))
        })
        .await
}

fn form(text: &str, error: Option<&QueryError>) -> Markup {
    html! {
        form.search role="search" action="/" method="get" {
            div {
                label for="q" { "Search messages" }
                input id="q" name="q" type="search" value=(text) autocomplete="off" spellcheck="false"
                    aria-describedby="search-help" aria-invalid=[error.map(|_| "true")]
                    aria-errormessage=[error.map(|_| "search-error")];
            }
            button type="submit" { "Search" }
        }
        @if let Some(error) = error {
            div.error id="search-error" role="alert" {
                pre { (error.with_carets(text)) }
                @if let Some(tip) = error.tip() { p { "Tip: " (tip) } }
            }
        }
        details {
            summary { "How to search" }
            p id="search-help" {
                "All terms have to hold. Words and \"phrases\" are searched in values, names and comments of the form, and in the \
                 flow's subject. A minus sign before a key negates it."
            }
            dl.facts {
                @for key in Key::ALL {
                    div { dt { code { (key) ":" } } dd { a href={ "/?q=" (encoded(&format!("{key}:{}", key.example()))) } { code { (key) ":" (key.example()) } } } }
                }
            }
        }
    }
}

/// What was understood. Each term is a link to the query without it.
fn chips(query: &Query) -> Markup {
    html! {
        @if !query.terms().is_empty() {
            ul.chips aria-label="Search terms" {
                @for (index, term) in query.terms().iter().enumerate() {
                    li {
                        a.chip href={ "/?q=" (encoded(&query.without(index).to_string())) } aria-label={ "Remove " (shown(term)) } {
                            code { (shown(term)) } " ✕"
                        }
                    }
                }
            }
        }
    }
}

fn shown(term: &Term) -> String {
    escape(&term.to_string())
}

fn suggestions() -> Markup {
    html! {
        ul.chips aria-label="Frequent searches" {
            @for (title, query) in SUGGESTIONS { li { a.chip href={ "/?q=" (encoded(query)) } { (title) } } }
        }
    }
}

/// Shown by the script, which also fills it.
fn live(text: &str, end: Position, refused: u64) -> Markup {
    html! {
        p.tools id="live" hidden data-events={ "/events?q=" (encoded(text)) } data-after=(end.0) data-refused=(refused) {
            span id="live-state" { "Connecting" }
            button type="button" id="live-pause" { "Pause" }
            span id="live-news" role="status" {}
            a id="live-refused" href="/refused" hidden {}
        }
    }
}

fn table(rows: &[Row]) -> Markup {
    html! {
        table.rows id="rows" {
            caption { "Messages, the newest first" }
            (rows::head())
            tbody { @for row in rows { (rows::row(row)) } }
        }
    }
}

fn nothing(query: &Query, before: Option<Position>, found: &Page) -> Markup {
    html! {
        @match (query.terms().is_empty(), before) {
            _ if found.next.is_some() => {}
            (true, None) => {
                p { "No messages yet. " a href="/send" { "Send a test message" } ", or look at the " a href="/refused" { "refused requests" } "." }
            }
            (true, Some(_)) => p { "No older messages." }
            (false, _) => p { "No messages match. Remove a term above, or look at the " a href="/refused" { "refused requests" } "." }
        }
    }
}

fn pager(text: &str, before: Option<Position>, found: &Page) -> Markup {
    let link = |at: Position| format!("/?q={}&before={}", encoded(text), at.0);
    html! {
        nav.tools aria-label="Older and newer messages" {
            @if before.is_some() { a.button href={ "/?q=" (encoded(text)) } { "Newest messages" } }
            @match (found.next, found.searched_back_to) {
                (None, _) => {}
                (Some(at), None) => a.button rel="next" href=(link(at)) { "Older messages" }
                (Some(at), Some(back_to)) => {
                    p { "Searched back to " (rows::time(back_to)) ". " }
                    a.button rel="next" href=(link(at)) { "Continue" }
                }
            }
        }
    }
}
