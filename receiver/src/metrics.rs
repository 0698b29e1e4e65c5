//! The receiver's metrics, as OpenMetrics text for Prometheus.
//!
//! Labels are names from the configuration or words of this program, never anything that a client sent: no client can create
//! a series, and no value of a message or credential can get here. `docs/operations.md` lists all metrics; a test compares
//! the list with this code.

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
use crate::ingest::{Handled, Rejection};

/// Prefix of the names of the receiver's own metrics.
pub(crate) const METRICS_NAMESPACE: &str = "webhook_receiver";

/// Media type of [`Metrics::render`].
pub(crate) const OPENMETRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of buckets, from one sync of a fast disk to the default deadlines.
const DURATION_BUCKETS_SECONDS: [f64; 14] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// All counters, and the gauges that keep a value.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    // Taken out of their family, so a request needs no lookup.
    accepted: Histogram,
    refused: Histogram,
    body_bytes: Counter,
    failures: Family<Label<&'static str>, Counter>,
    configuration: Gauge,
    dropped_refusals: Counter,
    #[cfg(feature = "relay")]
    relay: std::sync::Arc<RelayMetrics>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    endpoint: String,
    verdict: &'static str,
}

/// A set of one label.
type Label<V> = [(&'static str, V); 1];

/// Why a connection ended before a request reached an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionFailure {
    /// The TLS handshake failed or took too long.
    TlsHandshake,
    UnreadableHead,
    /// A limit was reached, and the connection was closed for others.
    Evicted,
}

/// A gauge that is read when the metrics are rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GaugeValue {
    pub(crate) name: String,
    pub(crate) help: &'static str,
    pub(crate) value: u64,
}

impl Metrics {
    /// Every series that is known at the start begins at zero, so Prometheus sees its first increase.
    pub(crate) fn new<'e>(endpoints: impl Iterator<Item = &'e str>, log: &LogMetrics) -> Self {
        let mut registry = Registry::with_prefix(METRICS_NAMESPACE);
        registry.register("build", "The program's version", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        let requests = Family::<RequestLabels, Counter>::default();
        registry.register("requests", "Requests by endpoint and verdict", requests.clone());
        endpoints.for_each(|endpoint| create_series(&requests, endpoint));
        let durations = Family::<Label<_>, _>::new_with_constructor(|| Histogram::new(DURATION_BUCKETS_SECONDS));
        registry.register("request_duration_seconds", "From a complete head to the answer", durations.clone());
        let body_bytes = Counter::default();
        registry.register("body_bytes", "Bytes of bodies that were read completely", body_bytes.clone());
        let failures = Family::<Label<_>, Counter>::default();
        registry.register(
            "connection_failures",
            "Connections that ended before a request was complete",
            failures.clone(),
        );
        for failure in ConnectionFailure::ALL {
            drop(failures.get_or_create(&[("reason", failure.reason())]));
        }
        let configuration = Gauge::<i64>::default();
        configuration.set(1);
        registry.register(
            "configuration_ok",
            "1 while the configuration files are in force, 0 once changed ones were refused",
            configuration.clone(),
        );
        let dropped_refusals = Counter::default();
        registry.register(
            "refused_requests_dropped",
            "Refused requests that `refused` does not list because too many came at once",
            dropped_refusals.clone(),
        );
        log.register(&mut registry);
        #[cfg(feature = "relay")]
        let relay = std::sync::Arc::<RelayMetrics>::default();
        #[cfg(feature = "relay")]
        relay.register(&mut registry);
        Self {
            registry,
            requests,
            accepted: durations.get_or_create_owned(&[("outcome", "accepted")]),
            refused: durations.get_or_create_owned(&[("outcome", "refused")]),
            body_bytes,
            failures,
            configuration,
            dropped_refusals,
            #[cfg(feature = "relay")]
            relay,
        }
    }

    #[cfg(feature = "relay")]
    pub(crate) fn relay(&self) -> std::sync::Arc<RelayMetrics> {
        self.relay.clone()
    }

    /// Counts the refused requests that are not recorded.
    pub(crate) fn dropped_refusals(&self) -> Counter {
        self.dropped_refusals.clone()
    }

    pub(crate) fn add_endpoint(&self, endpoint: &str) {
        create_series(&self.requests, endpoint);
    }

    /// Counts an answered request. The label `endpoint` is empty if its path has none.
    pub(crate) fn answered(&self, handled: &Handled, duration: Duration) {
        let endpoint = handled.endpoint.as_ref().map(|endpoint| endpoint.name.clone()).unwrap_or_default();
        self.requests.get_or_create(&RequestLabels { endpoint, verdict: handled.verdict() }).inc();
        let durations = if handled.result.is_ok() { &self.accepted } else { &self.refused };
        durations.observe(duration.as_secs_f64());
        self.body_bytes.inc_by(handled.size.unwrap_or_default() as u64);
    }

    pub(crate) fn connection_failed(&self, failure: ConnectionFailure) {
        self.failures.get_or_create(&[("reason", failure.reason())]).inc();
    }

    pub(crate) fn set_configuration_ok(&self, is_ok: bool) {
        self.configuration.set(i64::from(is_ok));
    }

    /// All metrics as text, with gauges that were read just now.
    pub(crate) fn render(&self, gauges: &[GaugeValue]) -> String {
        let mut present = Registry::default();
        for gauge_value in gauges {
            let gauge = Gauge::<i64>::default();
            gauge.set(i64::try_from(gauge_value.value).unwrap_or(i64::MAX));
            present.register(gauge_value.name.as_str(), gauge_value.help, gauge);
        }
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)
            .and_then(|()| encode_registry(&mut text, &present))
            .and_then(|()| encode_eof(&mut text))
            .expect("a String takes everything");
        text
    }
}

/// Creates every series of an endpoint at zero: Prometheus does not see the increase of one that begins at 1.
fn create_series(requests: &Family<RequestLabels, Counter>, endpoint: &str) {
    for verdict in ["accepted", "captured"].into_iter().chain(Rejection::CODES.iter().copied()) {
        drop(requests.get_or_create(&RequestLabels { endpoint: endpoint.to_owned(), verdict }));
    }
}

impl ConnectionFailure {
    const ALL: [Self; 3] = [Self::TlsHandshake, Self::UnreadableHead, Self::Evicted];

    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::TlsHandshake => "tls-handshake",
            Self::UnreadableHead => "unreadable-head",
            Self::Evicted => "crowded-out",
        }
    }
}
