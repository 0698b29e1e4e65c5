//! What the relay counts.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// The relay's figures. A destination's name is a word of the configuration.
#[derive(Debug, Default)]
pub(crate) struct RelayMetrics {
    attempts: Family<AttemptLabels, Counter>,
    waiting: Family<DestinationLabels, Gauge>,
    oldest_waiting: Family<DestinationLabels, Gauge>,
    dead_letters: Family<DestinationLabels, Gauge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    destination: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DestinationLabels {
    destination: String,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RelayOutcome {
    /// It was accepted.
    Accepted,
    /// It is tried again.
    Again,
    /// It is tried again, smaller.
    TooLarge,
    /// It was given up.
    Dead,
}

impl RelayOutcome {
    const ALL: [Self; 4] = [Self::Accepted, Self::Again, Self::TooLarge, Self::Dead];

    fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Again => "again",
            Self::TooLarge => "too-large",
            Self::Dead => "dead",
        }
    }
}

impl RelayMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("relay_attempts", "Attempts by destination and outcome", self.attempts.clone());
        registry.register("relay_waiting", "Messages that wait for a destination", self.waiting.clone());
        registry.register(
            "relay_oldest_waiting_timestamp_seconds",
            "When the oldest message that waits was received; 0 when none waits",
            self.oldest_waiting.clone(),
        );
        registry.register("relay_dead_letters", "Messages that were given up", self.dead_letters.clone());
    }

    /// A destination is served from now on: its series are there, at zero.
    pub(crate) fn add(&self, destination: &str) {
        for outcome in RelayOutcome::ALL {
            drop(self.attempts.get_or_create(&attempt(destination, outcome)));
        }
        self.stands(destination, 0, 0, 0);
    }

    /// An attempt has ended.
    pub(crate) fn attempted(&self, destination: &str, outcome: RelayOutcome) {
        self.attempts.get_or_create(&attempt(destination, outcome)).inc();
    }

    /// How it stands with a destination: how many wait, since when (in seconds since 1970), and how many are dead.
    pub(crate) fn stands(&self, destination: &str, waiting: u64, oldest: i64, dead: u64) {
        let labels = DestinationLabels { destination: destination.to_owned() };
        self.waiting.get_or_create(&labels).set(waiting.cast_signed());
        self.oldest_waiting.get_or_create(&labels).set(oldest);
        self.dead_letters.get_or_create(&labels).set(dead.cast_signed());
    }
}

fn attempt(destination: &str, outcome: RelayOutcome) -> AttemptLabels {
    AttemptLabels { destination: destination.to_owned(), outcome: outcome.word() }
}
