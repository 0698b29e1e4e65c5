//! The report as Markdown, for the summary of a CI job or a comment: the verdict and a table first, all else folded
//! away. What others wrote stands in `pre` and `code` elements, where nothing of Markdown or HTML works.

use std::fmt::{self, Write as _};

use schemas::{
    Clause,
    log_command::{self, Notation},
};

use super::{
    CaseResult, Failure, Grade, Report, Tally,
    group::{self, Area, ClauseResults, Reasoned},
    harmless::{harmless, one_line},
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
    writeln!(page, "### {sign} {}\n", verdict.words)?;
    writeln!(page, "{}<br>{}", code(&report.subject.url), inline(&group::facts(report)))?;
    for notice in &report.notices {
        writeln!(page, "\n> [!IMPORTANT]\n> {}", inline(notice))?;
    }
    let levels = group::levels(report);
    let throttled = has_throttled(report);
    let (name, rule) = if throttled { (" throttled |", "--:|") } else { ("", "") };
    if !levels.is_empty() {
        writeln!(page, "\n| | passed | failed |{name} skipped |\n|:--|--:|--:|{rule}--:|")?;
    }
    for (level, tally) in levels {
        writeln!(page, "| {level} {}", cells(tally, throttled))?;
    }
    for clause in group::broken(report) {
        broken(page, &clause)?;
    }
    if let Some(variables) = group::variables(report) {
        writeln!(page, "\n{}", inline(variables))?;
    }
    grouped(page, "Throttled", &group::throttled(report))?;
    grouped(page, "Skipped", &group::skipped(report))?;
    clauses(page, report)
}

fn has_throttled(report: &Report) -> bool {
    !group::throttled(report).is_empty()
}

fn broken(page: &mut String, broken: &ClauseResults<'_>) -> fmt::Result {
    let Clause { id, level, title, text, source, why } = broken.clause;
    writeln!(page, "\n<details><summary><b>{id} · {level}</b> · {}</summary>\n", html(title))?;
    writeln!(page, "{}", inline(text))?;
    if let Some(why) = why {
        writeln!(page, "\nWhy: {}", inline(why))?;
    }
    writeln!(page, "\nSource: {}", inline(source))?;
    for (result, Failure { request, expected, came, mend, cause }) in broken.failed() {
        let CaseResult { id, title, .. } = result;
        writeln!(page, "\n**{}** · {}\n", inline(id), inline(title))?;
        writeln!(page, "Expected: {}\n\nCame:\n{}\n", inline(expected), pre(came))?;
        if let Some(cause) = cause {
            writeln!(page, "Cause: {}\n", inline(cause))?;
        }
        if let Some(outage) = group::outage(result) {
            writeln!(page, "Afterwards: {outage}\n")?;
        }
        writeln!(page, "Mend: {}\n\nRequest:\n{}", inline(mend), pre(request))?;
    }
    writeln!(page, "\n</details>")
}

fn grouped(page: &mut String, heading: &str, groups: &[Reasoned<'_>]) -> fmt::Result {
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
    let throttled = has_throttled(report);
    let (name, rule) = if throttled { (" throttled |", "--:|") } else { ("", "") };
    writeln!(page, "| clause | | | passed | failed |{name} skipped |\n|:--|:--|:--|--:|--:|{rule}--:|")?;
    for clause in areas.iter().flat_map(|area| &area.clauses) {
        let Clause { id, level, title, .. } = clause.clause;
        writeln!(page, "| {id} | {level} | {} {}", inline(title), cells(clause.tally(), throttled))?;
    }
    writeln!(page, "\n</details>")
}

fn cells(Tally { passed, failed, throttled, skipped }: Tally, with_throttled: bool) -> String {
    let failed = if failed > 0 { format!("**{failed}**") } else { "0".to_owned() };
    let throttled = if with_throttled { format!(" {throttled} |") } else { String::new() };
    format!("| {passed} | {failed} |{throttled} {skipped} |")
}

/// Text of one line in a paragraph, an item or a cell of a table, where it is nothing but text.
fn inline(text: &str) -> String {
    let mut escaped = String::new();
    for character in one_line(text).chars() {
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
    format!("<pre>{}</pre>", html(&harmless(text)))
}

/// Text of one line, exactly.
fn code(text: &str) -> String {
    format!("<code>{}</code>", inline(text))
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
