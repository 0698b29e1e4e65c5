//! The report as JUnit XML, for the test view of a CI system: one suite per area, one test per case. A SHOULD that fails
//! without `--strict` is skipped with its reason: such a view has no warnings, and must agree with the exit code.

use std::{fmt::Write as _, time::Duration};

use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};
use schemas::{
    log_command::{self, Notation},
    text::{collapse, escape},
};

use super::{CaseOutcome, CaseResult, Failure, Grade, KnownFailure, Report, decides, group, group::Area};

/// Renders the report, judged as `--strict` or not.
pub fn render(report: &Report, strict: bool) -> String {
    let mut junit = quick_junit::Report::new(collapse(&format!("{} {}", report.tool, report.subject.url)));
    junit.set_time(Duration::from_millis(report.took_ms));
    for area in Area::all(report) {
        junit.add_test_suite(suite(&area, report, strict));
    }
    if matches!(report.verdict(strict).grade, Grade::Unfinished | Grade::Untested) {
        junit.add_test_suite(unproven(report, strict));
    }
    let xml = junit.to_string().expect("writing to memory does not fail");
    // Schemas of this format know the count of the skipped for a suite, not for the whole.
    let xml = xml.replacen(&format!(" skipped=\"{}\"", junit.skipped), "", 1);
    log_command::escape(&xml, Notation::Markup).into_owned()
}

fn suite(area: &Area<'_>, report: &Report, strict: bool) -> TestSuite {
    let mut suite = TestSuite::new(area.name);
    let started = report.started.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    suite.extra.insert("timestamp".into(), started.into());
    suite.set_time(Duration::from_millis(area.results().map(|result| result.took_ms).sum()));
    suite.add_property(Property::new("facts", collapse(&group::facts(report))));
    for notice in &report.notices {
        suite.add_property(Property::new("notice", collapse(notice)));
    }
    suite.add_test_cases(area.results().map(|result| case(result, strict)));
    suite
}

fn case(result: &CaseResult, strict: bool) -> TestCase {
    let clause = result.clause();
    let counts = decides(result.level, strict);
    let mut status = match &result.outcome {
        CaseOutcome::Passed => TestCaseStatus::success(),
        // An error and not a failure: the endpoint may be right, but nothing is proven.
        CaseOutcome::Throttled { .. } if counts => TestCaseStatus::non_success(NonSuccessKind::Error),
        CaseOutcome::Throttled { .. } | CaseOutcome::Skipped { .. } | CaseOutcome::Known(_) => {
            TestCaseStatus::skipped()
        }
        CaseOutcome::Failed(_) if counts => TestCaseStatus::non_success(NonSuccessKind::Failure),
        CaseOutcome::Failed(_) => TestCaseStatus::skipped(),
    };
    match &result.outcome {
        CaseOutcome::Passed => {}
        CaseOutcome::Throttled { reason } => {
            status.set_message(collapse(&format!("{} {}, throttled: {reason}", clause.level, clause.id)));
        }
        CaseOutcome::Skipped { reason, .. } => {
            status.set_message(collapse(reason));
        }
        CaseOutcome::Known(known) => {
            let until = group::until(result).map(|until| format!(", {until}")).unwrap_or_default();
            let KnownFailure { reason, failure, .. } = known.as_ref();
            status.set_type(result.level.to_string());
            status.set_message(collapse(&format!("known failure: {reason}{until}; {}", failure.actual)));
            status.set_description(escape(&description(result, failure)));
        }
        CaseOutcome::Failed(failure) => {
            let weight = if counts { "" } else { " (fails, but does not count)" };
            status.set_type(result.level.to_string());
            status.set_message(collapse(&format!("{} {}{weight}: {}", clause.level, clause.id, failure.actual)));
            status.set_description(escape(&description(result, failure)));
        }
    }
    let mut case = TestCase::new(collapse(&format!("{} {}", result.id, result.title)), status);
    case.set_classname(clause.id);
    case.set_time(Duration::from_millis(result.took_ms));
    case
}

fn description(result: &CaseResult, failure: &Failure) -> String {
    let clause = result.clause();
    let mut text = format!("\n{} · {} · {}\n{}\n", clause.id, clause.level, clause.title, clause.text);
    for (label, line) in group::lines(result, failure) {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{label}: {line}");
    }
    let _ = writeln!(text, "Source: {}\n\n{}", clause.source, failure.request);
    text
}

/// A run that tested nothing, or not all that counts, is an error: a file without cases, or with only skipped ones, would be
/// green.
fn unproven(report: &Report, strict: bool) -> TestSuite {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(report.verdict(strict).words);
    status.set_description(escape(&report.notices.join("\n")));
    let mut suite = TestSuite::new("Run");
    let case = if report.verdict(strict).grade == Grade::Untested {
        "the run tests something"
    } else {
        "the run tests all that counts"
    };
    suite.add_test_case(TestCase::new(case, status));
    suite
}
