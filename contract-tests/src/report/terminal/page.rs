//! A page of text: wrapped sentences with a margin, columns of counts, and parts that are cut to a number of lines.

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};
use schemas::{Level, text::escape};
use textwrap::{Options, WordSplitter, core::display_width};

use crate::report::{OutcomeCounts, Report, decides, group};

pub(super) const PLAIN: Style = Style::new();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const RED: Style = AnsiColor::Red.on_default();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(super) const CYAN: Style = AnsiColor::Cyan.on_default();

/// Maximum width of sentences, in columns; requests are not wrapped.
pub(super) const MAX_SENTENCE_COLUMNS: usize = 100;

/// How the report is laid out and judged.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Width of the page in columns.
    pub columns: usize,
    /// Whether everything is shown: each failure, and the cases that passed.
    pub verbose: bool,
    /// Whether a SHOULD that fails counts.
    pub strict: bool,
}

pub(super) struct Page {
    pub(super) text: String,
    pub(super) columns: usize,
    pub(super) strict: bool,
    pub(super) verbose: bool,
    /// Whether the counts have a column for known failures and for throttled cases; most runs have neither.
    has_known: bool,
    has_throttled: bool,
}

impl Page {
    pub(super) fn new(report: &Report, layout: Layout) -> Self {
        Self {
            text: String::new(),
            columns: layout.columns.max(60),
            strict: layout.strict,
            verbose: layout.verbose,
            has_known: !group::known(report).is_empty(),
            has_throttled: !group::throttled(report).is_empty(),
        }
    }

    /// An empty page of the same layout.
    pub(super) fn like(&self) -> Self {
        Self { text: String::new(), ..*self }
    }

    /// The colour of a failure, which depends on whether it counts.
    pub(super) fn failed(&self, level: Level) -> Style {
        if decides(level, self.strict) { RED } else { YELLOW }
    }

    /// A heading with a line to the right margin.
    pub(super) fn heading(&mut self, style: Style, heading: &str) -> fmt::Result {
        let line = "─".repeat(self.columns.min(MAX_SENTENCE_COLUMNS).saturating_sub(display_width(heading) + 4));
        writeln!(self.text, "\n{style}── {BOLD}{heading}{BOLD:#} {style}{line}{style:#}")
    }

    /// Sentences with a prefix for the first line and one for the others. Each line resets its own colour, because the log of
    /// a CI job shows single lines.
    pub(super) fn wrapped(&mut self, first: &str, rest: &str, style: Style, text: &str) -> fmt::Result {
        for (number, line) in self.lines(first, rest, text).iter().enumerate() {
            let begin = if number == 0 { first } else { rest };
            writeln!(self.text, "{begin}{style}{line}{style:#}")?;
        }
        Ok(())
    }

    /// The lines of a text after these margins.
    pub(super) fn lines(&self, first: &str, rest: &str, text: &str) -> Vec<String> {
        let (margin, indent) = (" ".repeat(display_width(first)), " ".repeat(display_width(rest)));
        // A word that is longer than a line is not broken, so that it can be copied.
        let options = Options::new(self.columns.min(MAX_SENTENCE_COLUMNS))
            .initial_indent(&margin)
            .subsequent_indent(&indent)
            .break_words(false)
            .word_splitter(WordSplitter::NoHyphenation);
        let lines = textwrap::wrap(text, options).into_iter().enumerate();
        lines
            .map(|(number, line)| {
                let margin = if number == 0 { &margin } else { &indent };
                line.strip_prefix(margin.as_str()).unwrap_or_default().to_owned()
            })
            .collect()
    }

    /// Lines of text with a label in the margin.
    pub(super) fn labelled(&mut self, label: &str, style: Style, text: &str) -> fmt::Result {
        let mut first = format!("    {style}{label:<8}{style:#}  ");
        for line in escape(text).lines() {
            self.wrapped(&first, "              ", PLAIN, line)?;
            first = " ".repeat(14);
        }
        Ok(())
    }

    /// Adds text, up to this number of lines unless everything is to be shown.
    pub(super) fn push_lines(&mut self, text: &str, lines_max: usize) -> fmt::Result {
        let count = text.lines().count();
        if self.verbose || count <= lines_max {
            self.text.push_str(text);
            return Ok(());
        }
        for line in text.lines().take(lines_max - 1) {
            writeln!(self.text, "{line}")?;
        }
        writeln!(self.text, "      {DIM}... {} more lines with --verbose{DIM:#}", count - (lines_max - 1))
    }

    /// Counts in columns, without zeros.
    pub(super) fn counts(&self, counts: OutcomeCounts, failure: Style) -> String {
        let OutcomeCounts { passed, failed, known, throttled, skipped } = counts;
        let column = |count: usize, word: &str, style: Style| match count {
            0 => " ".repeat(5 + word.len() + 3),
            _ => format!("{style}{count:>4} {word}{style:#}   "),
        };
        let known = if self.has_known { column(known, "known", DIM) } else { String::new() };
        let throttled = if self.has_throttled { column(throttled, "throttled", YELLOW) } else { String::new() };
        let (passed, failed) = (column(passed, "passed", PLAIN), column(failed, "failed", failure));
        [passed, failed, known, throttled, column(skipped, "skipped", DIM)].concat().trim_end().to_owned()
    }
}
