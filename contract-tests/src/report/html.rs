//! The report as one self-contained HTML page: no script, no network (its own policy forbids both), light or dark as the
//! reader's system. Long parts are folded into `details`, which work from the keyboard.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use schemas::{
    Clause, Level,
    log_command::{self, Notation},
    text::{collapse, escape},
};

use super::{
    CaseOutcome, CaseResult, Grade, OutcomeCounts, Report,
    group::{self, Area, ClauseResults, ReasonGroup},
};

const STYLESHEET: &str = include_str!("html.css");

/// Renders the report, judged as `--strict` or not.
pub fn render(report: &Report, strict: bool) -> String {
    let verdict = report.verdict(strict);
    let grade = match verdict.grade {
        Grade::Clean => "clean",
        Grade::Holds => "holds",
        Grade::Broken | Grade::Unfinished | Grade::Untested => "broken",
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (verdict.words) " · " (collapse(&report.subject.url)) }
                style { (PreEscaped(STYLESHEET)) }
            }
            body {
                header class=(grade) {
                    div {
                        p.kind { "Webhook contract" }
                        h1 { (verdict.words) }
                        p.url { (collapse(&report.subject.url)) }
                        p.facts { (collapse(&group::facts(report))) }
                    }
                }
                main {
                    @for notice in &report.notices { p.notice role="note" { (prose(&collapse(notice))) } }
                    (counts(report))
                    (failures(report))
                    (grouped("known", "Known failures", group::known(report)))
                    (grouped("throttled", "Throttled cases", group::throttled(report)))
                    (grouped("skipped", "Skipped cases", group::skipped(report)))
                    (everything(report))
                }
                footer { p { (collapse(&report.tool)) } }
            }
        }
    };
    log_command::escape(&page.into_string(), Notation::Markup).into_owned()
}

fn counts(report: &Report) -> Markup {
    let levels = group::levels(report);
    let throttled = levels.iter().any(|(_, counts)| counts.throttled > 0);
    let known = levels.iter().any(|(_, counts)| counts.known > 0);
    html! {
        @if !levels.is_empty() {
            section aria-labelledby="counts" {
                h2 #counts { "Counts" }
                table.counts {
                    thead { tr {
                        th scope="col" { "Level" } td aria-hidden="true" {}
                        th.number scope="col" { "Passed" } th.number scope="col" { "Failed" }
                        @if known { th.number scope="col" { "Known" } }
                        @if throttled { th.number scope="col" { "Throttled" } }
                        th.number scope="col" { "Skipped" }
                    } }
                    tbody {
                        @for (level, counts) in levels {
                            tr { th scope="row" { (level) } td.share aria-hidden="true" { (bar(counts)) } (numbers(counts, known, throttled)) }
                        }
                    }
                }
            }
        }
    }
}

/// The shares as a bar; the numbers are next to it.
fn bar(OutcomeCounts { passed, failed, known, throttled, skipped }: OutcomeCounts) -> Markup {
    html! {
        div.bar {
            @for (class, count) in [("passed", passed), ("failed", failed), ("known", known), ("throttled", throttled), ("skipped", skipped)] {
                @if count > 0 { span class=(class) style={ "flex-grow:" (count) } {} }
            }
        }
    }
}

fn numbers(
    OutcomeCounts { passed, failed, known, throttled, skipped }: OutcomeCounts,
    with_known: bool,
    with_throttled: bool,
) -> Markup {
    html! {
        td.number { (passed) }
        td.number.failed[failed > 0] { (failed) }
        @if with_known { td.number.known[known > 0] { (known) } }
        @if with_throttled { td.number.throttled[throttled > 0] { (throttled) } }
        td.number { (skipped) }
    }
}

fn failures(report: &Report) -> Markup {
    let broken = group::broken(report);
    html! {
        @if !broken.is_empty() {
            section aria-labelledby="failures" {
                h2 #failures { "Failures" }
                @for clause in &broken { (failure(clause)) }
                @if let Some(variables) = group::variables(report) { p { (variables) } }
            }
        }
    }
}

