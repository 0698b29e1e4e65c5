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

/// Cases that were skipped, throttled or known to fail, for the same reason.
pub(super) struct Reasoned<'a> {
    pub(super) reason: &'a str,
    pub(super) cases: Vec<&'a CaseResult>,
}

impl Reasoned<'_> {
    /// Maximum number of cases that are named one by one.
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

/// These numbers, or of many the first few and how many more there are.
pub(super) fn joined(ids: &[String]) -> String {
    match ids.len().checked_sub(Reasoned::NAMED) {
        None | Some(0) => ids.join(", "),
        Some(more) => format!("{} and {more} more", ids[..Reasoned::NAMED].join(", ")),
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

/// What was skipped, by reason: what was left out on purpose first, the rest in the order in which the reasons come up.
pub(super) fn skipped(report: &Report) -> Vec<Reasoned<'_>> {
    let mut groups = by_reason(report, |outcome| match outcome {
        CaseOutcome::Skipped { reason, .. } => Some(reason),
        _ => None,
    });
    groups.sort_by_key(|group| !group.cases.iter().any(|case| case.is_excluded()));
    groups
}

/// What fails and is known to, by reason, in the order in which the reasons come up.
pub(super) fn known(report: &Report) -> Vec<Reasoned<'_>> {
    by_reason(report, |outcome| match outcome {
        CaseOutcome::Known(known) => Some(&known.reason),
        _ => None,
    })
}

/// A known failure's last day, in words.
pub(super) fn until(result: &CaseResult) -> Option<String> {
    Some(format!("known until {}", result.known()?.until.as_ref()?))
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

/// What to do before a request that is shown can be repeated.
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

/// What a reader is told of a failure besides its request, each line with its label: what was sent, what was expected and
/// what came, why that matters, and what to change.
pub(super) fn lines(result: &CaseResult, failure: &Failure) -> Vec<(&'static str, String)> {
    let Failure { request: _, sent, flow, expected, came, why, mend, cause, hint } = failure;
    let outage =
        result.outage_ms.map(|outage| format!("the plain valid message was not accepted for {}", span(outage)));
    let sent = sent.as_ref().map(|sent| match flow {
        Some(flow) => format!("{sent} ({flow})"),
        None => sent.clone(),
    });
    let lines = [
        ("Sent", sent),
        ("Expected", Some(expected.clone())),
        ("Got", Some(came.clone())),
        ("Cause", cause.clone()),
        ("Then", outage),
        ("Why", why.clone()),
        ("Fix", Some(mend.clone())),
        ("Hint", hint.clone()),
    ];
    lines.into_iter().filter_map(|(label, line)| Some((label, line?))).collect()
}

/// How long a case took, where it took any time.
pub(super) fn took(result: &CaseResult) -> Option<String> {
    (result.took_ms > 0).then(|| span(result.took_ms))
}

/// A span of time in words.
fn span(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", milliseconds as f64 / 1e3),
    }
}
