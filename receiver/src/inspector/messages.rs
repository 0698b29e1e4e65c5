//! The page of the newest messages.

use std::{path::Path, sync::Arc, time::Duration};

use axum::{extract::State, response::Response};
use http::StatusCode;
use maud::{Markup, html};
use schemas::validate::MAX_VIOLATIONS;

use super::{
    Inspected,
    page::{Section, page, problem},
};
use crate::{
    index::{IndexError, Message, Reader, Search, Sources},
    log::{Position, SegmentedLog},
    query::Query,
    server::DataFolder,
};

/// Number of messages on a page.
const PAGE: usize = 50;

/// How long a page may be searched for.
const BUDGET: Duration = Duration::from_millis(250);

pub(super) async fn list(State(inspected): State<Arc<Inspected>>) -> Response {
    let read = inspected
        .read(|inspected| {
            let Some(index) = Reader::open(&inspected.index_file)? else { return Ok(Vec::new()) };
            let data = inspected.index_file.parent().unwrap_or(Path::new(""));
            let log = SegmentedLog::read_folder(&DataFolder::log_in(data), Position(0));
            let mut sources = Sources { log, profile_of: &|_| None, deliveries: None };
            let search = Search { query: &Query::default(), before: None, after: None, limit: PAGE, budget: BUDGET };
            Ok::<_, IndexError>(index.search(&search, &mut sources)?.messages)
        })
        .await;
    match read {
        Ok(messages) => page(Section::Messages, "Messages", &table(&messages)),
        Err(error) => problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The index cannot be read",
            &format!("{error}. The receiver still stores messages. See its log, or /readyz of its admin listener."),
        ),
    }
}

fn table(messages: &[Message]) -> Markup {
    html! {
        @if messages.is_empty() {
            p { "No messages yet." }
        } @else {
            table.rows {
                thead {
                    tr {
                        th scope="col" { "Received" }
                        th scope="col" { "Endpoint" }
                        th scope="col" { "Contract" }
                        th scope="col" { "Trigger" }
                        th scope="col" { "Flow" }
                        th scope="col" { "Step" }
                        th.number scope="col" { "Bytes" }
                        th.number scope="col" { "Arrivals" }
                    }
                }
                tbody {
                    @for message in messages { (row(message)) }
                }
            }
        }
    }
}

fn row(message: &Message) -> Markup {
    let text = |text: Option<&str>| text.map_or_else(|| "–".to_owned(), crate::redact::one_line);
    html! {
        tr data-row=(message.position.0) {
            td data-label="Received" { time datetime=(message.received_at) { (format!("{:.0}", message.received_at)) } }
            td data-label="Endpoint" { (text(Some(&message.endpoint))) }
            td data-label="Contract" { (verdict(message)) }
            td data-label="Trigger" { (text(message.trigger.map(schemas::Trigger::as_str))) }
            td data-label="Flow" { (text(message.flow.as_deref())) }
            td data-label="Step" { (text(message.step.as_deref())) }
            td.number data-label="Bytes" { (message.size) }
            td.number data-label="Arrivals" { (message.arrivals) }
        }
    }
}

/// In words and with a sign of its own, not by colour alone.
fn verdict(message: &Message) -> Markup {
    let (class, text) = match message.violations.len() {
        _ if message.captured => ("captured", "○ captured".to_owned()),
        0 => ("holds", "✓ holds".to_owned()),
        1 => ("broken", "✗ 1 violation".to_owned()),
        MAX_VIOLATIONS => ("broken", format!("✗ {MAX_VIOLATIONS} violations or more")),
        count => ("broken", format!("✗ {count} violations")),
    };
    html! { span.verdict.(class) { (text) } }
}
