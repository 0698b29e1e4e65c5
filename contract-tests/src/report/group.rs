//! The results by area and clause, the skipped cases by reason, and text that all forms of the report share.

use schemas::{Clause, Level};

use super::{CaseOutcome, CaseResult, Failure, OutcomeCounts, Report, Subject, SubjectKind};
use crate::case::AuthenticationKind;

/// The areas of the contract: the prefix of their clauses, and their headings.
const AREA_TITLES: [(&str, &str); 4] =
    [("MSG", "Messages"), ("AUTH", "Authentication"), ("HTTP", "HTTP"), ("OPS", "Operation")];

/// The prefix of a clause's area.
fn area_of(clause: &str) -> &str {
    clause.split('-').next().unwrap_or_default()
}

/// An area of the contract, and the clauses of it that have results.
pub(super) struct Area<'a> {
    pub(super) name: &'static str,
    pub(super) clauses: Vec<ClauseResults<'a>>,
}

/// A clause and its cases, in the order of the catalogue.
pub(super) struct ClauseResults<'a> {
    pub(super) clause: &'static Clause,
    pub(super) results: Vec<&'a CaseResult>,
}

/// Cases that were skipped, throttled or known to fail for the same reason.
pub(super) struct ReasonGroup<'a> {
    pub(super) reason: &'a str,
    pub(super) cases: Vec<&'a CaseResult>,
}

impl ReasonGroup<'_> {
    /// Maximum number of cases to list by number.
    const MAX_NAMED: usize = 12;

    /// Their numbers, or the counts by area if there are many.
    pub(super) fn named(&self) -> String {
        let cases = &self.cases;
        if cases.len() <= Self::MAX_NAMED {
            return cases.iter().map(|case| case.id.as_str()).collect::<Vec<_>>().join(", ");
        }
        let counted = AREA_TITLES.iter().filter_map(|(letters, name)| {
            let count = cases.iter().filter(|case| area_of(&case.clause) == *letters).count();
            (count > 0).then(|| format!("{count} of {name}"))
        });
        counted.collect::<Vec<_>>().join(", ")
    }
}

/// These numbers, or the first few and how many more there are.
pub(super) fn joined(ids: &[String]) -> String {
    match ids.len().checked_sub(ReasonGroup::MAX_NAMED) {
        None | Some(0) => ids.join(", "),
        Some(more) => format!("{} and {more} more", ids[..ReasonGroup::MAX_NAMED].join(", ")),
    }
}

impl<'a> Area<'a> {
    /// The areas that have results, in the order of the contract.
    pub(super) fn all(report: &'a Report) -> Vec<Self> {
        let areas = AREA_TITLES.into_iter().map(|(letters, name)| {
            let clauses = Clause::all().iter().filter(|clause| area_of(clause.id) == letters);
            let clauses = clauses.map(|clause| ClauseResults::of(clause, report));
            Self { name, clauses: clauses.filter(|clause| !clause.results.is_empty()).collect() }
        });
        areas.filter(|area| !area.clauses.is_empty()).collect()
    }

    pub(super) fn results(&self) -> impl Iterator<Item = &'a CaseResult> {
        self.clauses.iter().flat_map(|clause| clause.results.iter().copied())
    }
}

impl<'a> ClauseResults<'a> {
    fn of(clause: &'static Clause, report: &'a Report) -> Self {
        Self { clause, results: report.results.iter().filter(|result| result.clause == clause.id).collect() }
    }

    pub(super) fn failed(&self) -> impl Iterator<Item = (&'a CaseResult, &'a Failure)> {
        self.results.iter().filter_map(|result| Some((*result, result.failure()?)))
    }

    /// Counts its cases by outcome.
    pub(super) fn counts(&self) -> OutcomeCounts {
        OutcomeCounts::of(self.results.iter().copied())
    }
}

/// The clauses with failed cases: by level, then in the order of the contract.
pub(super) fn broken(report: &Report) -> Vec<ClauseResults<'_>> {
    let clauses = Area::all(report).into_iter().flat_map(|area| area.clauses);
    let mut broken: Vec<ClauseResults<'_>> = clauses.filter(|clause| clause.failed().next().is_some()).collect();
    broken.sort_by_key(|clause| clause.clause.level);
    broken
}

/// The skipped cases by reason: the excluded ones first, the rest in the order in which the reasons appear.
pub(super) fn skipped(report: &Report) -> Vec<ReasonGroup<'_>> {
    let mut groups = by_reason(report, |outcome| match outcome {
        CaseOutcome::Skipped { reason, .. } => Some(reason),
        _ => None,
    });
    groups.sort_by_key(|group| !group.cases.iter().any(|case| case.is_excluded()));
    groups
}

