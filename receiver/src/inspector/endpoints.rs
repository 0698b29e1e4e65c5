//! The configured endpoints, and when something last arrived for each.

use std::collections::HashMap;

use jiff::Timestamp;
use schemas::AuthenticationKind;
use serde::Serialize;

use super::{Inspected, page::Problem};
use crate::{
    query::{Pattern, Predicate, Term},
    refusals::silences,
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
        let mut refused = HashMap::new();
        for kind in self.parts.refusals.read(|rings| rings.summary()) {
            let last: &mut Timestamp = refused.entry(kind.endpoint.unwrap_or_default()).or_insert(kind.last);
            *last = kind.last.max(*last);
        }
        let mut endpoints = Vec::new();
        for endpoint in &config.endpoints {
            let last_message = self.last_message(&endpoint.name)?;
            let last_refused = refused.get(&endpoint.name).copied();
            let last = last_message.max(last_refused);
            endpoints.push(EndpointStatus {
                name: endpoint.name.clone(),
                path: endpoint.path.clone(),
                authentication: endpoint.authentication.kind(),
                captures: endpoint.capture,
                last_message,
                last_refused,
                is_silent: !silences([(endpoint.name.as_str(), last)], Timestamp::now()).is_empty(),
            });
        }
        Ok(endpoints)
    }

    /// When the newest message of an endpoint arrived.
    fn last_message(&self, endpoint: &str) -> Result<Option<Timestamp>, Problem> {
        let only = Predicate::Endpoint(Pattern::Exact(endpoint.to_owned()));
        let page = self.search(&[Term::from(only)].into_iter().collect(), None, None, 1)?;
        Ok(page.messages.first().map(|message| message.last_arrival))
    }
}
