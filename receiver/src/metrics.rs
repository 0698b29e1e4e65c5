//! What the receiver counts and measures, as Prometheus reads it (OpenMetrics text).
//!
//! A label is a name from the configuration or a word of this program, never anything that a client sent: strangers
//! cannot make series, and no value of a message or credential can get here. `docs/operations.md` lists them all; a test
//! holds that list to this code.

mod log;
mod process;
#[cfg(feature = "relay")]
mod relay;

use std::time::Duration;

use prometheus_client::{
    encoding::{
        EncodeLabelSet,
        text::{encode_eof, encode_registry},
    },
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};

#[cfg(feature = "relay")]
pub(crate) use self::relay::{PassedOverReason, RelayMetrics, RelayOutcome};
pub(crate) use self::{
    log::LogMetrics,
    process::{free_bytes, process},
};
use crate::rejection::Rejection;

/// What the names of the receiver's own metrics begin with.
pub(crate) const NAMESPACE: &str = "webhook_receiver";

/// Media type of [`Metrics::text`].
pub(crate) const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds in seconds, from one sync of a fast disk to the default deadlines.
const DURATIONS: [f64; 14] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// All counters, and the gauges that keep a state.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    // Taken out of their family, so that a request looks neither up.
    accepted: Histogram,
    refused: Histogram,
    body_bytes: Counter,
    failures: Family<FailureLabels, Counter>,
    configuration: Gauge,
    #[cfg(feature = "relay")]
    relay: std::sync::Arc<RelayMetrics>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    endpoint: String,
    verdict: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    reason: &'static str,
}

/// Why a connection never had a request that could be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionFailure {
    /// The TLS handshake failed or took too long.
    Tls,
    /// hyper could not read a head.
    Head,
    /// A new connection found no room, and another went for it.
    CrowdedOut,
}

/// A gauge's value, read when it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) name: String,
    pub(crate) help: &'static str,
    pub(crate) value: u64,
}

impl Metrics {
    /// Every series that can be foreseen is there from the start, at zero, so that its first increase is seen.
    pub(crate) fn new<'e>(endpoints: impl Iterator<Item = &'e str>, log: &LogMetrics) -> Self {
        let mut registry = Registry::with_prefix(NAMESPACE);
        registry.register("build", "The program's version", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        let requests = Family::<RequestLabels, Counter>::default();
        registry.register("requests", "Requests by endpoint and verdict", requests.clone());
        endpoints.for_each(|endpoint| foresee(&requests, endpoint));
        let durations = Family::<OutcomeLabels, Histogram>::new_with_constructor(|| Histogram::new(DURATIONS));
        registry.register("request_duration_seconds", "From a whole head to the answer", durations.clone());
        let body_bytes = Counter::default();
        registry.register("body_bytes", "Bytes of bodies that were read whole", body_bytes.clone());
        let failures = Family::<FailureLabels, Counter>::default();
        registry.register(
            "connection_failures",
            "Connections that ended before a request could be judged",
            failures.clone(),
        );
        for failure in [ConnectionFailure::Tls, ConnectionFailure::Head, ConnectionFailure::CrowdedOut] {
            drop(failures.get_or_create(&failure.labels()));
        }
        let configuration = Gauge::<i64>::default();
        configuration.set(1);
        registry.register(
            "configuration_ok",
            "1 while the configuration's files say what holds, 0 once they were refused",
            configuration.clone(),
        );
        log.register(&mut registry);
        #[cfg(feature = "relay")]
        let relay = std::sync::Arc::<RelayMetrics>::default();
        #[cfg(feature = "relay")]
        relay.register(&mut registry);
        Self {
            registry,
            requests,
            accepted: durations.get_or_create_owned(&OutcomeLabels { outcome: "accepted" }),
            refused: durations.get_or_create_owned(&OutcomeLabels { outcome: "refused" }),
            body_bytes,
            failures,
            configuration,
            #[cfg(feature = "relay")]
            relay,
        }
    }

    /// What the relay counts.
    #[cfg(feature = "relay")]
    pub(crate) fn relay(&self) -> std::sync::Arc<RelayMetrics> {
        self.relay.clone()
    }

    /// From now on this endpoint may have requests.
    pub(crate) fn foresee(&self, endpoint: &str) {
        foresee(&self.requests, endpoint);
    }

    /// A request was answered. Without an endpoint, its path had none.
    pub(crate) fn answered(
        &self,
        endpoint: Option<String>,
        verdict: &'static str,
        accepted: bool,
        size: Option<usize>,
        took: Duration,
    ) {
        let labels = RequestLabels { endpoint: endpoint.unwrap_or_default(), verdict };
        self.requests.get_or_create(&labels).inc();
        let durations = if accepted { &self.accepted } else { &self.refused };
        durations.observe(took.as_secs_f64());
        self.body_bytes.inc_by(size.unwrap_or_default() as u64);
    }

    /// A connection ended before a request could be judged.
    pub(crate) fn connection_failed(&self, failure: ConnectionFailure) {
        self.failures.get_or_create(&failure.labels()).inc();
    }

    /// The configuration was read again, and taken over or refused.
    pub(crate) fn configured(&self, taken_over: bool) {
        self.configuration.set(i64::from(taken_over));
    }

    /// Everything, with gauges that were read just now.
    pub(crate) fn text(&self, now: &[Reading]) -> String {
        let mut present = Registry::default();
        for reading in now {
            let gauge = Gauge::<i64>::default();
            gauge.set(i64::try_from(reading.value).unwrap_or(i64::MAX));
            present.register(reading.name.as_str(), reading.help, gauge);
        }
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)
            .and_then(|()| encode_registry(&mut text, &present))
            .and_then(|()| encode_eof(&mut text))
            .expect("a String takes everything");
        text
    }
}

/// Makes every series of an endpoint: the increase of one that begins at 1 is seen by nobody.
fn foresee(requests: &Family<RequestLabels, Counter>, endpoint: &str) {
    for verdict in ["accepted", "captured"].into_iter().chain(Rejection::CODES) {
        drop(requests.get_or_create(&RequestLabels { endpoint: endpoint.to_owned(), verdict }));
    }
}

impl ConnectionFailure {
    /// A stable word for programs and logs.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Tls => "tls-handshake",
            Self::Head => "unreadable-head",
            Self::CrowdedOut => "crowded-out",
        }
    }

    fn labels(self) -> FailureLabels {
        FailureLabels { reason: self.reason() }
    }
}
