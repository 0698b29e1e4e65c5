//! The results as a reader wants them: by area and clause, what was skipped by reason, and a few words that every form
//! of the report shares.

use schemas::{Clause, Level};

use super::{CaseOutcome, CaseResult, Failure, Report, Subject, SubjectKind, Tally};

/// The areas of the contract: the letters of their clauses, and their headings.
const AREAS: [(&str, &str); 4] =
    [("MSG", "Messages"), ("AUTH", "Authentication"), ("HTTP", "HTTP"), ("OPS", "Operation")];

/// The letters of a clause's area.
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

/// Cases that were skipped, or throttled, for the same reason.
pub(super) struct Reasoned<'a> {
    pub(super) reason: &'a str,
    pub(super) cases: Vec<&'a CaseResult>,
}

impl Reasoned<'_> {
    /// Most cases that are named one by one.
    const NAMED: usize = 12;

    /// Their numbers; of many, how many there are in each area.
    pub(super) fn named(&self) -> String {
        let cases = &self.cases;
        if cases.len() <= Self::NAMED {
            return cases.iter().map(|case| case.id.as_str()).collect::<Vec<_>>().join(", ");
        }
        let counted = AREAS.iter().filter_map(|(letters, name)| {
            let count = cases.iter().filter(|case| area_of(&case.clause) == *letters).count();
            (count > 0).then(|| format!("{count} of {name}"))
        });
        counted.collect::<Vec<_>>().join(", ")
    }
}

impl<'a> Area<'a> {
    /// The areas that have results, in the order of the contract.
    pub(super) fn all(report: &'a Report) -> Vec<Self> {
        let areas = AREAS.into_iter().map(|(letters, name)| {
            let clauses = Clause::all().iter().filter(|clause| area_of(clause.id) == letters);
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
        self.results.iter().filter_map(|result| Some((*result, result.failure()?)))
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
pub(super) fn skipped(report: &Report) -> Vec<Reasoned<'_>> {
    by_reason(report, |outcome| match outcome {
        CaseOutcome::Skipped { reason, .. } => Some(reason),
        _ => None,
    })
}

/// What was throttled, by reason, in the order in which the reasons come up.
pub(super) fn throttled(report: &Report) -> Vec<Reasoned<'_>> {
    by_reason(report, |outcome| match outcome {
        CaseOutcome::Throttled { reason } => Some(reason),
        _ => None,
    })
}

fn by_reason(report: &Report, reason: impl Fn(&CaseOutcome) -> Option<&String>) -> Vec<Reasoned<'_>> {
    let mut groups: Vec<Reasoned<'_>> = Vec::new();
    for case in &report.results {
        if let Some(reason) = reason(&case.outcome) {
            match groups.iter_mut().find(|group| group.reason == reason) {
                Some(group) => group.cases.push(case),
                None => groups.push(Reasoned { reason, cases: vec![case] }),
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
    // A sender makes up its messages itself.
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

/// What the requests that are shown have in the credential's place, where there is one.
pub(super) fn variables(report: &Report) -> Option<&'static str> {
    let shown = |name: &str| {
        let mut failures = report.results.iter().filter_map(CaseResult::failure);
        failures.any(|failure| failure.request.contains(name))
    };
    if shown("${SECRET") {
        Some("In the curl lines, the variable SECRET of the shell is the client secret, escaped as in JSON.")
    } else if shown("${PASSWORD") || shown("${USERNAME") {
        Some("In the curl lines, the variables USERNAME and PASSWORD of the shell are the credentials.")
    } else {
        None
    }
}

/// How long a case took, where it took any time.
pub(super) fn took(result: &CaseResult) -> Option<String> {
    (result.took_ms > 0).then(|| span(result.took_ms))
}

/// What the endpoint did after a case that put it out of service.
pub(super) fn outage(result: &CaseResult) -> Option<String> {
    result.outage_ms.map(|outage| format!("the plain valid message was not accepted for {}", span(outage)))
}

/// A span of time in words.
fn span(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", milliseconds as f64 / 1e3),
    }
}
