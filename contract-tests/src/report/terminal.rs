//! The report for people: quiet for what passed, and for each failure the request to paste, what was expected and why,
//! what came and how to mend it. Made for 60 columns and more; without its colours it says the same.

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};
use schemas::{
    Level,
    log_command::{self, Notation},
};
use textwrap::{Options, WordSplitter, core::display_width};

use super::{
    CaseOutcome, CaseResult, Failure, Grade, Report, Tally, decides,
    group::{self, Area, ClauseResults, Reasoned},
    harmless::{harmless, one_line},
};

const PLAIN: Style = Style::new();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();

/// The widest that sentences become; `curl` lines are never broken.
const SENTENCE: usize = 100;

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
    let mut page = Page {
        text: String::new(),
        columns: layout.columns.max(60),
        strict: layout.strict,
        has_throttled: !group::throttled(report).is_empty(),
    };
    // Writing to a String does not fail.
    let _ = page.report(report, layout.verbose);
    log_command::escape(&page.text, Notation::Text).into_owned()
}

struct Page {
    text: String,
    columns: usize,
    strict: bool,
    /// Whether the counts have a column for throttled cases; most runs have none.
    has_throttled: bool,
}

impl Page {
    fn report(&mut self, report: &Report, verbose: bool) -> fmt::Result {
        writeln!(self.text, "{BOLD}{}{BOLD:#}", one_line(&report.subject.url))?;
        self.wrapped("", "", DIM, &one_line(&group::facts(report)))?;
        for notice in &report.notices {
            self.text.push('\n');
            self.wrapped(&format!("{YELLOW}!{YELLOW:#} "), "  ", PLAIN, &one_line(notice))?;
        }
        let areas = Area::all(report);
        for (number, area) in areas.iter().enumerate() {
            if verbose || number == 0 {
                self.text.push('\n');
            }
            self.area(area, verbose)?;
        }
        for clause in group::broken(report) {
            self.clause(&clause)?;
        }
        if let Some(variables) = group::variables(report) {
            self.text.push('\n');
            self.wrapped("", "", DIM, variables)?;
        }
        self.grouped("Throttled", group::throttled(report))?;
        self.grouped("Skipped", group::skipped(report))?;
        self.close(report)
    }

    /// A line with the counts of an area, and with `verbose` a line a case.
    fn area(&mut self, area: &Area<'_>, verbose: bool) -> fmt::Result {
        let tally = Tally::of(area.results());
        let fails = |result: &CaseResult| decides(result.level, self.strict) && result.failure().is_some();
        let (style, sign) = match tally {
            _ if area.results().any(fails) => (RED, "✗"),
            Tally { failed: 0, throttled: 1.., .. } => (YELLOW, "?"),
            Tally { failed: 0, passed: 0, .. } => (DIM, "-"),
            Tally { failed: 0, .. } => (GREEN, "✓"),
            _ => (YELLOW, "✗"),
        };
        writeln!(self.text, "{style}{sign}{style:#} {:<16}{}", area.name, self.counts(tally, style))?;
        if verbose {
            for result in area.results() {
                self.case(result)?;
            }
        }
        Ok(())
    }

    fn case(&mut self, result: &CaseResult) -> fmt::Result {
        let (style, sign) = match &result.outcome {
            CaseOutcome::Passed => (GREEN, "✓"),
            CaseOutcome::Failed(_) => (self.failed(result.level), "✗"),
            CaseOutcome::Throttled { .. } => (YELLOW, "?"),
            CaseOutcome::Skipped { .. } => (DIM, "-"),
        };
        let took = match result.outcome {
            CaseOutcome::Throttled { .. } => "  throttled".to_owned(),
            CaseOutcome::Skipped { .. } => "  skipped".to_owned(),
            CaseOutcome::Passed | CaseOutcome::Failed(_) => {
                group::took(result).map(|took| format!("  {took}")).unwrap_or_default()
            }
        };
        let CaseResult { clause, .. } = result;
        let (id, title) = (one_line(&result.id), one_line(&result.title));
        writeln!(self.text, "  {style}{sign}{style:#} {id:<16} {DIM}{clause:<8}{DIM:#} {title}{DIM}{took}{DIM:#}")
    }

    /// A broken clause: what it says and why, then each case that shows it.
    fn clause(&mut self, broken: &ClauseResults<'_>) -> fmt::Result {
        let clause = broken.clause;
        let style = self.failed(clause.level);
        let heading = format!("{} · {} · {}", clause.id, clause.level, clause.title);
        let line = "─".repeat(self.columns.min(SENTENCE).saturating_sub(display_width(&heading) + 4));
        writeln!(self.text, "\n{style}── {BOLD}{heading}{BOLD:#} {style}{line}{style:#}")?;
        self.wrapped("", "", PLAIN, clause.text)?;
        if let Some(why) = clause.why {
            self.wrapped("Why: ", "     ", PLAIN, why)?;
        }
        self.wrapped(&format!("{DIM}Source:{DIM:#} "), "        ", DIM, clause.source)?;
        for (result, failure) in broken.failed() {
            self.failure(result, failure)?;
        }
        Ok(())
    }

