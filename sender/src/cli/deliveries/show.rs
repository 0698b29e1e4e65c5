//! `deliveries show`: prints one delivery, every attempt at it, and the request with its credentials masked. No
//! reference is resolved.

use clap::Args;
use console::{
    OutputArgs, OutputFormat,
    format::{elapsed, size},
    output::{write_json, write_stdout},
};
use delivery::{Request, USER_AGENT};
use http::header;
use jiff::Timestamp;
use schemas::{
    BodyTemplate,
    json::{compact, pretty},
    redaction::MASK,
    text::one_line,
};
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use super::super::{
    error::CliError,
    outbox_args::DataArgs,
    status_text::{AttemptObject, DeliveryObject, answer as answer_text, next, text as text_or_dash},
};
use crate::{
    credentials::CredentialReference,
    outbox::{Address, Attempt, Destination, Status, StoredDelivery},
};

#[derive(Args)]
pub(in crate::cli) struct ShowArgs {
    /// Id of the delivery, as `deliveries list` shows it.
    id: u64,

    #[command(flatten)]
    data: DataArgs,

    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &ShowArgs) -> Result<(), CliError> {
    let reader = args.data.read()?;
    let delivery = args.data.delivery(&reader, args.id)?;
    let attempts = reader.attempts(args.id)?;
    let request = reader.request(args.id)?;
    let (body, destination) =
        request.ok_or_else(|| CliError::NoDelivery { id: args.id, data: args.data.folder.clone() })?;
    match args.output.format {
        OutputFormat::Human => write_stdout(&human(&delivery, &attempts, &body, &destination))?,
        OutputFormat::Json => {
            let object = Object {
                delivery: DeliveryObject::of(&delivery),
                all_attempts: attempts.iter().map(AttemptObject::of).collect(),
                request: RequestObject {
                    url: destination.address.to_string(),
                    headers: headers(&destination).into_iter().map(|(name, value)| (name, value.into())).collect(),
                    body: raw(&shown(&body, &destination)),
                },
            };
            let text = serde_json::to_string(&object).map_err(CliError::json)?;
            write_json(&pretty(text.as_bytes()).unwrap_or(text))?;
        }
    }
    Ok(())
}

/// The object for programs; its names are stable.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'d> {
    #[serde(flatten)]
    delivery: DeliveryObject<'d>,
    all_attempts: Vec<AttemptObject<'d>>,
    request: RequestObject,
}

#[derive(Serialize)]
struct RequestObject {
    url: String,
    headers: Map<String, Value>,
    body: Option<Box<RawValue>>,
}

fn human(delivery: &StoredDelivery, attempts: &[Attempt], body: &BodyTemplate, destination: &Destination) -> String {
    let status = match delivery.status {
        Status::Delivered => delivery.status.as_str().to_owned(),
        status => format!("{}: {}", status.as_str(), next(delivery, Timestamp::now())),
    };
    let mut text = String::new();
    for (name, value) in [
        ("id", delivery.id.to_string()),
        ("status", status),
        ("destination", text_or_dash(Some(&delivery.destination))),
        ("flow", text_or_dash(delivery.flow.as_deref())),
        ("webhook", text_or_dash(delivery.label.webhook.as_deref())),
        ("trigger", text_or_dash(delivery.label.trigger.as_deref())),
        ("step", text_or_dash(delivery.label.step.as_deref())),
        ("bytes", size(delivery.size)),
    ] {
        text.push_str(&format!("{name:<13}{value}\n"));
    }
    for Attempt { number, at, took, outcome } in attempts {
        let name = format!("attempt {number}");
        text.push_str(&format!("{name:<13}{at:.3}, {}: {}\n", elapsed(*took), answer_text(outcome)));
    }
    let first = match &destination.address {
        Address::Url(target) => format!("POST {} HTTP/1.1\nhost: {}\n", target.masked_path(), target.host_header()),
        Address::Reference(reference) => format!("POST HTTP/1.1, to the URL in {reference}\n"),
    };
    text.push_str(&format!("\n{first}"));
    for (name, value) in headers(destination) {
        text.push_str(&format!("{name}: {value}\n"));
    }
    let body = shown(body, destination);
    let body = match pretty(&body) {
        Some(lines) => lines.lines().map(|line| one_line(line, usize::MAX) + "\n").collect(),
        None => one_line(&String::from_utf8_lossy(&body), usize::MAX),
    };
    text + "\n" + body.trim_end() + "\n"
}

fn headers(destination: &Destination) -> Vec<(String, String)> {
    let request = Request::new("");
    let shown = request.headers().iter();
    let user_agent = (header::USER_AGENT.to_string(), USER_AGENT.to_owned());
    let mut headers: Vec<(String, String)> = shown
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .chain([user_agent])
        .collect();
    if matches!(destination.credentials, CredentialReference::Basic { .. }) {
        headers.push((header::AUTHORIZATION.to_string(), format!("{} {MASK}", schemas::wire::BASIC_SCHEME)));
    }
    headers
}

/// The body as it is sent, its client secret masked.
fn shown(body: &BodyTemplate, destination: &Destination) -> Vec<u8> {
    match destination.credentials {
        CredentialReference::ClientSecret { .. } => body.with_text(MASK),
        CredentialReference::None | CredentialReference::Basic { .. } => body.without_secret(),
    }
}

/// The body as JSON, or as a string where it is not JSON.
fn raw(body: &[u8]) -> Option<Box<RawValue>> {
    let text = compact(body).unwrap_or_else(|| Value::from(String::from_utf8_lossy(body)).to_string());
    RawValue::from_string(text).ok()
}
