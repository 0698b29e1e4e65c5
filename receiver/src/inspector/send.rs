//! Sending a test message: a sample, or any JSON, to a configured endpoint.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Query as Parameters, State},
    response::Response,
};
use http::StatusCode;
use maud::{Markup, html};
use schemas::{Sample, text::escape};
use serde::Deserialize;

use super::{
    Inspected,
    loopback::{Answer, unknown_endpoint},
    page::{Problem, Section, page},
};

/// The sample that is chosen at first. It shows much of what a message can hold.
const FIRST_SAMPLE: &str = "step-completed-customer-set-up";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SendParameters {
    endpoint: String,
    sample: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct SendForm {
    endpoint: String,
    body: String,
}

pub(super) async fn form(
    State(inspected): State<Arc<Inspected>>,
    Parameters(parameters): Parameters<SendParameters>,
) -> Result<Response, Problem> {
    let name = if parameters.sample.is_empty() { FIRST_SAMPLE } else { &parameters.sample };
    let sample = Sample::find(name).ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "There is no such sample", "Choose one on the page for test messages.")
    })?;
    let body = String::from_utf8_lossy(sample.body);
    let content = content(&inspected, &parameters.endpoint, name, &body, None);
    Ok(page(Section::Send, "Send a test message", &content))
}

fn content(inspected: &Inspected, endpoint: &str, sample: &str, body: &str, answer: Option<&Answer>) -> Markup {
    let config = inspected.config();
    html! {
        @if let Some(answer) = answer { (result(answer)) }
        p {
            "The message goes through the receiver's own listener with the credential of the endpoint. It is stored, and relayed, \
             like any other."
        }
        form action="/send" method="get" {
            label for="sample" { "Sample" }
            div.tools {
                select id="sample" name="sample" {
                    optgroup label="Conforming" { (options(Sample::valid(), sample)) }
                    optgroup label="Breaking a clause" { (options(Sample::invalid(), sample)) }
                }
                button type="submit" { "Load the sample" }
            }
        }
        form action="/send" method="post" {
            label for="endpoint" { "Endpoint" }
            select id="endpoint" name="endpoint" {
                @for known in &config.endpoints {
                    option value=(known.name) selected[known.name == endpoint] { (escape(&known.name)) " (" (known.authentication.kind().as_str()) ")" }
                }
            }
            label for="body" { "Message" }
            textarea id="body" name="body" spellcheck="false" rows="24" { (body) }
            p { button.primary type="submit" { "Send" } }
        }
    }
}

fn options(samples: impl Iterator<Item = Sample>, chosen: &str) -> Markup {
    html! { @for sample in samples { option value=(sample.name) selected[sample.name == chosen] { (sample.name) } } }
}

/// What the receiver has answered, and where to look.
pub(super) fn result(answer: &Answer) -> Markup {
    html! {
        div.box.(if answer.status.is_success() { "holds" } else { "attention" }) role="status" {
            @if answer.status.is_success() {
                p { strong { "Accepted." } " " a href={ "/messages/" (answer.request_id) } { "Open the message" } }
            } @else {
                p { strong { "Refused with " (answer.status) "." } " " a href={ "/refused/" (answer.request_id) } { "Why?" } }
            }
            details { summary { "The answer" } pre { (escape(&answer.body)) } }
        }
    }
}

pub(super) async fn send(
    State(inspected): State<Arc<Inspected>>,
    Form(form): Form<SendForm>,
) -> Result<Response, Problem> {
    if inspected.config().endpoint(&form.endpoint).is_none() {
        return Err(unknown_endpoint());
    }
    // Browsers send the line ends of a text area as CRLF.
    let body = form.body.replace("\r\n", "\n");
    let answer = inspected.post(&form.endpoint, body.as_bytes()).await?;
    let content = content(&inspected, &form.endpoint, FIRST_SAMPLE, &body, Some(&answer));
    Ok(page(Section::Send, "Send a test message", &content))
}
