//! The report for people: what to do first, then a block for each failing clause with one case in full and the numbers of
//! the others. It has fewer than 120 lines however many cases fail; `verbose` shows everything. It needs at least 60 columns
//! and no colours.

mod page;
mod summary;

use std::fmt::{self, Write as _};

use schemas::{
    log_command::{self, Notation},
    text::{collapse, escape},
};

pub use self::page::Layout;
use self::page::{BOLD, CYAN, DIM, GREEN, PLAIN, Page, RED, YELLOW};
use super::{
    CaseOutcome, CaseResult, Failure, Grade, OutcomeCounts, Report, decides,
    group::{self, Area, ClauseResults, ReasonGroup},
};
use crate::curl::is_command_line;

/// Maximum number of lines of a report that is not verbose.
const LINES_MAX: usize = 119;
/// Lines reserved for the list of what is not shown.
const LINES_OF_REST: usize = 10;
/// Maximum number of lines of each list of cases without a verdict.
const LINES_OF_LIST_MAX: usize = 14;
/// Maximum number of lines of notices.
const LINES_OF_NOTICES_MAX: usize = 20;
/// Maximum number of lines of raw bytes.
const LINES_OF_BYTES_MAX: usize = 10;

/// Renders the report with the escape sequences of its colours; strip them for output without colour.
pub fn render(report: &Report, layout: Layout) -> String {
    // Writing to a String does not fail.
    let text = write(report, layout).unwrap_or_default();
    log_command::escape(&text, Notation::Text).into_owned()
}

fn write(report: &Report, layout: Layout) -> Result<String, fmt::Error> {
    let (mut head, mut tail) = (Page::new(report, layout), Page::new(report, layout));
    writeln!(head.text, "{BOLD}{}{BOLD:#}", collapse(&report.subject.url))?;
    head.wrapped("", "", DIM, &collapse(&group::facts(report)))?;
    head.summary(report)?;
    head.notices(report)?;
    head.areas(report)?;

    if let Some(variables) = group::variables(report) {
        tail.text.push('\n');
        tail.wrapped("", "", DIM, variables)?;
    }
    tail.grouped("Known failures", group::known(report))?;
    tail.grouped("Throttled", group::throttled(report))?;
    tail.grouped("Skipped", group::skipped(report))?;
    tail.close(report)?;

    let taken = head.text.lines().count() + tail.text.lines().count() + LINES_OF_REST;
    let blocks = Page::new(report, layout).clauses(report, LINES_MAX.saturating_sub(taken))?;
    Ok([head.text, blocks, tail.text].concat())
}

impl Page {
    fn notices(&mut self, report: &Report) -> fmt::Result {
        let mut notices = self.like();
        for notice in &report.notices {
            notices.text.push('\n');
            notices.wrapped(&format!("{YELLOW}!{YELLOW:#} "), "  ", PLAIN, &collapse(notice))?;
        }
        self.push_lines(&notices.text, LINES_OF_NOTICES_MAX)
    }

    fn areas(&mut self, report: &Report) -> fmt::Result {
        for (number, area) in Area::all(report).iter().enumerate() {
            if self.verbose || number == 0 {
                self.text.push('\n');
            }
            self.area(area)?;
        }
        Ok(())
    }

    /// A line with the counts of an area, and with `verbose` a line for each case.
    fn area(&mut self, area: &Area<'_>) -> fmt::Result {
        let counts = OutcomeCounts::of(area.results());
        let fails = |result: &CaseResult| decides(result.level, self.strict) && result.failure().is_some();
        let (style, sign) = match counts {
            _ if area.results().any(fails) => (RED, "✗"),
            OutcomeCounts { failed: 0, throttled: 1.., .. } => (YELLOW, "?"),
            OutcomeCounts { failed: 0, passed: 0, .. } => (DIM, "-"),
            OutcomeCounts { failed: 0, .. } => (GREEN, "✓"),
            _ => (YELLOW, "✗"),
        };
        writeln!(self.text, "{style}{sign}{style:#} {:<16}{}", area.name, self.counts(counts, style))?;
        if self.verbose {
            for result in area.results() {
                self.case(result)?;
            }
        }
        Ok(())
    }

    fn case(&mut self, result: &CaseResult) -> fmt::Result {
        let took = || group::took(result).map(|took| format!("  {took}")).unwrap_or_default();
        let (style, sign, then) = match &result.outcome {
            CaseOutcome::Passed => (GREEN, "✓", took()),
            CaseOutcome::Failed(_) => (self.failed(result.level), "✗", took()),
            CaseOutcome::Known(_) => (DIM, "✗", "  known".to_owned()),
            CaseOutcome::Throttled { .. } => (YELLOW, "?", "  throttled".to_owned()),
            CaseOutcome::Skipped { .. } => (DIM, "-", "  skipped".to_owned()),
        };
        let CaseResult { clause, .. } = result;
        let (id, title) = (collapse(&result.id), collapse(&result.title));
        writeln!(self.text, "  {style}{sign}{style:#} {id:<16} {DIM}{clause:<8}{DIM:#} {title}{DIM}{then}{DIM:#}")
    }

