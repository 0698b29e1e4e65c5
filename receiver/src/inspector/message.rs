//! The page of one message, and its downloads.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};
use console::shell;
use maud::{Markup, html};
use schemas::{
    json::{compact, pretty},
    text::{escape, escape_json},
};

use super::{
    Inspected,
    attachment::attachment,
    card, contract, human, json_view,
    page::{Problem, Section, page},
    relays,
    rows::{time, verdict},
    stored::{Arrival, Stored},
};
use crate::relay::{Budget, Content, DestinationTarget, MessageMetadata, MessageStatus, Template, View, statuses};

/// Longer bodies are not part of the command to copy.
const MAX_COMMAND_BYTES: usize = 8 << 10;
/// Maximum number of arrivals to show.
const MAX_ARRIVALS: usize = 100;

pub(super) async fn show(State(inspected): State<Arc<Inspected>>, Path(id): Path<String>) -> Result<Response, Problem> {
    inspected
        .read(move |inspected| {
            let (stored, arrivals) = inspected.find(&id)?;
            let content = content(inspected, &stored, &arrivals)?;
            Ok(page(Section::Messages, &format!("Message {}", stored.message.id), &content))
        })
        .await
}

fn content(inspected: &Inspected, stored: &Stored, arrivals: &[Arrival]) -> Result<Markup, Problem> {
    let Stored { message, record, profile } = stored;
    let body = &record.body;
    let path = format!("/messages/{}", message.id);
    let is_shown = body.len() <= json_view::MAX_BYTES;
    let human = if is_shown { human::message(body, profile) } else { None };
    let captured = record.header.captured.iter().flat_map(|captured| &captured.headers);
    Ok(html! {
        p.summary {
            (verdict(message)) " · " (escape(&message.endpoint)) " · " (time(message.received_at)) " · " (message.size) " bytes"
        }
        p.tools {
            a rel="up" data-up href="/" { "All messages" }
            a.button href={ (path) "/replay" } data-replay={ (path) "/replay" } { "Replay" }
        }
        @if let Some(human) = human { section { h2 { "Content" } (human) } }
        @if !message.violations.is_empty() {
            section {
                h2 { "Violations of the contract" }
                ul { @for violation in &message.violations {
                    li {
                        a href={ "#" (json_view::anchor(violation)) } { code { (place(&violation.pointer)) } } ": "
                        (escape(&violation.message)) " (" (contract::link(&violation.clause)) ")"
                    }
                } }
            }
        }
        section {
            h2 { "Body" }
            p.tools {
                button type="button" hidden data-copy-from={ (path) "/fixture.json" } { "Copy JSON" } " "
                a href={ (path) "/raw" } { "Download as received" } " "
                a href={ (path) "/fixture.json" } { "Download as a fixture" }
            }
            (json_view::body(body, &message.violations))
        }
        (command(inspected, stored))
        (arrivals_of(arrivals))
        @if record.header.captured.is_some() {
            section {
                h2 { "Headers of the captured request" }
                dl.facts { @for (name, value) in captured { div { dt { (escape(name)) } dd { (escape(value)) } } } }
            }
        }
        (relay(inspected, stored)?)
        (cards(inspected, stored))
    })
}

/// The client secret is empty in a stored body, so neither file nor command has it.
fn command(inspected: &Inspected, stored: &Stored) -> Markup {
    let Stored { message, record, .. } = stored;
    let config = inspected.config();
    let endpoint = config.endpoint(&message.endpoint);
    let path = endpoint.map_or(message.endpoint.as_str(), |endpoint| endpoint.path.as_str());
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let url = shell::word(std::path::Path::new(&format!("{scheme}://{}{path}", inspected.parts.listen)));
    let inline = compact(&record.body).filter(|body| body.len() <= MAX_COMMAND_BYTES).map(|body| escape_json(&body));
    let data = match inline {
        Some(body) => shell::word(std::path::Path::new(&body)).to_string(),
        None => format!("@{}.json", message.id),
    };
    let user = match endpoint.map(|endpoint| endpoint.authentication.kind().as_str()) {
        Some("basic") => " --user USERNAME",
        _ => "",
    };
    html! {
        section {
            h2 { "Send it again with curl" }
            p {
                "The stored body has no client secret. "
                @if endpoint.is_some_and(|endpoint| endpoint.has_client_secret()) {
                    "Put it at " code { (place(&stored.profile.pointer(schemas::Role::ClientSecret).map(ToString::to_string).unwrap_or_default())) } " before you send it."
                }
            }
            p.tools { button type="button" hidden data-copy="#curl" { "Copy curl command" } }
            pre id="curl" tabindex="0" role="region" aria-label="curl command" {
                "curl" (user) " -H 'Content-Type: application/json' --data-binary " (data) " " (url)
            }
        }
    }
}

