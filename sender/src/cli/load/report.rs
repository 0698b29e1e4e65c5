//! The summary of a load, as tables for people or as one object for programs.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table, presets};
use http::StatusCode;

use super::super::{
    error::CliError,
    output::{self, Format, plural, say, size},
};
use crate::load::{Latency, Summary};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

pub(super) fn print(summary: &Summary, format: Format) -> Result<(), CliError> {
    let mut stdout = anstream::stdout().lock();
    if format == Format::Json {
        let object = serde_json::to_string(summary).map_err(|error| CliError::Output(error.into()))?;
        return say(writeln!(stdout, "{object}"));
    }
    say(write!(stdout, "{}", text(summary)))?;
    if let Some(tip) = tip(summary) {
        say(writeln!(stdout, "\n{}{tip}", output::TIP))?;
    }
    Ok(())
}

fn text(summary: &Summary) -> String {
    let mut text = headline(summary);
    if let Some(times) = times(summary) {
        text.push_str(&format!("\n{times}\n"));
    }
    text.push_str(&format!("\n{}\n", counts(summary)));
    let seed = summary.seed.map_or(String::new(), |seed| format!("; seed {seed}"));
    let bytes = |bytes| size(usize::try_from(bytes).unwrap_or(usize::MAX));
    text + &format!("\n{} sent, {} received{seed}\n", bytes(summary.sent_bytes), bytes(summary.received_bytes))
}

fn headline(summary: &Summary) -> String {
    let style = if summary.is_all_accepted() { GOOD } else { BAD };
    let styled = |words: String| format!("{style}{words}{style:#}");
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
    let mut table = table();
    table.add_row(["", "p50", "p90", "p99", "p99.9", "max", "mean"]);
    let row = |name: &str, latency: Latency| {
        let Latency { p50, p90, p99, p999, max, mean } = latency;
        let spans = [p50, p90, p99, p999, max].map(|time| span(time as f64));
        [name.to_owned()].into_iter().chain(spans).chain([span(mean)]).collect::<Vec<_>>()
    };
    table.add_row(row("latency", summary.latency_us?));
    // Without a schedule they are the same.
    if let Some(service) = summary.service_us.filter(|_| summary.wanted_rate.is_some()) {
        table.add_row(row("service", service));
    }
    align(&mut table);
    Some(table)
}

fn counts(summary: &Summary) -> Table {
    let mut table = table();
    for (status, count) in &summary.statuses {
        let reason = StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
        table.add_row([format!("{status} {}", reason.unwrap_or_default()).trim().to_owned(), count.to_string()]);
    }
    for (why, count) in &summary.failures {
        table.add_row([(*why).to_owned(), count.to_string()]);
    }
    for (what, count) in [("no answer by the end", summary.unfinished), ("due, not sent", summary.unsent)] {
        if count > 0 {
            table.add_row([what.to_owned(), count.to_string()]);
        }
    }
    if table.is_empty() {
        table.add_row(["nothing was sent", ""]);
    }
    align(&mut table);
    table
}

fn table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

/// Names to the left, numbers to the right.
fn align(table: &mut Table) {
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if index == 0 { 0 } else { 2 }, 0));
        column.set_cell_alignment(if index == 0 { CellAlignment::Left } else { CellAlignment::Right });
    }
}

fn tip(summary: &Summary) -> Option<&'static str> {
    if never_began(summary) {
        return Some("`webhook-sender send` with the same --to says more");
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

/// A time in microseconds, to three digits or so.
pub(super) fn span(microseconds: f64) -> String {
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
            assert_eq!(span(microseconds), expected);
        }
    }
}
