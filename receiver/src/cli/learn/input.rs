//! The messages that `learn` reads: bodies in files, lines of `messages export`, records of the log, and quarantined
//! captures. A known client secret in them is replaced by the placeholder first.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use console::{Error, error::read_text, output::warn};
use schemas::redaction::CLIENT_SECRET_PLACEHOLDER;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use crate::{
    cli::{data::DataDir, failure::Failure},
    ingest::CAPTURE_FILE,
};

/// Reads every named message. Input that is not JSON is skipped with a warning, unless nothing is left.
pub(super) fn read(
    config: Option<&Path>,
    named: &[String],
    secret: Option<&SecretString>,
) -> Result<Vec<Value>, Failure> {
    let mut bodies: Vec<(String, Vec<u8>)> = Vec::new();
    let (mut data, mut quarantine) = (None, None);
    for name in named {
        let path = Path::new(name);
        if path.is_file() {
            bodies.extend(of_file(path)?);
            continue;
        }
        if !name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
            return Err(Failure::failed(format_args!("{name} is neither a file nor an id"))
                .tip("`webhook-receiver messages list` shows the ids"));
        }
        let data = match &mut data {
            Some(data) => data,
            none => none.insert(DataDir::open(config)?),
        };
        bodies.push((name.clone(), of_id(data, &mut quarantine, name)?));
    }
    let mut messages = Vec::new();
    for (name, body) in bodies {
        match serde_json::from_slice::<Value>(&body) {
            Ok(message) => messages.push(marked(message, secret)),
            Err(_) if body.is_empty() => warn(format_args!("{name} is empty; skipped")),
            Err(error) => warn(format_args!("{name} is not JSON; skipped: {error}")),
        }
    }
    if messages.is_empty() {
        return Err(Failure::failed("none of these is a JSON message")
            .tip("`webhook-receiver messages show ID` shows what was captured"));
    }
    Ok(messages)
}

/// The ids and bodies of the quarantined captures.
type Quarantine = Vec<(String, Vec<u8>)>;

/// A record of the log, or a quarantined capture. Those are read once, however many are named.
fn of_id(data: &DataDir, quarantine: &mut Option<Quarantine>, id: &str) -> Result<Vec<u8>, Failure> {
    if let Some((_, record)) = data.find(&data.index()?, id)? {
        return Ok(record.body.to_vec());
    }
    let quarantine = match quarantine {
        Some(quarantine) => quarantine,
        none => {
            let file = data.folder.join(CAPTURE_FILE);
            none.insert(if file.is_file() { lines(&read_text(&file)?) } else { Vec::new() })
        }
    };
    let id = id.to_lowercase();
    let found: Vec<_> = quarantine.iter().filter(|(name, _)| name.starts_with(&id)).cloned().collect();
    match <[(String, Vec<u8>); 1]>::try_from(found) {
        Ok([(_, body)]) => Ok(body),
        Err(found) if found.is_empty() => {
            Err(Failure::failed(format_args!("{id} is neither a file nor the id of a message")))
        }
        Err(_) => Err(Failure::failed(format_args!("more than one capture has an id that begins with {id}"))),
    }
}

/// A file that is a body, or that has an exported message on each line.
fn of_file(path: &Path) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let bytes = fs::read(path).map_err(Error::read(path))?;
    let exported = std::str::from_utf8(&bytes).map(lines).unwrap_or_default();
    if exported.is_empty() { Ok(vec![(path.display().to_string(), bytes)]) } else { Ok(exported) }
}

/// The id and body of each line that is an exported message. A line cut short by a crash is not.
fn lines(text: &str) -> Vec<(String, Vec<u8>)> {
    let line = |line: &str| {
        let line: Map<String, Value> = serde_json::from_str(line).ok()?;
        let id = line.get("id")?.as_str()?.to_owned();
        line.get("receivedAt").and(line.get("endpoint"))?;
        let body = match line.get("body") {
            Some(body) => body.as_str()?.as_bytes().to_vec(),
            None => STANDARD.decode(line.get("bodyBase64")?.as_str()?).ok()?,
        };
        Some((id, body))
    };
    text.lines().filter_map(line).collect()
}

/// The message with the placeholder for every string that equals the secret.
fn marked(message: Value, secret: Option<&SecretString>) -> Value {
    let Some(secret) = secret else { return message };
    match message {
        Value::String(text) if text == secret.expose_secret() => CLIENT_SECRET_PLACEHOLDER.into(),
        Value::Array(elements) => elements.into_iter().map(|element| marked(element, Some(secret))).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, marked(value, Some(secret)))).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}