/// The known failures by reason, in the order in which the reasons appear.
pub(super) fn known(report: &Report) -> Vec<ReasonGroup<'_>> {
    by_reason(report, |outcome| match outcome {
        CaseOutcome::Known(known) => Some(&known.reason),
        _ => None,
    })
}

/// A known failure's last day, as half a sentence.
pub(super) fn until(result: &CaseResult) -> Option<String> {
    Some(format!("known until {}", result.known()?.until.as_ref()?))
}

/// The throttled cases by reason, in the order in which the reasons appear.
pub(super) fn throttled(report: &Report) -> Vec<ReasonGroup<'_>> {
    by_reason(report, |outcome| match outcome {
        CaseOutcome::Throttled { reason } => Some(reason),
        _ => None,
    })
}

fn by_reason(report: &Report, reason: impl Fn(&CaseOutcome) -> Option<&String>) -> Vec<ReasonGroup<'_>> {
    let mut groups: Vec<ReasonGroup<'_>> = Vec::new();
    for case in &report.results {
        if let Some(reason) = reason(&case.outcome) {
            match groups.iter_mut().find(|group| group.reason == reason) {
                Some(group) => group.cases.push(case),
                None => groups.push(ReasonGroup { reason, cases: vec![case] }),
            }
        }
    }
    groups
}

/// The levels that have results, each with its counts.
pub(super) fn levels(report: &Report) -> Vec<(Level, OutcomeCounts)> {
    let levels = Level::ALL.map(|level| (level, report.counts(level)));
    levels.into_iter().filter(|(_, counts)| *counts != OutcomeCounts::default()).collect()
}

/// The facts about the run, on one line.
pub(super) fn facts(report: &Report) -> String {
    let Report { subject: Subject { authentication, profile, .. }, started, took_ms, seed, .. } = report;
    let authentication = match authentication {
        AuthenticationKind::None => "no authentication",
        AuthenticationKind::ClientSecret => "client secret",
        AuthenticationKind::Basic => "Basic authentication",
    };
    let started = started.strftime("%Y-%m-%d %H:%M:%S UTC");
    // A sender composes its own messages.
    let seed = match report.subject.kind {
        SubjectKind::Endpoint => format!("seed {seed} · "),
        SubjectKind::Sender => String::new(),
    };
    format!("{authentication} · profile {profile} · {seed}{started} · {}", span(*took_ms))
}

/// The side that was tested, with a capital letter.
pub(super) fn side(report: &Report) -> &'static str {
    match report.subject.kind {
        SubjectKind::Endpoint => "The endpoint",
        SubjectKind::Sender => "The sender",
    }
}

/// What to do before a request in the report can be repeated.
pub(super) fn variables(report: &Report) -> Option<&'static str> {
    let shown = |name: &str| {
        let known = report.results.iter().filter_map(|result| Some(&result.known()?.failure));
        let mut failures = report.results.iter().filter_map(CaseResult::failure).chain(known);
        failures.any(|failure| failure.request.contains(name))
    };
    if shown("${CLIENT_SECRET") {
        Some(
            "Before you paste a curl line, set the variable CLIENT_SECRET to the client secret, with \\\" for a quote and \
             \\\\ for a backslash in it.",
        )
    } else if shown("${BASIC_PASSWORD") || shown("${BASIC_USERNAME") {
        Some("Before you paste a curl line, set the variables BASIC_USERNAME and BASIC_PASSWORD.")
    } else {
        None
    }
}

/// The lines about a failure, without its request, each with its label.
pub(super) fn lines(result: &CaseResult, failure: &Failure) -> Vec<(&'static str, String)> {
    let Failure { request: _, sent, flow, expected, actual, why, fix, cause, hint } = failure;
    let outage =
        result.outage_ms.map(|outage| format!("the plain valid message was not accepted for {}", span(outage)));
    let sent = sent.as_ref().map(|sent| match flow {
        Some(flow) => format!("{sent} ({flow})"),
        None => sent.clone(),
    });
    let lines = [
        ("Sent", sent),
        ("Expected", Some(expected.clone())),
        ("Got", Some(actual.clone())),
        ("Cause", cause.clone()),
        ("Then", outage),
        ("Why", why.clone()),
        ("Fix", Some(fix.clone())),
        ("Hint", hint.clone()),
    ];
    lines.into_iter().filter_map(|(label, line)| Some((label, line?))).collect()
}

/// How long a case took, if it took any time.
pub(super) fn took(result: &CaseResult) -> Option<String> {
    (result.took_ms > 0).then(|| span(result.took_ms))
}

/// A span of time as text.
fn span(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", milliseconds as f64 / 1e3),
    }
}
