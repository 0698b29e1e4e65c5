//! A few lines at the beginning: what to do first.

use std::fmt;

use schemas::{Level, text::collapse};

use super::page::{BOLD, CYAN, DIM, PLAIN, Page};
use crate::report::{Report, group, verdict::anded};

/// Maximum number of lines about what to do first.
const LINES_OF_FIRST_MAX: usize = 4;
/// Maximum number of clauses that come next.
const NEXT_MAX: usize = 5;

impl Page {
    /// How much fails, what to fix first and what next; nothing if nothing fails.
    pub(super) fn summary(&mut self, report: &Report) -> fmt::Result {
        let broken = group::broken(report);
        let Some((first, result, failure)) =
            broken.first().and_then(|first| first.failed().next().map(|(result, failure)| (first, result, failure)))
        else {
            return Ok(());
        };
        let counted =
            Level::ALL.map(|level| (broken.iter().filter(|clause| clause.clause.level == level).count(), level));
        let counted: Vec<String> = counted
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, level)| match count {
                1 => format!("1 {level}"),
                _ => format!("{count} {level}s"),
            })
            .collect();
        let cases: usize = broken.iter().map(|clause| clause.failed().count()).sum();
        let tested: usize =
            group::levels(report).iter().map(|(_, counts)| counts.passed + counts.failed + counts.known).sum();
        let style = self.failed(first.clause.level);
        let verb = if broken.len() == 1 { "fails" } else { "fail" };
        self.text.push('\n');
        let words = format!("{} {verb}, in {cases} of {tested} cases that were tested.", anded(&counted));
        self.wrapped(&format!("{style}✗{style:#} "), "  ", BOLD, &words)?;

        let advice = failure.hint.as_ref().unwrap_or(&failure.fix);
        let words = format!("{}, {} ({}). {}", first.clause.id, first.clause.title, result.id, advice);
        let (label, rest) = (format!("  {CYAN}first{CYAN:#}  "), "         ");
        let mut lines = self.lines(&label, rest, &collapse(&words));
        if lines.len() > LINES_OF_FIRST_MAX {
            lines.truncate(LINES_OF_FIRST_MAX);
            if let Some(last) = lines.last_mut() {
                last.push_str(" ...");
            }
        }
        for (number, line) in lines.iter().enumerate() {
            let begin = if number == 0 { label.as_str() } else { rest };
            self.text.push_str(&format!("{begin}{line}\n"));
        }
        let next: Vec<&str> = broken.iter().skip(1).map(|clause| clause.clause.id).collect();
        if !next.is_empty() {
            let mut words = next[..next.len().min(NEXT_MAX)].join(", ");
            if next.len() > NEXT_MAX {
                words.push_str(&format!(" and {} more", next.len() - NEXT_MAX));
            }
            self.wrapped(&format!("  {DIM}next{DIM:#}   "), rest, PLAIN, &words)?;
        }
        Ok(())
    }
}