    /// A block for each failing clause, as many as fit, and the numbers of the rest.
    fn clauses(mut self, report: &Report, lines_max: usize) -> Result<String, fmt::Error> {
        let mut rest = Vec::new();
        for clause in group::broken(report) {
            let mut block = self.like();
            block.clause(&clause)?;
            let lines = self.text.lines().count() + block.text.lines().count();
            if self.verbose || lines <= lines_max { self.text.push_str(&block.text) } else { rest.push(clause) }
        }
        if !rest.is_empty() {
            let named = rest.iter().map(|clause| match clause.failed().count() {
                1 => clause.failed().map(|(result, _)| collapse(&result.id)).collect(),
                count => format!("{} ({count} cases)", clause.clause.id),
            });
            let named = named.collect::<Vec<String>>().join(", ");
            let mut list = self.like();
            list.text.push('\n');
            list.wrapped(&format!("{BOLD}Also failing:{BOLD:#} "), "  ", PLAIN, &named)?;
            self.push_lines(&list.text, LINES_OF_REST - 3)?;
            self.wrapped(
                "  ",
                "  ",
                DIM,
                "--verbose shows them in full; `webhook-contract explain ID` explains a case or clause.",
            )?;
        }
        Ok(self.text)
    }

    /// A failing clause: its text, then the first case that shows it, or with `verbose` all of them.
    fn clause(&mut self, broken: &ClauseResults<'_>) -> fmt::Result {
        let clause = broken.clause;
        self.heading(self.failed(clause.level), &format!("{} · {} · {}", clause.id, clause.level, clause.title))?;
        self.wrapped("", "", PLAIN, clause.text)?;
        if self.verbose {
            self.wrapped(&format!("{DIM}Source:{DIM:#} "), "        ", DIM, clause.source)?;
        }
        let mut failed = broken.failed();
        let shown = if self.verbose { usize::MAX } else { 1 };
        for (result, failure) in failed.by_ref().take(shown) {
            self.failure(result, failure)?;
        }
        let others: Vec<String> = failed.map(|(result, _)| collapse(&result.id)).collect();
        let style = self.failed(clause.level);
        match others.as_slice() {
            [] => Ok(()),
            others => {
                let named = group::joined(others);
                self.wrapped(&format!("  {style}✗{style:#} also "), "    ", PLAIN, &named)
            }
        }
    }

    fn failure(&mut self, result: &CaseResult, failure: &Failure) -> fmt::Result {
        let style = self.failed(result.level);
        self.text.push('\n');
        let id = format!("{style}✗{style:#} {BOLD}{}{BOLD:#}  ", collapse(&result.id));
        let took = group::took(result).map(|took| format!(" ({took})")).unwrap_or_default();
        let title = format!("{}{took}", collapse(&result.title));
        self.wrapped(&id, "  ", PLAIN, &title)?;
        for (label, line) in group::lines(result, failure) {
            let style = match label {
                "Expected" => GREEN,
                "Got" | "Cause" | "Then" => style,
                "Fix" | "Hint" => CYAN,
                _ => DIM,
            };
            self.labelled(&label.to_lowercase(), style, &line)?;
        }
        let request = escape(&failure.request);
        if is_command_line(&request) {
            writeln!(self.text, "    {DIM}request{DIM:#}")?;
            for line in request.lines() {
                writeln!(self.text, "      {line}")?;
            }
            return Ok(());
        }
        let lines: Vec<&str> = request.lines().collect();
        if lines.len() < 2 {
            return self.labelled("request", DIM, &request);
        }
        writeln!(self.text, "    {DIM}request, as raw bytes{DIM:#}")?;
        let shown = if self.verbose { lines.len() } else { LINES_OF_BYTES_MAX.min(lines.len()) };
        for line in &lines[..shown] {
            // A body is one long line; its beginning identifies it.
            let width = if self.verbose { usize::MAX } else { 2 * self.columns };
            let cut: String = line.chars().take(width).collect();
            let dots = if cut.len() < line.len() { " ..." } else { "" };
            writeln!(self.text, "      {cut}{dots}")?;
        }
        if shown < lines.len() {
            writeln!(self.text, "      ... {} more lines", lines.len() - shown)?;
        }
        Ok(())
    }

    /// Cases without a verdict, or known to fail, by reason.
    fn grouped(&mut self, heading: &str, groups: Vec<ReasonGroup<'_>>) -> fmt::Result {
        if groups.is_empty() {
            return Ok(());
        }
        let mut list = self.like();
        writeln!(list.text, "\n{BOLD}{heading}{BOLD:#}")?;
        for group in groups {
            let count = format!("{DIM}{:>4}{DIM:#}  ", group.cases.len());
            list.wrapped(&count, "      ", PLAIN, &collapse(group.reason))?;
            let until = group.cases.iter().find_map(|case| group::until(case));
            let until = until.map(|until| format!(" ({until})")).unwrap_or_default();
            list.wrapped("      ", "      ", DIM, &collapse(&format!("{}{until}", group.named())))?;
        }
        self.push_lines(&list.text, LINES_OF_LIST_MAX)
    }

    /// The counts by level, and the verdict.
    fn close(&mut self, report: &Report) -> fmt::Result {
        self.text.push('\n');
        for (level, counts) in group::levels(report) {
            writeln!(self.text, "{level:<18}{}", self.counts(counts, self.failed(level)))?;
        }
        if !report.results.is_empty() {
            self.text.push('\n');
        }
        let verdict = report.verdict(self.strict);
        let (style, sign) = match verdict.grade {
            Grade::Clean => (GREEN, "✓"),
            Grade::Holds => (YELLOW, "✓"),
            Grade::Broken | Grade::Unfinished | Grade::Untested => (RED, "✗"),
        };
        self.wrapped(&format!("{style}{sign}{style:#} "), "  ", style.bold(), &collapse(&verdict.words))
    }
}
