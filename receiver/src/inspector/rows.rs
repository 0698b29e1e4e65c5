//! Rows of the list of messages, the same on the page and in the stream of new ones.

use std::io;

use jiff::Timestamp;
use maud::{Markup, html};
use schemas::{Document, Role, Trigger};

use super::{Inspected, page::Problem};
use crate::{index::Message, log::Entry, redact::one_line, relay::store::DeliveryCounts};

/// Larger bodies are not read for their subject.
const MAX_SUBJECT_BYTES: u64 = 64 << 10;
/// Maximum distance in the log that is read over instead of jumped over.
const MAX_GAP_BYTES: u64 = 256 << 10;

/// A message, and what the index does not know of it.
pub(super) struct Row {
    pub(super) message: Message,
    pub(super) subject: Option<String>,
    pub(super) deliveries: DeliveryCounts,
}

impl Inspected {
    /// Adds what the log and the relay's store know of these messages.
    pub(super) fn rows(&self, messages: Vec<Message>) -> Result<Vec<Row>, Problem> {
        let positions: Vec<_> = messages.iter().map(|message| message.position).collect();
        let deliveries = match self.relay_store()? {
            Some(store) => store.delivery_counts(&positions)?,
            None => Default::default(),
        };
        let mut rows: Vec<Row> = messages
            .into_iter()
            .map(|message| {
                let deliveries = deliveries.get(&message.position).copied().unwrap_or_default();
                Row { message, subject: None, deliveries }
            })
            .collect();
        self.read_subjects(&mut rows)?;
        Ok(rows)
    }

    /// In the order of the log, which is read in large pieces.
    fn read_subjects(&self, rows: &mut [Row]) -> io::Result<()> {
        let mut wanted: Vec<&mut Row> = rows.iter_mut().filter(|row| row.message.size <= MAX_SUBJECT_BYTES).collect();
        wanted.sort_by_key(|row| row.message.position);
        let Some(first) = wanted.first() else { return Ok(()) };
        let mut reader = self.parts.log.read(first.message.position)?;
        for row in wanted {
            let at = row.message.position;
            if reader.position() > at || at.0 - reader.position().0 > MAX_GAP_BYTES {
                reader.go_to(at);
            }
            while reader.position() <= at {
                match reader.next_entry()? {
                    Some(Entry::Record { at: found, record, .. }) if found == at => {
                        let profile = self.profile(&row.message.endpoint);
                        let document = Document::read(&record.body, &profile).ok();
                        let subject = document.as_ref().and_then(|document| document.text(Role::FlowSubject));
                        row.subject = subject.map(one_line);
                    }
                    Some(_) => {}
                    None => break,
                }
            }
        }
        Ok(())
    }
}

/// The head of the table.
pub(super) fn head() -> Markup {
    html! {
        thead {
            tr {
                th scope="col" { "Received (UTC)" }
                th scope="col" { "Endpoint" }
                th scope="col" { "Contract" }
                th scope="col" { "Trigger" }
                th scope="col" { "Flow" }
                th scope="col" { "Step" }
                th.number scope="col" { "Bytes" }
                th.number scope="col" { "Arrivals" }
                th scope="col" { "Relays" }
            }
        }
    }
}

pub(super) fn row(row: &Row) -> Markup {
    let message = &row.message;
    let text = |text: Option<&str>| text.map_or_else(|| "–".to_owned(), one_line);
    let path = format!("/messages/{}", message.id);
    html! {
        tr data-row=(message.position.0) data-replay={ (path) "/replay" } {
            td data-label="Received" { a href=(path) { (time_of(message.received_at, "%Y-%m-%d %H:%M:%S")) } }
            td data-label="Endpoint" { (text(Some(&message.endpoint))) }
            td data-label="Contract" { (verdict(message)) }
            td data-label="Trigger" { (message.trigger.map_or("–", trigger)) }
            td data-label="Flow" {
                (text(message.flow.as_deref()))
                @if let Some(subject) = &row.subject { br; span.quiet { (subject) } }
            }
            td data-label="Step" { (text(message.step.as_deref())) }
            td.number data-label="Bytes" { (message.size) }
            td.number data-label="Arrivals" { (message.arrivals) }
            td data-label="Relays" { (deliveries(row.deliveries)) }
        }
    }
}

fn deliveries(counts: DeliveryCounts) -> Markup {
    html! {
        @match (counts.waiting, counts.dead) {
            (0, 0) => "–",
            (waiting, 0) => { "○ " (waiting) " waiting" }
            (0, dead) => span.bad { "✗ " (dead) " given up" },
            (waiting, dead) => { "○ " (waiting) " waiting " span.bad { "✗ " (dead) " given up" } }
        }
    }
}

/// In words and with a sign of its own, not by colour alone.
pub(super) fn verdict(message: &Message) -> Markup {
    let (class, sign) = match message.violations.as_slice() {
        _ if message.captured => ("captured", "○"),
        [] => ("holds", "✓"),
        _ => ("broken", "✗"),
    };
    html! { span.verdict.(class) { (sign) " " (message.verdict()) } }
}

/// In one word, because the step is next to it.
fn trigger(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::StepCreated => "created",
        Trigger::StepCompleted => "completed",
    }
}

/// A point in time in UTC.
pub(super) fn time(at: Timestamp) -> Markup {
    time_of(at, "%Y-%m-%d %H:%M:%S UTC")
}

fn time_of(at: Timestamp, format: &str) -> Markup {
    html! { time datetime=(at) { (at.strftime(format)) } }
}