    fn failure(&mut self, result: &CaseResult, failure: &Failure) -> fmt::Result {
        let style = self.failed(result.level);
        let Failure { request, expected, came, mend, cause } = failure;
        self.text.push('\n');
        let id = format!("{style}✗{style:#} {BOLD}{}{BOLD:#}  ", one_line(&result.id));
        let took = group::took(result).map(|took| format!(" ({took})")).unwrap_or_default();
        let title = format!("{}{took}", one_line(&result.title));
        self.wrapped(&id, "  ", PLAIN, &title)?;
        self.labelled("expected", GREEN, expected)?;
        self.labelled("came", style, came)?;
        if let Some(cause) = cause {
            self.labelled("cause", style, cause)?;
        }
        if let Some(outage) = group::outage(result) {
            self.labelled("then", style, &outage)?;
        }
        self.labelled("mend", CYAN, mend)?;
        if request.starts_with("curl ") {
            writeln!(self.text, "    {DIM}request{DIM:#}")?;
            for line in harmless(request).lines() {
                writeln!(self.text, "      {line}")?;
            }
            Ok(())
        } else {
            self.labelled("request", DIM, request)
        }
    }

    /// Lines of text behind a word in the margin.
    fn labelled(&mut self, label: &str, style: Style, text: &str) -> fmt::Result {
        let mut first = format!("    {style}{label:<8}{style:#}  ");
        for line in harmless(text).lines() {
            self.wrapped(&first, "              ", PLAIN, line)?;
            first = " ".repeat(14);
        }
        Ok(())
    }

    /// Cases without a verdict, by reason.
    fn grouped(&mut self, heading: &str, groups: Vec<Reasoned<'_>>) -> fmt::Result {
        if !groups.is_empty() {
            writeln!(self.text, "\n{BOLD}{heading}{BOLD:#}")?;
        }
        for group in groups {
            let count = format!("{DIM}{:>4}{DIM:#}  ", group.cases.len());
            self.wrapped(&count, "      ", PLAIN, &one_line(group.reason))?;
            self.wrapped("      ", "      ", DIM, &one_line(&group.named()))?;
        }
        Ok(())
    }

    /// The counts by level, and the verdict.
    fn close(&mut self, report: &Report) -> fmt::Result {
        self.text.push('\n');
        for (level, tally) in group::levels(report) {
            writeln!(self.text, "{level:<18}{}", self.counts(tally, self.failed(level)))?;
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
        self.wrapped(&format!("{style}{sign}{style:#} "), "  ", style.bold(), &verdict.words)
    }

    /// The colour of a failure: that of what counts, or that of what is only good to have.
    fn failed(&self, level: Level) -> Style {
        if decides(level, self.strict) { RED } else { YELLOW }
    }

    /// Sentences behind what begins the first line and the others. Each line closes its own colour, since the log of a
    /// CI job shows lines alone.
    fn wrapped(&mut self, first: &str, rest: &str, style: Style, text: &str) -> fmt::Result {
        let (margin, indent) = (" ".repeat(display_width(first)), " ".repeat(display_width(rest)));
        // A word longer than a line stays whole, so that what is copied from it is right.
        let options = Options::new(self.columns.min(SENTENCE))
            .initial_indent(&margin)
            .subsequent_indent(&indent)
            .break_words(false)
            .word_splitter(WordSplitter::NoHyphenation);
        for (number, line) in textwrap::wrap(text, options).iter().enumerate() {
            let (begin, margin) = if number == 0 { (first, &margin) } else { (rest, &indent) };
            writeln!(self.text, "{begin}{style}{}{style:#}", line.strip_prefix(margin.as_str()).unwrap_or_default())?;
        }
        Ok(())
    }

    /// Counts in columns, those of zero left out.
    fn counts(&self, Tally { passed, failed, throttled, skipped }: Tally, failure: Style) -> String {
        let column = |count: usize, word: &str, style: Style| match count {
            0 => " ".repeat(5 + word.len() + 3),
            _ => format!("{style}{count:>4} {word}{style:#}   "),
        };
        let throttled = if self.has_throttled { column(throttled, "throttled", YELLOW) } else { String::new() };
        let (passed, failed) = (column(passed, "passed", PLAIN), column(failed, "failed", failure));
        [passed, failed, throttled, column(skipped, "skipped", DIM)].concat().trim_end().to_owned()
    }
}
