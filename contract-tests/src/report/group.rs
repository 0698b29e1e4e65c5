//! The results as a reader wants them: by area and clause, what was skipped by reason, and a few words that every form
//! of the report shares.

use schemas::{Clause, Level};

use super::{CaseOutcome, CaseResult, Failure, Report, Subject, SubjectKind, Tally};

/// The areas of the contract: the letters of their clauses, and their headings.
const AREAS: [(&str, &str); 4] =
    [("MSG", "Messages"), ("AUTH", "Authentication"), ("HTTP", "HTTP"), ("OPS", "Operation")];

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

/// Cases that were skipped for the same reason.
pub(super) struct Skipped<'a> {
    pub(super) reason: &'a str,
    pub(super) cases: Vec<&'a CaseResult>,
}

impl<'a> Area<'a> {
    /// The areas that have results, in the order of the contract.
    pub(super) fn all(report: &'a Report) -> Vec<Self> {
        let areas = AREAS.into_iter().map(|(letters, name)| {
            let clauses = Clause::all().iter().filter(|clause| clause.id.split('-').next() == Some(letters));
            let clauses = clauses.map(|clause| ClauseResults::of(clause, report));
            Self { name, clauses: clauses.filter(|clause| !clause.results.is_empty()).collect() }
        });
        areas.filter(|area| !area.clauses.is_empty()).collect()
    }

    /// Its results.
    pub(super) fn results(&self) -> impl Iterator<Item = &'a CaseResult> {
        self.clauses.iter().flat_map(|clause| clause.results.iter().copied())
    }
}

impl<'a> ClauseResults<'a> {
    fn of(clause: &'static Clause, report: &'a Report) -> Self {
        Self { clause, results: report.results.iter().filter(|result| result.clause == clause.id).collect() }
    }

    /// The cases that failed.
    pub(super) fn failed(&self) -> impl Iterator<Item = (&'a CaseResult, &'a Failure)> {
        self.results.iter().filter_map(|result| match &result.outcome {
            CaseOutcome::Failed(failure) => Some((*result, &**failure)),
            CaseOutcome::Passed | CaseOutcome::Skipped { .. } => None,
        })
    }

    /// How its cases ended.
    pub(super) fn tally(&self) -> Tally {
        Tally::of(self.results.iter().copied())
    }
}

/// The clauses of which a case failed: the most binding first, then in the order of the contract.
pub(super) fn broken(report: &Report) -> Vec<ClauseResults<'_>> {
    let clauses = Area::all(report).into_iter().flat_map(|area| area.clauses);
    let mut broken: Vec<ClauseResults<'_>> = clauses.filter(|clause| clause.failed().next().is_some()).collect();
    broken.sort_by_key(|clause| clause.clause.level);
    broken
}

/// What was skipped, by reason, in the order in which the reasons come up.
pub(super) fn skipped(report: &Report) -> Vec<Skipped<'_>> {
    let mut groups: Vec<Skipped<'_>> = Vec::new();
    for case in &report.results {
        if let CaseOutcome::Skipped { reason } = &case.outcome {
            match groups.iter_mut().find(|group| group.reason == reason) {
                Some(group) => group.cases.push(case),
                None => groups.push(Skipped { reason, cases: vec![case] }),
            }
        }
    }
    groups
}

/// The levels that have results, each with its tally.
pub(super) fn levels(report: &Report) -> Vec<(Level, Tally)> {
    let levels = Level::ALL.map(|level| (level, report.tally(level)));
    levels.into_iter().filter(|(_, tally)| *tally != Tally::default()).collect()
}

/// What the run was about, on one line.
pub(super) fn facts(report: &Report) -> String {
    let Report { subject: Subject { authentication, profile, .. }, started, took_ms, seed, .. } = report;
    let authentication = match *authentication {
        "none" => "no authentication",
        "clientSecret" => "client secret",
        "basic" => "Basic authentication",
        other => other,
    };
    let started = started.strftime("%Y-%m-%d %H:%M:%S UTC");
    format!("{authentication} · profile {profile} · seed {seed} · {started} · {}", span(*took_ms))
}

/// The side that was tested, with a capital letter.
pub(super) fn side(report: &Report) -> &'static str {
    match report.subject.kind {
        SubjectKind::Endpoint => "The endpoint",
        SubjectKind::Sender => "The sender",
    }
}

/// A span of time in words.
pub(super) fn span(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", milliseconds as f64 / 1e3),
    }
}
