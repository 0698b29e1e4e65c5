//! The results of a run so far, clause by clause, and its report.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemas::{Authentication, Clause};

use super::{challenge::Challenges, coverage::Coverage, judge::Judged, raw_request::RawRequest, rule::RULES};
use crate::report::{CaseOutcome, CaseResult, Failure, Report, SkipCode, Subject, SubjectKind};

/// Maximum number of messages that a failure shows.
const MAX_SHOWN_MESSAGES: usize = 3;
/// Maximum number of places that it shows of each.
const MAX_SHOWN_PLACES: usize = 3;
/// Maximum number of notices on recordings.
const MAX_RECORDING_NOTICES: usize = 3;

#[derive(Default)]
pub(super) struct SenderResults {
    pub(super) messages: u64,
    pub(super) coverage: Coverage,
    pub(super) challenges: Challenges,
    applied: BTreeSet<String>,
    broken: BTreeMap<String, Broken>,
    notices: Vec<String>,
    notices_left_out: u64,
}

/// The messages that violate a clause.
#[derive(Default)]
struct Broken {
    count: u64,
    first: Vec<(String, String)>,
}

pub(super) struct RunFacts {
    pub(super) url: String,
    pub(super) started: Timestamp,
    pub(super) took_ms: u64,
}

impl SenderResults {
    /// Adds a message. `shown` identifies it for a reader; `status` is the answer.
    pub(super) fn add(&mut self, request: &RawRequest, judged: &Judged, shown: &str, status: u16) {
        self.messages += 1;
        self.coverage.add(request, &judged.facts, status);
        self.applied.extend(judged.checks.applied.iter().cloned());
        for clause in judged.checks.violated_clauses() {
            let broken = self.broken.entry(clause.to_owned()).or_default();
            broken.count += 1;
            if broken.first.len() < MAX_SHOWN_MESSAGES {
                let all = judged.checks.violations.iter().filter(|violation| violation.clause == clause);
                let mut places: Vec<String> =
                    all.map(|violation| format!("{} {}", violation.place, violation.what)).collect();
                let more = places.len().saturating_sub(MAX_SHOWN_PLACES);
                places.truncate(MAX_SHOWN_PLACES);
                if more > 0 {
                    places.push(format!("and {more} more"));
                }
                broken.first.push((shown.to_owned(), places.join("; ")));
            }
        }
    }

    /// Adds a notice on a recording.
    pub(super) fn notice(&mut self, text: String) {
        if self.notices.len() < MAX_RECORDING_NOTICES { self.notices.push(text) } else { self.notices_left_out += 1 }
    }

    /// The report; without results if there was no message.
    pub(super) fn report(&self, authentication: &Authentication, profile: &str, run: RunFacts) -> Report {
        let RunFacts { url, started, took_ms } = run;
        let mut notices = Vec::new();
        if self.messages == 0 {
            notices
                .push(format!("No message arrived at {url}: check that the sender uses this URL, and that it sends."));
        }
        notices.extend(self.coverage.notices(self.messages));
        notices.extend(self.challenges.notices());
        notices.extend(self.notices.iter().cloned());
        if self.notices_left_out > 0 {
            notices.push(format!("{} more messages could not be saved as fixtures.", self.notices_left_out));
        }
        let rules = RULES.iter().filter(|rule| self.messages > 0 && rule.binds(authentication));
        let results = rules.map(|rule| {
            let clause = Clause::find(rule.clause).expect("the rules are tested to name clauses of the contract");
            let outcome = match self.broken.get(rule.clause) {
                Some(broken) => CaseOutcome::Failed(Box::new(self.failure(broken, clause, rule.fix))),
                None if self.applied.contains(rule.clause) => CaseOutcome::Passed,
                None => CaseOutcome::Skipped {
                    reason: rule.not_observed(authentication).to_owned(),
                    skip_code: Some(SkipCode::NothingObserved),
                    caused_by: None,
                },
            };
            CaseResult {
                id: format!("SENDER-{}", rule.clause),
                clause: rule.clause.to_owned(),
                level: clause.level,
                title: rule.title.to_owned(),
                took_ms: 0,
                outage_ms: None,
                outcome,
            }
        });
        Report {
            tool: concat!("webhook-contract ", env!("CARGO_PKG_VERSION")).to_owned(),
            subject: Subject {
                kind: SubjectKind::Sender,
                url,
                authentication: authentication.into(),
                profile: profile.to_owned(),
            },
            started,
            took_ms,
            seed: 0,
            results: results.collect(),
            notices,
            variations: Vec::new(),
            pace: None,
            limited_by: None,
        }
    }

    fn failure(&self, broken: &Broken, clause: &Clause, fix: &str) -> Failure {
        let first = broken.first.first().map(|(shown, _)| shown.as_str()).unwrap_or_default();
        let lines = broken.first.iter().map(|(shown, what)| format!("{shown}: {what}"));
        let mut actual: Vec<String> = lines.collect();
        if broken.count > actual.len() as u64 {
            actual.push(format!("and {} more", broken.count - actual.len() as u64));
        }
        Failure {
            request: format!(
                "{first}: the first of {} that violate the clause, of {} seen",
                broken.count, self.messages
            ),
            expected: format!("{} (Source: {}.)", clause.text, clause.source),
            actual: actual.join("\n"),
            why: clause.why.map(str::to_owned),
            fix: fix.to_owned(),
            ..Failure::default()
        }
    }
}
