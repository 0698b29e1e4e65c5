//! What the relay does with messages: its destinations, what it has given up, and retries.

use std::sync::Arc;

use axum::{
    extract::{Path, Query as Parameters, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use maud::{Markup, html};
use schemas::text::escape;
use serde::Deserialize;

use super::{
    Inspected,
    page::{Problem, Section, encoded, page},
    rows::time,
};
use crate::{
    query::{Predicate, RelayFilter},
    redact::one_line,
    relay::{
        MessageStatus, Store,
        store::{DeadLetter, DeadLetterSelection, DestinationStatus, Retried, StoreError},
    },
};

/// Number of dead letters on the page.
const SHOWN: usize = 100;

impl Inspected {
    /// The relay's store; `None` if nothing was relayed yet.
    pub(super) fn relay_store(&self) -> Result<Option<Store>, StoreError> {
        Store::open_existing(&self.parts.relay_folder)
    }

    /// Retries the dead letters of a destination.
    pub(super) fn retry(&self, destination: &str) -> Result<Retried, Problem> {
        let unknown = || {
            Problem::new(
                StatusCode::NOT_FOUND,
                "There is no such destination",
                "The page of the relays lists the destinations.",
            )
        };
        let mut store = self.relay_store()?.ok_or_else(unknown)?;
        // The store would also take the beginning of a message's id.
        if !store.status()?.destinations.iter().any(|known| known.name == destination) {
            return Err(unknown());
        }
        Ok(store.retry(DeadLetterSelection::Of(destination))?)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::internal("The relay's store cannot be used", error)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RelayParameters {
    /// Number of messages that a retry has just made due.
    retried: Option<u64>,
}

pub(super) async fn list(
    State(inspected): State<Arc<Inspected>>,
    Parameters(parameters): Parameters<RelayParameters>,
) -> Result<Response, Problem> {
    inspected
        .read(move |inspected| {
            let snapshot = inspected.relay_store()?.map(|store| store.snapshot(SHOWN)).transpose()?;
            let end = inspected.parts.log.end();
            let content = html! {
                @if let Some(retried) = parameters.retried { p role="status" { "Messages that are due again: " (retried) "." } }
                @match &snapshot {
                    None => p { "Nothing is relayed: no endpoint has a destination. " code { "docs/relay.md" } " shows how to add one." }
                    Some((status, letters)) => {
                        @match end.0.saturating_sub(status.read_up_to.0) {
                            0 => p { "The relay has read the log to its end." },
                            bytes => p { "The relay has not read " (bytes) " bytes of the log yet." },
                        }
                        section { h2 { "Destinations" } (destinations(&status.destinations)) }
                        @if !letters.is_empty() { section { h2 { "Given up" } (dead_letters(letters)) } }
                    }
                }
            };
            Ok(page(Section::Relays, "Relays", &content))
        })
        .await
}

fn destinations(destinations: &[DestinationStatus]) -> Markup {
    html! {
        table.rows {
            thead { tr {
                th scope="col" { "Destination" } th scope="col" { "Endpoint" } th.number scope="col" { "Waiting" }
                th.number scope="col" { "Accepted" } th scope="col" { "Last accepted" } th scope="col" { "Last failure" }
                th.number scope="col" { "Given up" } th scope="col" { "Action" }
            } }
            tbody { @for it in destinations {
                tr {
                    td data-label="Destination" {
                        a href={ "/?q=" (encoded(&Predicate::Relay(RelayFilter::Destination(it.name.clone())).to_string())) } { (one_line(&it.name)) }
                        @if !it.is_configured { " " span.quiet { "(no longer configured)" } }
                    }
                    td data-label="Endpoint" { (one_line(&it.endpoint)) }
                    td.number data-label="Waiting" {
                        (it.waiting) @if let Some(oldest) = it.oldest_waiting { br; span.quiet { "since " (time(oldest)) } }
                    }
                    td.number data-label="Accepted" { (it.accepted) }
                    td data-label="Last accepted" { @if let Some(at) = it.last_accepted { (time(at)) } @else { "–" } }
                    td data-label="Last failure" {
                        @match &it.last_failure { Some(failure) => { (time(failure.at)) ": " (one_line(&failure.reason)) } None => "–" }
                    }
                    td.number data-label="Given up" { (it.dead_letters) }
                    td data-label="Action" {
                        @if it.dead_letters > 0 && it.is_configured {
                            form method="post" action={ "/relays/" (encoded(&it.name)) "/retry" } {
                                button type="submit" aria-label={ "Retry what was given up for " (one_line(&it.name)) } { "Retry" }
                            }
                        } @else { "–" }
                    }
                }
            } }
        }
    }
}

fn dead_letters(letters: &[DeadLetter]) -> Markup {
    html! {
        @if letters.len() == SHOWN { p { "These are the " (SHOWN) " oldest." } }
        table.rows {
            thead { tr {
                th scope="col" { "Received" } th scope="col" { "Destination" } th scope="col" { "Flow" }
                th.number scope="col" { "Attempts" } th scope="col" { "Reason" } th scope="col" { "Last error" }
            } }
            tbody { @for it in letters {
                tr data-row=(it.id) {
                    td data-label="Received" { a href={ "/messages/" (it.id) } { (time(it.received_at)) } }
                    td data-label="Destination" { (one_line(&it.destination)) }
                    td data-label="Flow" { (it.flow.as_deref().map_or_else(|| "–".to_owned(), one_line)) }
                    td.number data-label="Attempts" { (it.attempts) }
                    td data-label="Reason" { (it.reason) }
                    td data-label="Last error" { (it.detail.as_deref().map_or_else(|| "–".to_owned(), escape)) }
                }
            } }
        }
    }
}

pub(super) async fn retry(
    State(inspected): State<Arc<Inspected>>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let retried = inspected.read(move |inspected| inspected.retry(&name)).await?;
    // After a POST, loading the page again must not repeat it.
    Ok(Redirect::to(&format!("/relays?retried={}", retried.deliveries)).into_response())
}

/// In a word, and with a sign of its own.
pub(super) fn status(status: &MessageStatus) -> Markup {
    let (class, text) = match status {
        MessageStatus::Accepted => ("holds", "✓ accepted"),
        MessageStatus::Waiting { .. } | MessageStatus::Deciding | MessageStatus::NotRead => ("captured", "○ waiting"),
        MessageStatus::Dead { .. } => ("broken", "✗ given up"),
        MessageStatus::NotMatched { .. } | MessageStatus::Captured => ("quiet", "– not sent"),
        MessageStatus::Unknown(_) => ("quiet", "? unknown"),
    };
    html! { span.verdict.(class) { (text) } }
}
