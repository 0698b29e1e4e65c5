//! The summary of a load, as tables for people or as one object for programs.

use anstyle::{AnsiColor, Style};
use console::{
    OutputFormat, Table,
    format::{plural, size},
    output::{TIP, write_json, write_stdout},
};
use http::StatusCode;

use super::super::error::CliError;
use crate::load::{Latency, Summary};

const GOOD_STYLE: Style = AnsiColor::Green.on_default().bold();
const BAD_STYLE: Style = AnsiColor::Red.on_default().bold();

pub(super) fn print(summary: &Summary, format: OutputFormat) -> Result<(), CliError> {
    if format == OutputFormat::Json {
        return Ok(write_json(&serde_json::to_string(summary).map_err(CliError::json)?)?);
    }
    let advice = advice(summary).map_or_else(String::new, |advice| format!("\n{TIP} {advice}\n"));
    Ok(write_stdout(&(text(summary) + &advice))?)
}

fn text(summary: &Summary) -> String {
    let mut text = headline(summary);
    if let Some(times) = times(summary) {
        text.push_str(&format!("\n{times}\n"));
    }
    text.push_str(&format!("\n{}\n", counts(summary)));
    let seed = summary.seed.map_or(String::new(), |seed| format!("; seed {seed}"));
    text + &format!("\n{} sent, {} received{seed}\n", size(summary.sent_bytes), size(summary.received_bytes))
}

fn headline(summary: &Summary) -> String {
    let style = if summary.is_all_accepted() { GOOD_STYLE } else { BAD_STYLE };
    let styled = |text: String| format!("{style}{text}{style:#}");
    let connections = plural(summary.connections as u64, "connection");
    let (seconds, url) = (summary.duration_ms as f64 / 1e3, &summary.url);
    if never_began(summary) {
        return format!("{}: {connections} to {url}\n", styled("no connection could be opened".to_owned()));
    }
    let wanted = summary.wanted_rate.map_or(String::new(), |rate| format!(" ({} wanted)", per_second(rate)));
    let early = if summary.interrupted { ", ended early" } else { "" };
    let answers = styled(format!("{} answered", per_second(summary.achieved_rate)));
    format!("{answers}{wanted}, {seconds:.1} s{early}: {connections} to {url}\n")
}

fn never_began(summary: &Summary) -> bool {
    summary.duration_ms == 0 && !summary.interrupted
}

fn times(summary: &Summary) -> Option<Table> {
    let mut table = Table::new();
    table.row(["", "p50", "p90", "p99", "p99.9", "max", "mean"]);
    let row = |name: &str, latency: Latency| {
        let Latency { p50, p90, p99, p999, max, mean } = latency;
        let spans = [p50, p90, p99, p999, max].map(|time| latency_text(time as f64));
        [name.to_owned()].into_iter().chain(spans).chain([latency_text(mean)]).collect::<Vec<_>>()
    };
    table.row(row("latency", summary.latency_us?));
    // Without a schedule they are the same.
    if let Some(service) = summary.service_us.filter(|_| summary.wanted_rate.is_some()) {
        table.row(row("service", service));
    }
    Some(table.align_right(&[1, 2, 3, 4, 5, 6]))
}

fn counts(summary: &Summary) -> Table {
    let mut table = Table::new();
    for (status, count) in &summary.statuses {
        let reason = StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
        table.row([format!("{status} {}", reason.unwrap_or_default()).trim().to_owned(), count.to_string()]);
    }
    for (why, count) in &summary.failures {
        table.row([(*why).to_owned(), count.to_string()]);
    }
    for (what, count) in [("no answer by the end", summary.unfinished), ("due, not sent", summary.unsent)] {
        if count > 0 {
            table.row([what.to_owned(), count.to_string()]);
        }
    }
    if table.is_empty() {
        table.row(["nothing was sent", ""]);
    }
    table.align_right(&[1])
}

fn advice(summary: &Summary) -> Option<&'static str> {
    if never_began(summary) {
        return Some("`webhook-sender send` with the same --to shows why");
    }
    if summary.unsent > 0 && !summary.interrupted {
        return Some("the endpoint did not keep up over these connections; lower --rate, or raise --connections");
    }
    let worse = summary.answered < summary.unanswered || summary.accepted < summary.answered;
    worse.then_some("`webhook-sender send` with the same --to and credentials shows one answer in full")
}

fn per_second(rate: f64) -> String {
    if rate < 100.0 { format!("{rate:.1}/s") } else { format!("{rate:.0}/s") }
}

/// A latency in microseconds, to about three digits.
pub(super) fn latency_text(microseconds: f64) -> String {
    let milliseconds = microseconds / 1e3;
    if milliseconds < 10.0 {
        format!("{milliseconds:.2} ms")
    } else if milliseconds < 100.0 {
        format!("{milliseconds:.1} ms")
    } else if milliseconds < 10_000.0 {
        format!("{milliseconds:.0} ms")
    } else {
        format!("{:.1} s", milliseconds / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        for (microseconds, expected) in [
            (1.0, "0.00 ms"),
            (214.0, "0.21 ms"),
            (9_994.0, "9.99 ms"),
            (42_137.0, "42.1 ms"),
            (1_234_567.0, "1235 ms"),
            (30_001_000.0, "30.0 s"),
        ] {
            assert_eq!(latency_text(microseconds), expected);
        }
    }
}
