//! Endpoints for which nothing arrives, and the usual reasons: what the receiver cannot see, because it did not come.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

/// An endpoint is silent after this time without a request.
const SILENT_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Why no request arrives, most likely first.
pub(crate) const SILENCE_REASONS: [&str; 5] = [
    "no step of the flow has the webhook, or the webhook is not enabled",
    "the flow model was not published after the webhook was added, or no such step was created or completed since",
    "the endpoint URL in the webhook form is wrong, or its name does not resolve to this machine",
    "a firewall or proxy does not let the product through",
    "the add-on for webhooks, which is off by default, is not active for this account",
];

/// An endpoint for which nothing arrives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Silence {
    /// Its name.
    pub(crate) endpoint: String,
    /// When the last request arrived that is known; `None` if none is.
    pub(crate) since: Option<Timestamp>,
}

/// Whether nothing has arrived for a day, if this was the time of the last request.
pub(crate) fn is_silent(last: Option<Timestamp>, now: Timestamp) -> bool {
    last.is_none_or(|last| now.duration_since(last).unsigned_abs() >= SILENT_AFTER)
}

/// The endpoints for which nothing has arrived for a day. Each comes with the time of its last request, accepted or refused.
pub(crate) fn silences<'e>(
    endpoints: impl IntoIterator<Item = (&'e str, Option<Timestamp>)>,
    now: Timestamp,
) -> Vec<Silence> {
    let silent = endpoints.into_iter().filter(|(_, last)| is_silent(*last, now));
    silent.map(|(endpoint, since)| Silence { endpoint: endpoint.to_owned(), since }).collect()
}
