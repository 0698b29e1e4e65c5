//! The page of what the receiver does now and did in the last half hour.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::State, response::Response};
use console::format::{elapsed, size};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Inspected,
    chart::{Chart, Series},
    endpoints::{EndpointStatus, silent},
    history::{DestinationGauges, MINUTE, Point, Reading, points},
    page::{Section, page},
};
use crate::redact::one_line;

/// Maximum number of intervals in a chart.
const MAX_CHART_POINTS: usize = 121;

const CHARTS: [Chart<'static>; 6] = [
    Chart {
        title: "Requests per second",
        series: &[
            Series { name: "accepted", value: |point| Some(point.accepted_per_second) },
            Series { name: "refused", value: |point| Some(point.refused_per_second) },
        ],
        format: rate,
    },
    Chart {
        title: "Time to accept a message",
        series: &[
            Series { name: "median", value: |point| point.median_seconds },
            Series { name: "99th percentile", value: |point| point.p99_seconds },
        ],
        format: seconds,
    },
    Chart {
        title: "Queue, not durable yet",
        series: &[Series { name: "queue", value: |point| Some(point.gauges.queue_bytes as f64) }],
        format: bytes,
    },
    Chart {
        title: "Lag of index and relay",
        series: &[
            Series { name: "index", value: |point| Some(point.gauges.index_lag_bytes as f64) },
            Series { name: "relay", value: |point| point.gauges.relay_lag_bytes.map(|bytes| bytes as f64) },
        ],
        format: bytes,
    },
    Chart {
        title: "Size on disk",
        series: &[
            Series { name: "log", value: |point| point.gauges.log_bytes.map(|bytes| bytes as f64) },
            Series { name: "index", value: |point| point.gauges.index_bytes.map(|bytes| bytes as f64) },
        ],
        format: bytes,
    },
    Chart {
        title: "Free disk space",
        series: &[Series { name: "free", value: |point| point.gauges.free_bytes.map(|bytes| bytes as f64) }],
        format: bytes,
    },
];

pub(super) async fn show(State(inspected): State<Arc<Inspected>>) -> Response {
    let read = |inspected: &Inspected| (inspected.history.until_now(), inspected.endpoints());
    let (readings, statuses) = inspected.read(read).await;
    let (first, last) = (&readings[0], &readings[readings.len() - 1]);
    let charted = points(&readings, readings.len().div_ceil(MAX_CHART_POINTS));
    let content = html! {
        p.quiet {
            "The last half hour, or since the start if that is less, up to "
            time datetime=(last.at) { (format!("{:.0}", last.at)) } ". Reload the page for newer figures."
        }
        div.charts { @for chart in &CHARTS { (chart.draw(&charted)) } }
        (by_minute(&points(&readings, MINUTE)))
        @match &statuses {
            Ok(statuses) => (endpoints(statuses)),
            Err(problem) => p { (problem.title) ". " (problem.advice) },
        }
        (verdicts(first, last))
        (destinations(&last.destinations))
    };
    page(Section::Overview, "Overview", &content)
}

