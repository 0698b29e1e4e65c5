//! The report as Markdown, for the summary of a CI job or a comment: the verdict and a table first, the rest folded.
//! Untrusted text is in `pre` and `code` elements, where Markdown and HTML have no effect.

use std::fmt::{self, Write as _};

use schemas::{
    Clause,
    log_command::{self, Notation},
    text::{collapse, escape},
};

use super::{
    CaseResult, Grade, OutcomeCounts, Report,
    group::{self, Area, ClauseResults, ReasonGroup},
};

/// Renders the report, judged as `--strict` or not.
pub fn render(report: &Report, strict: bool) -> String {
    let mut page = String::new();
    // Writing to a String does not fail.
    let _ = write(&mut page, report, strict);
    log_command::escape(&page, Notation::Markup).into_owned()
}

fn write(page: &mut String, report: &Report, strict: bool) -> fmt::Result {
    let verdict = report.verdict(strict);
    let sign = match verdict.grade {
        Grade::Clean => "✅",
        Grade::Holds => "⚠️",
        Grade::Broken | Grade::Unfinished | Grade::Untested => "❌",
    };
    writeln!(page, "### {sign} {}\n", inline(&verdict.words))?;
    writeln!(page, "{}<br>{}", code(&report.subject.url), inline(&group::facts(report)))?;
    for notice in &report.notices {
        writeln!(page, "\n> [!IMPORTANT]\n> {}", inline(notice))?;
    }
    let levels = group::levels(report);
    let columns = Columns::of(report);
    if !levels.is_empty() {
        writeln!(page, "\n| | {}", columns.heads("|:--|"))?;
    }
    for (level, counts) in levels {
        writeln!(page, "| {level} {}", columns.cells(counts))?;
    }
    for clause in group::broken(report) {
        broken(page, &clause)?;
    }
    if let Some(variables) = group::variables(report) {
        writeln!(page, "\n{}", inline(variables))?;
    }
    grouped(page, "Known failures", &group::known(report))?;
    grouped(page, "Throttled", &group::throttled(report))?;
    grouped(page, "Skipped", &group::skipped(report))?;
    clauses(page, report)
}

/// The columns of counts in a report: most reports have neither throttled cases nor known failures.
#[derive(Clone, Copy)]
struct Columns {
    throttled: bool,
    known: bool,
}

impl Columns {
    fn of(report: &Report) -> Self {
        Self { throttled: !group::throttled(report).is_empty(), known: !group::known(report).is_empty() }
    }

    /// The heads of the columns, and the rule below them.
    fn heads(self, rule: &str) -> String {
        let mut heads = "passed | failed |".to_owned();
        let mut rule = format!("{rule}--:|--:|");
        for (is_there, head) in [(self.known, " known |"), (self.throttled, " throttled |")] {
            if is_there {
                heads.push_str(head);
                rule.push_str("--:|");
            }
        }
        format!("{heads} skipped |\n{rule}--:|")
    }

    fn cells(self, OutcomeCounts { passed, failed, known, throttled, skipped }: OutcomeCounts) -> String {
        let failed = if failed > 0 { format!("**{failed}**") } else { "0".to_owned() };
        let known = if self.known { format!(" {known} |") } else { String::new() };
        let throttled = if self.throttled { format!(" {throttled} |") } else { String::new() };
        format!("| {passed} | {failed} |{known}{throttled} {skipped} |")
    }
}

fn broken(page: &mut String, broken: &ClauseResults<'_>) -> fmt::Result {
    let Clause { id, level, title, text, source, .. } = broken.clause;
    writeln!(page, "\n<details><summary><b>{id} · {level}</b> · {}</summary>\n", html(title))?;
    writeln!(page, "{}", inline(text))?;
    writeln!(page, "\nSource: {}", inline(source))?;
    for (result, failure) in broken.failed() {
        let CaseResult { id, title, .. } = result;
        writeln!(page, "\n**{}** · {}\n", inline(id), inline(title))?;
        for (label, line) in group::lines(result, failure) {
            match label {
                "Got" => writeln!(page, "{label}:\n{}\n", pre(&line))?,
                _ => writeln!(page, "{label}: {}\n", inline(&line))?,
            }
        }
        writeln!(page, "Request:\n{}", pre(&failure.request))?;
    }
    writeln!(page, "\n</details>")
}

fn grouped(page: &mut String, heading: &str, groups: &[ReasonGroup<'_>]) -> fmt::Result {
    if groups.is_empty() {
        return Ok(());
    }
    let count: usize = groups.iter().map(|group| group.cases.len()).sum();
    writeln!(page, "\n<details><summary>{heading}: {count}</summary>\n")?;
    for group in groups {
        writeln!(page, "- {}: {}", inline(group.reason), inline(&group.named()))?;
    }
    writeln!(page, "\n</details>")
}

fn clauses(page: &mut String, report: &Report) -> fmt::Result {
    let areas = Area::all(report);
    if areas.is_empty() {
        return Ok(());
    }
    writeln!(page, "\n<details><summary>All clauses</summary>\n")?;
    let columns = Columns::of(report);
    writeln!(page, "| clause | | | {}", columns.heads("|:--|:--|:--|"))?;
    for clause in areas.iter().flat_map(|area| &area.clauses) {
        let Clause { id, level, title, .. } = clause.clause;
        writeln!(page, "| {id} | {level} | {} {}", inline(title), columns.cells(clause.counts()))?;
    }
    writeln!(page, "\n</details>")
}

/// One line of plain text for a paragraph, list item or table cell.
fn inline(text: &str) -> String {
    let mut escaped = String::new();
    for character in collapse(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => escaped.extend(['\\', character]),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Text of several lines, exactly.
fn pre(text: &str) -> String {
    format!("<pre>{}</pre>", html(&escape(text)))
}

/// Text of one line, exactly.
fn code(text: &str) -> String {
    format!("<code>{}</code>", inline(text))
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
