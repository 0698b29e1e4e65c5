//! The report for people at a terminal.

use std::fmt::Write as _;

use super::{CaseOutcome, Report};

/// How the report is laid out and judged.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Width of the page in columns.
    pub columns: usize,
    /// Whether the cases that passed are listed, too.
    pub verbose: bool,
    /// Whether a SHOULD that fails counts.
    pub strict: bool,
}

/// Renders the report, with the escape sequences of its colours; strip them where there is no colour.
pub fn render(report: &Report, layout: Layout) -> String {
    let mut text = report.notices.iter().map(|notice| format!("{notice}\n")).collect::<String>();
    for result in &report.results {
        let word = match &result.outcome {
            CaseOutcome::Passed if layout.verbose => "passed",
            CaseOutcome::Passed => continue,
            CaseOutcome::Failed(_) => "FAILED",
            CaseOutcome::Skipped { .. } => "skipped",
        };
        // Writing to a String does not fail.
        let _ = writeln!(text, "{word:<8} {} {}", result.id, result.title);
    }
    text
}
