//! The configured endpoints, and when something last arrived for each.

use jiff::Timestamp;
use maud::{Markup, html};
use schemas::AuthenticationKind;
use serde::Serialize;

use super::{Inspected, page::Problem, rows::time};
use crate::{
    query::Query,
    redact::one_line,
    refusals::{SILENCE_REASONS, is_silent},
};

/// An endpoint, and whether requests arrive.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EndpointStatus {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) authentication: AuthenticationKind,
    /// Whether it stores everything unchecked.
    pub(super) captures: bool,
    /// When the newest stored message first arrived.
    pub(super) last_message: Option<Timestamp>,
    pub(super) last_refused: Option<Timestamp>,
    /// Whether nothing has arrived for a day.
    pub(super) is_silent: bool,
}

impl Inspected {
    /// The endpoints in the order of the configuration.
    pub(super) fn endpoints(&self) -> Result<Vec<EndpointStatus>, Problem> {
        let config = self.config();
        let mut endpoints = Vec::new();
        for endpoint in &config.endpoints {
            let last_message = self.last_message(&endpoint.name)?;
            let last_refused = self.parts.refusals.read(|rings| rings.last_refused(&endpoint.name));
            endpoints.push(EndpointStatus {
                name: endpoint.name.clone(),
                path: endpoint.path.clone(),
                authentication: endpoint.authentication.kind(),
                captures: endpoint.capture,
                last_message,
                last_refused,
                is_silent: is_silent(last_message.max(last_refused), Timestamp::now()),
            });
        }
        Ok(endpoints)
    }

    /// When the newest message of an endpoint arrived.
    fn last_message(&self, endpoint: &str) -> Result<Option<Timestamp>, Problem> {
        let page = self.search(&Query::of_endpoint(endpoint), None, None, 1)?;
        Ok(page.messages.first().map(|message| message.last_arrival))
    }
}

/// The endpoints for which nothing arrives, and the usual reasons; nothing if there are no such endpoints.
pub(super) fn silent(endpoints: &[EndpointStatus]) -> Markup {
    let silent: Vec<_> = endpoints.iter().filter(|endpoint| endpoint.is_silent).collect();
    html! {
        @if !silent.is_empty() {
            ul { @for endpoint in silent {
                li {
                    @match endpoint.last_message.max(endpoint.last_refused) {
                        Some(since) => { "Nothing has arrived for " (one_line(&endpoint.name)) " since " (time(since)) "." }
                        None => { "No request for " (one_line(&endpoint.name)) " is known." }
                    }
                }
            } }
            p { "The usual reasons:" }
            ul { @for reason in SILENCE_REASONS { li { (reason) } } }
        }
    }
}
