//! Metrics of the relay.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::Label;

#[derive(Debug, Default)]
pub(crate) struct RelayMetrics {
    attempts: Family<AttemptLabels, Counter>,
    waiting: Family<Label<String>, Gauge>,
    oldest_waiting: Family<Label<String>, Gauge>,
    dead_letters: Family<Label<String>, Gauge>,
    passed_over: Family<PassedOverLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    destination: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PassedOverLabels {
    destination: String,
    reason: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PassedOverReason {
    /// It does not match the destination's `when`.
    When,
    /// The destination received an equal body a few minutes before.
    Repeated,
    Captured,
    Damaged,
    /// No stored configuration has its endpoint.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RelayOutcome {
    Accepted,
    /// It will be retried.
    Again,
    /// It will be retried with a smaller message.
    TooLarge,
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
            "When the oldest waiting message was received; 0 if none waits",
            self.oldest_waiting.clone(),
        );
        registry.register("relay_dead_letters", "Messages that are dead letters", self.dead_letters.clone());
        registry.register(
            "relay_passed_over",
            "Messages that were not relayed, by destination and reason",
            self.passed_over.clone(),
        );
    }

    /// Creates the series of a destination at zero.
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

    /// Counts messages that were not relayed. `destination` is empty if the reason does not concern one.
    pub(crate) fn passed_over(&self, destination: &str, reason: PassedOverReason, messages: u64) {
        let labels = PassedOverLabels { destination: destination.to_owned(), reason: reason.word() };
        self.passed_over.get_or_create(&labels).inc_by(messages);
    }

    pub(crate) fn attempted(&self, destination: &str, outcome: RelayOutcome) {
        self.attempts.get_or_create(&attempt(destination, outcome)).inc();
    }

    /// Sets the number of messages that wait for a destination, the time of the oldest in seconds since 1970, and the number of
    /// dead letters.
    pub(crate) fn stands(&self, destination: &str, waiting: u64, oldest: i64, dead: u64) {
        let labels = [("destination", destination.to_owned())];
        self.waiting.get_or_create(&labels).set(waiting.cast_signed());
        self.oldest_waiting.get_or_create(&labels).set(oldest);
        self.dead_letters.get_or_create(&labels).set(dead.cast_signed());
    }
}

fn attempt(destination: &str, outcome: RelayOutcome) -> AttemptLabels {
    AttemptLabels { destination: destination.to_owned(), outcome: outcome.word() }
}
