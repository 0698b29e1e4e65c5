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
    passed_over: Family<PassedOverLabels, Counter>,
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

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PassedOverLabels {
    destination: String,
    reason: &'static str,
}

/// Why a message was not relayed to a destination, or to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PassedOverReason {
    /// The destination's `when` does not hold for it.
    When,
    /// The destination has an equal body from a few minutes before.
    Repeated,
    /// A capturing endpoint took it, unchecked.
    Captured,
    /// Its record in the log is damaged.
    Damaged,
    /// No configuration that the relay remembers has its endpoint.
    UnknownEndpoint,
}

impl PassedOverReason {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::When => "when",
            Self::Repeated => "repeated",
            Self::Captured => "captured",
            Self::Damaged => "damaged",
            Self::UnknownEndpoint => "unknown-endpoint",
        }
    }
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
        registry.register(
            "relay_passed_over",
            "Messages that were not relayed, by destination and reason",
            self.passed_over.clone(),
        );
    }

    /// A destination is served from now on: its series are there, at zero.
    pub(crate) fn add(&self, destination: &str) {
        for outcome in RelayOutcome::ALL {
            drop(self.attempts.get_or_create(&attempt(destination, outcome)));
        }
        self.stands(destination, 0, 0, 0);
        for reason in [PassedOverReason::When, PassedOverReason::Repeated] {
            self.passed_over(destination, reason, 0);
        }
        for reason in [PassedOverReason::Captured, PassedOverReason::Damaged, PassedOverReason::UnknownEndpoint] {
            self.passed_over("", reason, 0);
        }
    }

    /// So many messages were not relayed; `destination` is empty where that is not about one.
    pub(crate) fn passed_over(&self, destination: &str, reason: PassedOverReason, messages: u64) {
        let labels = PassedOverLabels { destination: destination.to_owned(), reason: reason.word() };
        self.passed_over.get_or_create(&labels).inc_by(messages);
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