/// The numbers of all charts.
fn by_minute(points: &[Point]) -> Markup {
    html! {
        details {
            summary { "Numbers by minute" }
            div.wide tabindex="0" role="region" aria-label="Numbers by minute" {
                table {
                    thead {
                        tr {
                            th rowspan="2" scope="col" { "Until" }
                            @for chart in &CHARTS { th colspan=(chart.series.len()) scope="colgroup" { (chart.title) } }
                        }
                        tr { @for line in CHARTS.iter().flat_map(|chart| chart.series) { th.number scope="col" { (line.name) } } }
                    }
                    tbody {
                        @for point in points.iter().rev() {
                            tr {
                                th scope="row" { time datetime=(point.at) { (point.at.strftime("%H:%M:%S")) } }
                                @for chart in &CHARTS {
                                    @for line in chart.series {
                                        td.number { ((line.value)(point).map_or_else(|| "–".to_owned(), chart.format)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// When something last arrived for each endpoint, and the usual reasons where nothing did.
fn endpoints(statuses: &[EndpointStatus]) -> Markup {
    let time_of = |at: Option<Timestamp>| {
        html! { @match at { Some(at) => time datetime=(at) { (format!("{at:.0}")) }, None => "–" } }
    };
    html! {
        section {
            h2 { "Endpoints" }
            table.rows {
                thead { tr {
                    th scope="col" { "Endpoint" }
                    th scope="col" { "Path" }
                    th scope="col" { "Last message" }
                    th scope="col" { "Last refused" }
                } }
                tbody { @for status in statuses { tr {
                    td data-label="Endpoint" { (one_line(&status.name)) @if status.captures { " (capturing)" } }
                    td data-label="Path" { (one_line(&status.path)) }
                    td data-label="Last message" { (time_of(status.last_message)) }
                    td data-label="Last refused" { (time_of(status.last_refused)) }
                } } }
            }
            (silent(statuses))
        }
    }
}

fn verdicts(first: &Reading, last: &Reading) -> Markup {
    let before = |verdict: &str| first.verdicts.get(verdict).copied().unwrap_or_default();
    let rows: Vec<(&str, u64, u64)> =
        last.verdicts.iter().map(|(verdict, count)| (verdict.as_str(), count - before(verdict), *count)).collect();
    let most = rows.iter().map(|(_, lately, _)| *lately).max().unwrap_or_default().max(1);
    html! {
        section {
            h2 { "Verdicts" }
            @if rows.is_empty() {
                p { "No requests since the start." }
            } @else {
                table {
                    thead { tr {
                        th scope="col" { "Verdict" }
                        th.number scope="col" { "Last half hour" }
                        th.number scope="col" { "Since the start" }
                        th.bars scope="col" aria-hidden="true" {}
                    } }
                    tbody { @for (verdict, lately, total) in rows { tr {
                        th scope="row" { (verdict) }
                        td.number { (lately) }
                        td.number { (total) }
                        td.bars aria-hidden="true" { (bar(lately as f64 / most as f64)) }
                    } } }
                }
            }
        }
    }
}

/// A horizontal bar of this part of its full length.
fn bar(part: f64) -> Markup {
    html! {
        svg.bar viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
            rect width=(format!("{:.1}", part * 100.0)) height="8" {}
        }
    }
}

fn destinations(destinations: &BTreeMap<String, DestinationGauges>) -> Markup {
    html! {
        @if !destinations.is_empty() {
            section {
                h2 { "Relay destinations" }
                table {
                    thead { tr {
                        th scope="col" { "Destination" }
                        th.number scope="col" { "Waiting" }
                        th scope="col" { "Oldest received" }
                        th.number scope="col" { "Dead letters" }
                    } }
                    tbody { @for (name, gauges) in destinations { tr {
                        th scope="row" { (one_line(name)) }
                        td.number { (gauges.waiting) }
                        td { @match gauges.oldest_waiting {
                            Some(at) => time datetime=(at) { (format!("{at:.0}")) },
                            None => "–",
                        } }
                        td.number { (gauges.dead_letters) }
                    } } }
                }
            }
        }
    }
}

fn rate(per_second: f64) -> String {
    match per_second {
        0.0 => "0".to_owned(),
        _ if per_second < 10.0 => format!("{per_second:.2}"),
        _ => format!("{per_second:.0}"),
    }
}

fn seconds(seconds: f64) -> String {
    if seconds < 0.01 {
        format!("{:.2} ms", seconds * 1e3)
    } else {
        elapsed(std::time::Duration::from_secs_f64(seconds))
    }
}

fn bytes(bytes: f64) -> String {
    match bytes {
        1e9.. => format!("{:.1} GB", bytes / 1e9),
        _ => size(bytes as u64),
    }
}
