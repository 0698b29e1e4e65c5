//! What a run has seen so far, clause by clause, and the report that it becomes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemas::{Authentication, Clause};

use super::{arrived::Arrived, challenge::Challenges, coverage::Coverage, judge::Judged, rule::RULES};
use crate::report::{CaseOutcome, CaseResult, Failure, Report, SkipCode, Subject, SubjectKind};

/// Messages that a failure shows.
const SHOWN: usize = 3;
/// Places that it shows of each.
const PLACES: usize = 3;
/// Most notices on recordings.
const NOTICES: usize = 3;

/// What a run has seen so far.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) messages: u64,
    pub(super) coverage: Coverage,
    pub(super) challenges: Challenges,
    asked: BTreeSet<String>,
    broken: BTreeMap<String, Broken>,
    notices: Vec<String>,
    notices_left_out: u64,
}

/// The messages that broke a clause.
#[derive(Default)]
struct Broken {
    count: u64,
    /// The first of them, and what is wrong in each.
    first: Vec<(String, String)>,
}

/// What a report says of its run.
pub(super) struct Run {
    pub(super) url: String,
    pub(super) started: Timestamp,
    pub(super) took_ms: u64,
}

impl Ledger {
    /// Takes one message in; `shown` says in a few words which one it was, `status` how it was answered.
    pub(super) fn add(&mut self, arrived: &Arrived, judged: &Judged, shown: &str, status: u16) {
        self.messages += 1;
        self.coverage.add(arrived, &judged.told, status);
        self.asked.extend(judged.findings.asked.iter().cloned());
        for clause in judged.findings.broken() {
            let broken = self.broken.entry(clause.to_owned()).or_default();
            broken.count += 1;
            if broken.first.len() < SHOWN {
                let all = judged.findings.breaches.iter().filter(|breach| breach.clause == clause);
                let mut places: Vec<String> = all.map(|breach| format!("{} {}", breach.place, breach.what)).collect();
                let more = places.len().saturating_sub(PLACES);
                places.truncate(PLACES);
                if more > 0 {
                    places.push(format!("and {more} more"));
                }
                broken.first.push((shown.to_owned(), places.join("; ")));
            }
        }
    }

    /// A reader must know this.
    pub(super) fn notice(&mut self, text: String) {
        if self.notices.len() < NOTICES { self.notices.push(text) } else { self.notices_left_out += 1 }
    }

    /// The report; without results where no message came.
    pub(super) fn report(&self, authentication: &Authentication, profile: &str, run: Run) -> Report {
        let Run { url, started, took_ms } = run;
        let mut notices = Vec::new();
        if self.messages == 0 {
            notices.push(format!("No message came to {url}: check the URL that the sender calls, and that it sends."));
        }
        notices.extend(self.coverage.notices(self.messages));
        notices.extend(self.challenges.notices());
        notices.extend(self.notices.iter().cloned());
        if self.notices_left_out > 0 {
            notices.push(format!("{} more messages could not be kept as fixtures.", self.notices_left_out));
        }
        let rules = RULES.iter().filter(|rule| self.messages > 0 && rule.binds(authentication));
        let results = rules.map(|rule| {
            let clause = Clause::find(rule.clause).expect("the rules are tested to name clauses of the contract");
            let outcome = match self.broken.get(rule.clause) {
                Some(broken) => CaseOutcome::Failed(Box::new(self.failure(broken, clause, rule.mend))),
                None if self.asked.contains(rule.clause) => CaseOutcome::Passed,
                None => CaseOutcome::Skipped {
                    reason: rule.unseen(authentication).to_owned(),
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
                authentication: match authentication {
                    Authentication::None => "none",
                    Authentication::ClientSecret { .. } => "clientSecret",
                    Authentication::Basic(_) => "basic",
                },
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

    fn failure(&self, broken: &Broken, clause: &Clause, mend: &str) -> Failure {
        let first = broken.first.first().map(|(shown, _)| shown.as_str()).unwrap_or_default();
        let lines = broken.first.iter().map(|(shown, what)| format!("{shown}: {what}"));
        let mut came: Vec<String> = lines.collect();
        if broken.count > came.len() as u64 {
            came.push(format!("and {} more", broken.count - came.len() as u64));
        }
        Failure {
            request: format!("{first}: the first of {} that break the clause, of {} seen", broken.count, self.messages),
            expected: format!("{} (Source: {}.)", clause.text, clause.source),
            came: came.join("\n"),
            why: clause.why.map(str::to_owned),
            mend: mend.to_owned(),
            ..Failure::default()
        }
    }
}
