//! What differs between two configurations, in words, without any credential.

use std::mem::discriminant;

use jiff::Timestamp;
use schemas::Authentication;

use super::{Config, EndpointConfig};

/// What a new configuration changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// What holds from the next request on.
    pub at_once: Vec<String>,
    /// Keys whose new value takes effect at the next start.
    pub at_next_start: Vec<&'static str>,
}

impl Changes {
    /// From an old configuration to a new one.
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
                None => changes.at_once.push(format!("endpoint {} added ({})", endpoint.path, endpoint.kind())),
                Some(at) => changes.endpoint(&old.endpoints[at], endpoint),
            }
        }
        match (&old.tls, &new.tls) {
            (None, Some(_)) => changes.at_once.push("new connections speak TLS".to_owned()),
            (Some(_), None) => changes.at_once.push("new connections speak plain HTTP".to_owned()),
            (Some(old), Some(new)) if old != new => {
                changes.at_once.push("new connections are shown the new certificate".to_owned());
            }
            _ => {}
        }
        if old.trusted_proxies != new.trusted_proxies {
            changes.at_once.push("trusted proxies changed".to_owned());
        }
        #[cfg(feature = "relay")]
        changes.destinations(old, new);
        let started_with = [
            ("listen", old.listen == new.listen),
            ("admin", old.admin == new.admin),
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
            self.at_once.push(format!("destination {} added; it gets what arrives from now on", destination.name));
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.at_once.is_empty() && self.at_next_start.is_empty()
    }

    fn endpoint(&mut self, old: &EndpointConfig, new: &EndpointConfig) {
        let mut say = |words: String| self.at_once.push(format!("endpoint {}: {words}", new.path));
        if old.name != new.name {
            say(format!("it is called {} now", new.name));
        }
        if discriminant(&old.authentication) != discriminant(&new.authentication) {
            say(format!("its authentication is {} now, before it was {}", new.kind(), old.kind()));
        } else if old.authentication != new.authentication {
            say("its credential changed".to_owned());
        }
        if old.also_accept != new.also_accept {
            say(also_accepted(new));
        }
        if old.profile != new.profile {
            say(format!("its profile changed; it is {} now", new.profile.name()));
        }
        if old.nonconforming != new.nonconforming {
            say("its answer to a message that breaks the contract changed".to_owned());
        }
        if old.capture != new.capture {
            say(if new.capture { "it captures now: nothing is checked" } else { "it captures no more" }.to_owned());
        }
    }
}

fn also_accepted(endpoint: &EndpointConfig) -> String {
    let ends = endpoint.also_accept.iter().map(|(_, not_after)| match not_after {
        None => "one without end".to_owned(),
        Some(end) => match Timestamp::try_from(*end) {
            Ok(end) => format!("one until {end}"),
            Err(_) => "one until a far day".to_owned(),
        },
    });
    let ends: Vec<String> = ends.collect();
    if ends.is_empty() {
        "it accepts no second credential any more".to_owned()
    } else {
        format!("it also accepts {}", ends.join(", "))
    }
}

impl EndpointConfig {
    /// The kind of authentication, as it is typed.
    pub fn kind(&self) -> &'static str {
        match self.authentication {
            Authentication::None => "none",
            Authentication::ClientSecret { .. } => "client-secret",
            Authentication::Basic(_) => "basic",
        }
    }
}
