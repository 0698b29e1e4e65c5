//! Routes messages to destinations.
//!
//! Each configuration has a routing table. The store keeps it with the part of the log for which it was in force, so
//! that a message is routed by the configuration under which it was acknowledged, even after a restart.

use std::{collections::HashMap, fmt::Display};

use schemas::{
    Document, Profile, Role, Trigger,
    profile::{Part, Subject},
};
use serde::{Deserialize, Serialize};

use super::{
    destination::{self, Destination},
    filter::DestinationFilter,
    flow_url::FlowUrl,
};
use crate::log::{Position, Record};

/// The routes of each endpoint, as stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct RoutingTable {
    /// Every endpoint of the configuration, including those without a destination.
    pub(super) endpoints: Vec<EndpointRoutes>,
}

/// The routes of an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct EndpointRoutes {
    pub(super) name: String,
    /// The TOML text of its profile (default: profile v1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) profile: Option<String>,
    pub(super) routes: Vec<StoredRoute>,
}

/// A route from an endpoint to a destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredRoute {
    /// The destination's number in the store.
    pub(super) destination: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) when: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) flow_url: Option<String>,
    /// Whether the condition is unknown, because an older version of the receiver did not store it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_unknown: bool,
}

/// A routing table, and the part of the log for which it was in force.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StoredTable {
    pub(super) since: Position,
    /// `None` while it is in force. For a moment it may overlap with the next one: then either may match a message.
    pub(super) until: Option<Position>,
    pub(super) table: RoutingTable,
}

/// Whether a message is due at a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RoutingDecision {
    Due,
    /// The destination's `when` does not hold for it.
    NotMatched,
    /// It cannot be decided, for this reason.
    Undecided(String),
    /// The log no longer has it.
    Expired,
}

/// All routing tables that are still needed, compiled.
#[derive(Debug)]
pub(crate) struct Router {
    /// Counts the changes of the tables.
    pub(super) version: u64,
    /// The oldest first.
    tables: Vec<CompiledTable>,
}

#[derive(Debug)]
struct CompiledTable {
    since: Position,
    until: Option<Position>,
    endpoints: HashMap<String, RoutedEndpoint>,
}

#[derive(Debug)]
struct RoutedEndpoint {
    profile: Result<Profile, String>,
    routes: Vec<CompiledRoute>,
}

#[derive(Debug)]
struct CompiledRoute {
    destination: i64,
    /// The condition, if any; the error is why it cannot be read.
    when: Result<Option<DestinationFilter>, String>,
    flow_url: Option<FlowUrl>,
}

impl EndpointRoutes {
    /// The routes of an endpoint, from its destinations and their numbers.
    pub(super) fn new<'d>(name: &str, destinations: impl Iterator<Item = (i64, &'d Destination)>) -> Self {
        let mut profile = None;
        let routes = destinations.map(|(number, destination)| {
            profile = (destination.profile != *Profile::v1()).then(|| destination.profile.text().to_owned());
            StoredRoute {
                destination: number,
                when: destination.when.as_ref().map(|when| when.text().to_owned()),
                flow_url: destination.flow_url.as_ref().map(|pattern| pattern.pattern().to_owned()),
                is_unknown: false,
            }
        });
        let routes = routes.collect();
        Self { name: name.to_owned(), profile, routes }
    }
}

impl Router {
    /// From the stored tables. Conditions that this version cannot read any more are undecided.
    pub(super) fn new(version: u64, tables: Vec<StoredTable>) -> Self {
        let endpoint = |routes: EndpointRoutes| {
            let profile = match routes.profile {
                None => Ok(Profile::v1().clone()),
                Some(text) => Profile::parse(&text).map_err(|error| format!("its profile cannot be read: {error}")),
            };
            let routes = routes.routes.into_iter().map(CompiledRoute::new).collect();
            RoutedEndpoint { profile, routes }
        };
        let tables = tables.into_iter().map(|StoredTable { since, until, table }| {
            let endpoints = table.endpoints.into_iter().map(|routes| (routes.name.clone(), endpoint(routes)));
            CompiledTable { since, until, endpoints: endpoints.collect() }
        });
        Self { version, tables: tables.collect() }
    }