fn arrivals_of(arrivals: &[Arrival]) -> Markup {
    html! {
        section {
            h2 { "Arrivals" }
            @if arrivals.len() > 1 { p { "The same body arrived " (arrivals.len()) " times within 5 minutes of each other." } }
            ol { @for (at, peer) in arrivals.iter().take(MAX_ARRIVALS) {
                li { (time(*at)) @if let Some(peer) = peer { " from " (peer) } }
            } }
            @if arrivals.len() > MAX_ARRIVALS { p { "These are the first " (MAX_ARRIVALS) "." } }
        }
    }
}

fn relay(inspected: &Inspected, stored: &Stored) -> Result<Markup, Problem> {
    let config = inspected.config();
    let Some(mut store) = inspected.relay_store()? else { return Ok(html! {}) };
    let statuses = statuses(&mut store, stored.message.position, &stored.record, &config.destinations)?;
    Ok(html! {
        @if !statuses.is_empty() {
            section {
                h2 { "Relays" }
                table.rows {
                    thead { tr { th scope="col" { "Destination" } th scope="col" { "Status" } th scope="col" { "Details" } } }
                    tbody { @for (name, status) in &statuses {
                        tr {
                            td data-label="Destination" { (escape(name)) }
                            td data-label="Status" { (relays::status(status)) }
                            td data-label="Details" { (details(status)) }
                        }
                    } }
                }
            }
        }
    })
}

fn details(status: &MessageStatus) -> Markup {
    let failed = |attempts: u32, words: &Option<String>| {
        html! {
            @match attempts { 0 => "", 1 => "1 attempt failed", count => { (count) " attempts failed" } }
            @if let Some(words) = words { ": " (escape(words)) }
        }
    };
    html! {
        @match status {
            MessageStatus::Accepted => "The destination has accepted it, or an earlier arrival of it.",
            MessageStatus::Waiting { attempts, due, words } => {
                (failed(*attempts, words)) @if *attempts > 0 { ". " } "The next attempt is due at " (time(*due)) "."
            }
            MessageStatus::Deciding => { "Its " code { "when" } " is being evaluated." }
            MessageStatus::Dead { attempts, reason, words } => {
                "Given up (" (reason) "). " (failed(*attempts, words)) ". "
                a href="/relays" { "Retry it" }
            }
            MessageStatus::NotMatched { when } => {
                "Its " code { "when" } " does not hold for this message" @if !when.is_empty() { ": " code { (escape(when)) } } "."
            }
            MessageStatus::NotRead => "The relay has not read the log up to this message yet.",
            MessageStatus::Captured => "A capturing endpoint stored it unchecked; captured messages are not relayed.",
            MessageStatus::Unknown(reason) => { (escape(reason)) "." }
        }
    }
}

/// The cards of the endpoint's destinations for Teams; without any, the default card.
fn cards(inspected: &Inspected, stored: &Stored) -> Markup {
    if stored.message.captured || stored.record.body.len() > json_view::MAX_BYTES {
        return html! {};
    }
    let config = inspected.config();
    let mut cards = Vec::new();
    let own = config.destinations.iter().filter(|destination| destination.endpoint == stored.message.endpoint);
    for destination in own {
        if let DestinationTarget::Web(web) = &destination.target
            && let Content::Card { template, budget } = &web.content
        {
            let card = destination
                .view(&stored.record)
                .map_err(|error| error.to_string())
                .and_then(|view| template.card(&view, *budget).map_err(|error| error.to_string()));
            cards.push((format!("Card for {}", destination.name), card));
        }
    }
    if cards.is_empty() {
        let about = MessageMetadata { endpoint: stored.message.endpoint.clone(), ..MessageMetadata::default() };
        let view = View::of(&stored.record.body, &stored.profile, &about).map_err(|error| error.to_string());
        let card = view.and_then(|view| {
            Template::default_card().card(&view, Budget::default()).map_err(|error| error.to_string())
        });
        cards.push(("Default card, which no destination sends".to_owned(), card));
    }
    html! {
        section {
            h2 { "Card for Microsoft Teams" }
            @for (title, card) in &cards {
                details open {
                    summary { (escape(title)) }
                    @match card {
                        Ok(card) => (card::card(&card.body).unwrap_or_default()),
                        Err(error) => p { "It cannot be made: " (escape(error)) }
                    }
                }
            }
        }
    }
}

fn place(pointer: &str) -> String {
    if pointer.is_empty() { "the message".to_owned() } else { escape(pointer) }
}

pub(super) async fn raw(State(inspected): State<Arc<Inspected>>, Path(id): Path<String>) -> Result<Response, Problem> {
    inspected
        .read(move |inspected| {
            let (stored, _) = inspected.find(&id)?;
            Ok(stored.attachment())
        })
        .await
}

/// Laid out and with unsafe characters escaped: the same JSON, for a test suite. What is not JSON stays as it is.
pub(super) async fn fixture(
    State(inspected): State<Arc<Inspected>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    inspected
        .read(move |inspected| {
            let (stored, _) = inspected.find(&id)?;
            let text = pretty(&stored.record.body).map(|text| format!("{}\n", escape_json(&text)).into_bytes());
            Ok(attachment("fixture.json", text.unwrap_or_else(|| stored.record.body.to_vec())))
        })
        .await
}