fn failure(broken: &ClauseResults<'_>) -> Markup {
    let Clause { id, level, title, text, source, .. } = broken.clause;
    html! {
        article aria-labelledby=(id) class=(class_of(*level)) {
            h3 #(id) { span.badge { (level) } " " (id) " · " (title) }
            p { (prose(text)) }
            p.source { "Source: " (source) }
            @for (result, failure) in broken.failed() {
                @let CaseResult { id, title, .. } = result;
                details open {
                    summary { span.case { (collapse(id)) } " " (collapse(title)) " " span.took { (group::took(result).unwrap_or_default()) } }
                    dl {
                        @for (label, line) in group::lines(result, failure) {
                            dt { (label) }
                            @if label == "Got" { dd.came { (escape(&line)) } } @else { dd { (prose(&escape(&line))) } }
                        }
                        dt { "Request" } dd { pre tabindex="0" { (escape(&failure.request)) } }
                    }
                }
            }
        }
    }
}

fn grouped(id: &str, heading: &str, groups: Vec<ReasonGroup<'_>>) -> Markup {
    html! {
        @if !groups.is_empty() {
            section aria-labelledby=(id) {
                h2 #(id) { (heading) }
                @for ReasonGroup { reason, cases } in groups {
                    details {
                        summary { span.count { (cases.len()) } " " (collapse(reason)) }
                        ul.cases { @for case in cases { li {
                            span.case { (collapse(&case.id)) } " " (collapse(&case.title))
                            @if let Some(until) = group::until(case) { " (" (collapse(&until)) ")" }
                        } } }
                    }
                }
            }
        }
    }
}

fn everything(report: &Report) -> Markup {
    let areas = Area::all(report);
    html! {
        @if !areas.is_empty() {
            section aria-labelledby="everything" {
                h2 #everything { "All cases" }
                @for area in &areas { (all_of(area)) }
            }
        }
    }
}

fn all_of(area: &Area<'_>) -> Markup {
    let counts = OutcomeCounts::of(area.results());
    html! {
        details {
            summary {
                (area.name) " " span.took {
                    (counts.passed) " passed"
                    @if counts.failed > 0 { ", " (counts.failed) " failed" }
                    @if counts.known > 0 { ", " (counts.known) " known" }
                    @if counts.throttled > 0 { ", " (counts.throttled) " throttled" }
                    @if counts.skipped > 0 { ", " (counts.skipped) " skipped" }
                }
            }
            div.scroll tabindex="0" role="region" aria-label={ "Cases of " (area.name) } {
                table {
                    thead { tr {
                        th scope="col" { "Case" } th scope="col" { "What it tests" } th scope="col" { "Clause" }
                        th scope="col" { "Level" } th scope="col" { "Outcome" } th.number scope="col" { "Time" }
                    } }
                    tbody { @for result in area.results() { (row(result)) } }
                }
            }
        }
    }
}

fn row(result: &CaseResult) -> Markup {
    let (word, took) = match result.outcome {
        CaseOutcome::Passed => ("passed", group::took(result).unwrap_or_default()),
        CaseOutcome::Failed(_) => ("failed", group::took(result).unwrap_or_default()),
        CaseOutcome::Known(_) => ("known", group::took(result).unwrap_or_default()),
        CaseOutcome::Throttled { .. } => ("throttled", String::new()),
        CaseOutcome::Skipped { .. } => ("skipped", String::new()),
    };
    html! {
        tr {
            th.case scope="row" { (collapse(&result.id)) }
            td { (collapse(&result.title)) }
            td title=(result.clause().title) { (result.clause) }
            td { (result.level) }
            td class=(word) { (word) }
            td.number { (took) }
        }
    }
}

/// Sentences with code between backticks.
fn prose(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    html! {
        // With an even number of parts, a backtick has no pair.
        @if parts.len().is_multiple_of(2) { (text) } @else {
            @for (number, part) in parts.iter().enumerate() {
                @if number.is_multiple_of(2) { (part) } @else { code { (part) } }
            }
        }
    }
}

fn class_of(level: Level) -> &'static str {
    match level {
        Level::Must => "must",
        Level::Should => "should",
        Level::May => "may",
    }
}
