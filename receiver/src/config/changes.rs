//! Describes the difference between two configurations without revealing a credential.

use std::mem::discriminant;

use jiff::Timestamp;

use super::{Config, EndpointConfig};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigChanges {
    /// In effect from the next request on.
    pub at_once: Vec<String>,
    /// Keys whose new value takes effect at the next start.
    pub at_next_start: Vec<&'static str>,
}

impl ConfigChanges {
    pub fn between(old: &Config, new: &Config) -> Self {
        let mut changes = Self::default();
        let by_path = |config: &Config, endpoint: &EndpointConfig| {
            config.endpoints.iter().position(|other| other.normal_path() == endpoint.normal_path())
        };
        for endpoint in &old.endpoints {
            if by_path(new, endpoint).is_none() {
                changes.at_once.push(format!("endpoint {} removed", endpoint.path));
            }
        }
        for endpoint in &new.endpoints {
            match by_path(old, endpoint) {
                None => changes.at_once.push(format!(
                    "endpoint {} added ({})",
                    endpoint.path,
                    endpoint.authentication.kind().as_str()
                )),
                Some(at) => changes.endpoint(&old.endpoints[at], endpoint),
            }
        }
        match (&old.tls, &new.tls) {
            (None, Some(_)) => changes.at_once.push("new connections speak TLS".to_owned()),
            (Some(_), None) => changes.at_once.push("new connections speak plain HTTP".to_owned()),
            (Some(old), Some(new)) if old != new => {
                changes.at_once.push("new connections get the new certificate".to_owned());
            }
            _ => {}
        }
        if old.trusted_proxies != new.trusted_proxies {
            changes.at_once.push("trusted proxies changed".to_owned());
        }
        if old.keep_refused_bodies != new.keep_refused_bodies {
            changes.at_once.push("`keep_refused_bodies` changed".to_owned());
        }
        #[cfg(feature = "relay")]
        changes.destinations(old, new);
        let started_with = [
            ("listen", old.listen == new.listen),
            ("admin", old.admin == new.admin),
            ("inspect", old.inspect == new.inspect),
            ("data_dir", old.data_dir == new.data_dir),
            ("log_payloads", old.log_payloads == new.log_payloads),
            ("[limits]", old.limits == new.limits),
            ("[retention]", old.retention == new.retention),
        ];
        changes.at_next_start = started_with.iter().filter(|(_, same)| !same).map(|(key, _)| *key).collect();
        changes
    }

    #[cfg(feature = "relay")]
    fn destinations(&mut self, old: &Config, new: &Config) {
        use crate::relay::Destination;
        let is_same =
            |one: &Destination, other: &Destination| (&one.name, &one.endpoint) == (&other.name, &other.endpoint);
        let has = |config: &Config, it: &Destination| config.destinations.iter().any(|other| is_same(it, other));
        for destination in old.destinations.iter().filter(|it| !has(new, it)) {
            self.at_once.push(format!("destination {} of {} removed", destination.name, destination.endpoint));
        }
        for destination in new.destinations.iter() {
            if old.destinations.iter().any(|before| is_same(before, destination) && before != destination) {
                self.at_once.push(format!("destination {} changed", destination.name));
            }
        }
        for destination in new.destinations.iter().filter(|it| !has(old, it)) {
            self.at_once
                .push(format!("destination {} added; it gets the messages that arrive from now on", destination.name));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.at_once.is_empty() && self.at_next_start.is_empty()
    }

    fn endpoint(&mut self, old: &EndpointConfig, new: &EndpointConfig) {
        let mut add = |change: String| self.at_once.push(format!("endpoint {}: {change}", new.path));
        if old.name != new.name {
            add(format!("its name is now {}", new.name));
        }
        if discriminant(&old.authentication) != discriminant(&new.authentication) {
            add(format!(
                "its authentication changed from {} to {}",
                old.authentication.kind().as_str(),
                new.authentication.kind().as_str()
            ));
        } else if old.authentication != new.authentication {
            add("its credential changed".to_owned());
        }
        if old.also_accept != new.also_accept {
            add(also_accepted(new));
        }
        if old.profile != new.profile {
            add(format!("its profile changed to {}", new.profile.name()));
        }
        if old.nonconforming != new.nonconforming {
            add("`nonconforming` changed".to_owned());
        }
        if old.capture != new.capture {
            add(if new.capture { "it now captures without checking anything" } else { "it no longer captures" }
                .to_owned());
        }
    }
}

fn also_accepted(endpoint: &EndpointConfig) -> String {
    let ends = endpoint.also_accept.iter().map(|(_, not_after)| match not_after {
        None => "a credential without expiry".to_owned(),
        Some(end) => match Timestamp::try_from(*end) {
            Ok(end) => format!("a credential until {end}"),
            Err(_) => "a credential until the far future".to_owned(),
        },
    });
    let ends: Vec<String> = ends.collect();
    if ends.is_empty() {
        "it no longer accepts a second credential".to_owned()
    } else {
        format!("it also accepts {}", ends.join(", "))
    }
}
