//! The request as HTTP text or JSON, with the credentials masked; nothing is sent.

use console::{
    OutputFormat,
    output::{write_json, write_stdout},
};
use http::HeaderValue;
use schemas::{Document, Profile, Redactor, json::compact, redaction::MASK};
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use super::super::error::CliError;
use delivery::{EndpointUrl, Request, USER_AGENT};

pub(super) fn print(
    request: &Request,
    target: &EndpointUrl,
    profile: &Profile,
    format: OutputFormat,
) -> Result<(), CliError> {
    let redactor = request.redactor();
    let headers = headers(request, target, &redactor);
    let body = masked_body(request.body(), profile, &redactor);
    match format {
        OutputFormat::Human => {
            let mut text = format!("POST {} HTTP/1.1\n", target.masked_path());
            for (name, value) in &headers {
                text.push_str(&format!("{name}: {value}\n"));
            }
            let body = body.unwrap_or_else(|why| format!("({} bytes, not shown: {why})", request.body().len()));
            write_stdout(&format!("{text}\n{body}\n"))?;
        }
        OutputFormat::Json => {
            let mut object: Map<String, Value> = Map::new();
            for (name, value) in headers {
                // As HTTP joins the values of a header that stands twice (RFC 9110 section 5.3).
                object
                    .entry(name)
                    .and_modify(|all| *all = format!("{}, {value}", all.as_str().unwrap_or_default()).into())
                    .or_insert_with(|| value.clone().into());
            }
            let (body, body_not_shown) = match body {
                Ok(text) => {
                    let raw = compact(text.as_bytes()).unwrap_or_else(|| Value::from(text).to_string());
                    (RawValue::from_string(raw).ok(), None)
                }
                Err(why) => (None, Some(why)),
            };
            let url = target.to_string();
            let request = Object { dry_run: true, method: "POST", url, headers: object, body, body_not_shown };
            write_json(&serde_json::to_string(&request).map_err(CliError::json)?)?;
        }
    }
    Ok(())
}

/// The object for programs; its names are stable.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    dry_run: bool,
    method: &'static str,
    url: String,
    headers: Map<String, Value>,
    /// As it is sent, but on one line.
    body: Option<Box<RawValue>>,
    body_not_shown: Option<String>,
}

fn headers(request: &Request, target: &EndpointUrl, redactor: &Redactor) -> Vec<(String, String)> {
    let given = request.headers();
    let mut lines = Vec::new();
    if !given.contains_key(http::header::HOST) {
        lines.push(("host".to_owned(), target.host_header().to_owned()));
    }
    lines.extend(given.iter().map(|(name, value)| (name.to_string(), masked_value(name.as_str(), value, redactor))));
    if !given.contains_key(http::header::USER_AGENT) {
        lines.push(("user-agent".to_owned(), USER_AGENT.to_owned()));
    }
    lines.push(("content-length".to_owned(), request.body().len().to_string()));
    lines
}

fn masked_value(name: &str, value: &HeaderValue, redactor: &Redactor) -> String {
    let text = String::from_utf8_lossy(value.as_bytes());
    if !value.is_sensitive() {
        return redactor.mask(&text);
    }
    match text.split_once(' ') {
        Some((scheme, _)) if name == schemas::wire::AUTHORIZATION_HEADER => format!("{scheme} {MASK}"),
        _ => MASK.to_owned(),
    }
}

/// The body with its credentials masked, or why it is not shown: where the secret cannot be found for certain, it
/// cannot be masked.
fn masked_body(body: &[u8], profile: &Profile, redactor: &Redactor) -> Result<String, String> {
    let document =
        Document::read(body, profile).map_err(|error| format!("{error}, so a secret in it cannot be masked"))?;
    let masked = document.with_secret(MASK).map_or_else(|| body.to_vec(), |edited| edited.body);
    // What can be read is UTF-8.
    Ok(redactor.mask(&String::from_utf8_lossy(&masked)))
}