    /// Numbers of the destinations that may get the messages of an endpoint at a position; `None` if no configuration
    /// has the endpoint.
    pub(super) fn destinations(&self, at: Position, endpoint: &str) -> Option<Vec<i64>> {
        let endpoints = self.in_force(at, endpoint);
        if endpoints.is_empty() {
            return None;
        }
        let mut numbers: Vec<i64> =
            endpoints.iter().flat_map(|endpoint| &endpoint.routes).map(|route| route.destination).collect();
        numbers.sort_unstable();
        numbers.dedup();
        Some(numbers)
    }

    /// Whether a message at a position is due at a destination.
    pub(super) fn decide(&self, destination: i64, at: Position, record: &Record) -> RoutingDecision {
        let mut decision = None;
        for endpoint in self.in_force(at, &record.header.endpoint) {
            for route in endpoint.routes.iter().filter(|route| route.destination == destination) {
                let routed = route.decide(record, &endpoint.profile).unwrap_or_else(RoutingDecision::Undecided);
                match (routed, &decision) {
                    (RoutingDecision::Due, _) => return RoutingDecision::Due,
                    (RoutingDecision::NotMatched, Some(_)) => {}
                    (other, _) => decision = Some(other),
                }
            }
        }
        decision.unwrap_or_else(|| {
            RoutingDecision::Undecided("the configuration of that time is no longer known".to_owned())
        })
    }

    /// Whether a body has the time of its event, so that an equal body is a duplicate. Without it, a step that was sent
    /// back and submitted again unchanged would look like a duplicate.
    pub(super) fn has_event_time(&self, at: Position, record: &Record) -> bool {
        let endpoints = self.in_force(at, &record.header.endpoint);
        let Some(Ok(profile)) = endpoints.first().map(|endpoint| &endpoint.profile) else { return false };
        let Ok(document) = Document::read(&record.body, profile) else { return false };
        let part = match document.trigger() {
            Some(Trigger::StepCompleted) => Part::CompletedAt,
            Some(Trigger::StepCreated) => Part::CreatedAt,
            None => return false,
        };
        document.text(Role::Step(Subject::Step, part)).is_some_and(|time| !time.is_empty())
    }

    /// The endpoint in the tables that were in force at a position. A request that began before a reload is stored after
    /// it, under a name that only the table before it may know.
    fn in_force(&self, at: Position, endpoint: &str) -> Vec<&RoutedEndpoint> {
        let begun = || self.tables.iter().filter(|table| table.since <= at);
        let in_force = begun().filter(|table| table.until.is_none_or(|until| at < until));
        let known: Vec<&RoutedEndpoint> = in_force.filter_map(|table| table.endpoints.get(endpoint)).collect();
        if !known.is_empty() {
            return known;
        }
        begun().rev().find_map(|table| table.endpoints.get(endpoint)).into_iter().collect()
    }
}

impl CompiledRoute {
    fn new(stored: StoredRoute) -> Self {
        let when = if stored.is_unknown {
            Err("it was enqueued by an older version of the receiver, which did not store `when`".to_owned())
        } else {
            let when = stored.when.as_deref().map(DestinationFilter::parse).transpose();
            when.map_err(|error| format!("`when` cannot be read: {error}"))
        };
        let flow_url = stored.flow_url.and_then(|pattern| pattern.parse().ok());
        Self { destination: stored.destination, when, flow_url }
    }

    /// Whether a message is due; the error is why that cannot be decided.
    fn decide(&self, record: &Record, profile: &Result<Profile, String>) -> Result<RoutingDecision, String> {
        let Some(when) = self.when.as_ref().map_err(Clone::clone)? else { return Ok(RoutingDecision::Due) };
        let profile = profile.as_ref().map_err(Clone::clone)?;
        let failed = |error: &dyn Display| format!("`when` could not be evaluated: {error}");
        let view = destination::view(record, profile, self.flow_url.as_ref()).map_err(|error| failed(&error))?;
        let holds = when.holds(&view).map_err(|error| failed(&error))?;
        Ok(if holds { RoutingDecision::Due } else { RoutingDecision::NotMatched })
    }
}
