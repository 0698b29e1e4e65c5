//! The results of a run as data. The renderers only lay it out; `schemas/json/report.schema.json` defines its JSON. It has no
//! credential: they are masked before.

mod group;
pub mod html;
pub mod json;
pub mod junit;
mod known;
pub mod markdown;
pub mod terminal;
mod unfinished;
mod verdict;

use jiff::Timestamp;
use schemas::{Clause, Level};
use serde::{Deserialize, Serialize};

pub use self::{
    known::{KnownFailures, KnownFailuresError},
    verdict::{Grade, Verdict},
};
use crate::case::AuthenticationKind;

/// A run of cases against one endpoint or one sender.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Program and version, such as `webhook-contract 0.1.0`.
    pub tool: String,
    /// What was tested.
    pub subject: Subject,
    /// When the run started.
    pub started: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The seed of the random parts of messages; the same seed makes the same requests. Below 2^53, so that JavaScript reads
    /// it exactly.
    pub seed: u64,
    /// What a reader must know before the results: that nothing answered, that the plain message was refused, that another
    /// credential would prove more. Each is one or two sentences.
    pub notices: Vec<String>,
    /// The differences between every request and the plain valid message, if the endpoint accepts that only with them. Each
    /// is half a sentence.
    #[serde(default)]
    pub variations: Vec<String>,
    /// How fast the endpoint answered a single message, and how many cases ran at the same time.
    #[serde(default)]
    pub pace: Option<PaceSummary>,
    /// The options that limited the run, such as `--only AUTH-*`, except those whose cases are in the results as excluded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limited_by: Option<String>,
    /// The results, in the order of the catalogue.
    pub results: Vec<CaseResult>,
}

/// What was tested.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// Which side of the contract.
    pub kind: SubjectKind,
    /// The endpoint's URL, values of the query masked; or the address that was listened on for a sender.
    pub url: String,
    /// Which authentication.
    pub authentication: AuthenticationKind,
    /// The profile's name.
    pub profile: String,
}

/// A side of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SubjectKind {
    /// A program that receives.
    Endpoint,
    /// A program that sends.
    Sender,
}

/// The pace of a run. Times are of single messages while nothing else was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaceSummary {
    /// How long the acceptance of a plain valid message took, in milliseconds.
    pub accepted_ms: u64,
    /// How long the refusal of a wrong credential took, in milliseconds, if it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_ms: Option<u64>,
    /// Greatest number of cases that ran at the same time.
    pub parallel: usize,
}

/// The result of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseResult {
    /// The case's number, such as `AUTH-BASIC-007`, which never changes.
    pub id: String,
    /// The clause that it tests.
    pub clause: String,
    /// The level of that clause.
    pub level: Level,
    /// The case's title.
    pub title: String,
    /// How long it took, in milliseconds; 0 if it was throttled or skipped.
    pub took_ms: u64,
    /// How long the endpoint did not accept the plain valid message after this case, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage_ms: Option<u64>,
    /// Its outcome.
    #[serde(flatten)]
    pub outcome: CaseOutcome,
}

/// The outcome of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CaseOutcome {
    /// The answer was as expected.
    Passed,
    /// The answer was not as expected.
    Failed(Box<Failure>),
    /// The endpoint limits its load or is starting: all answers had a status such as 429 or 503, so nothing is proven.
    Throttled {
        /// The answers, as half a sentence.
        reason: String,
    },
    /// It was not run, or it proves nothing.
    Skipped {
        /// Why not, as half a sentence.
        reason: String,
        /// The reason for programs; reports of earlier versions do not have it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        skip_code: Option<SkipCode>,
        /// The number of the case that caused it, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caused_by: Option<String>,
    },
    /// It failed, and a file of known failures lists it.
    Known(Box<KnownFailure>),
}

/// Why a case was not run or proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SkipCode {
    /// The credential, the URL or the endpoint lacks what the case needs.
    ConditionNotMet,
    /// The certificate is not valid, so no credential was sent.
    InvalidCertificate,
    /// The endpoint refuses the plain valid message, on which the case depends.
    PlainRefused,
    /// It would only repeat the finding of another case.
    SameCause,
    /// The endpoint stopped accepting plain valid messages until the end.
    EndpointDown,
    /// The run ran out of time.
    OutOfTime,
    /// The endpoint is too slow for every message.
    TooSlow,
    /// Its request cannot be sent.
    CannotBeSent,
    /// No answer of the run showed it.
    NothingObserved,
    /// It was excluded with `--skip`.
    Excluded,
    /// A code of a later version.
    #[serde(other)]
    Other,
}

/// A known failure, which does not count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownFailure {
    /// Why it is accepted for now.
    pub reason: String,
    /// The last day on which it is known, such as `2027-03-31`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The failure.
    #[serde(flatten)]
    pub failure: Failure,
}

/// A case that failed, for the person who fixes the endpoint. Credentials are masked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The request as a `curl` command line, or as raw bytes if `curl` cannot send it.
    pub request: String,
    /// A description of the request, as half a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
    /// The flow identifier in the message, to find the request in the endpoint's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    /// What was expected.
    pub expected: String,
    /// What came instead.
    #[serde(rename = "came")]
    pub actual: String,
    /// Why it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How to fix it.
    #[serde(rename = "mend")]
    pub fix: String,
    /// The difference that causes the failure, as a sentence, if the runner found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The setting of the endpoint's software, if the answer shows which software it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Number of cases by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OutcomeCounts {
    /// Cases that passed.
    pub passed: usize,
    /// Cases that failed.
    pub failed: usize,
    /// Cases with a known failure.
    pub known: usize,
    /// Cases that were throttled.
    pub throttled: usize,
    /// Cases that were skipped.
    pub skipped: usize,
}

impl OutcomeCounts {
    fn of<'a>(results: impl Iterator<Item = &'a CaseResult>) -> Self {
        results.fold(Self::default(), |counts, result| match result.outcome {
            CaseOutcome::Passed => Self { passed: counts.passed + 1, ..counts },
            CaseOutcome::Failed(_) => Self { failed: counts.failed + 1, ..counts },
            CaseOutcome::Throttled { .. } => Self { throttled: counts.throttled + 1, ..counts },
            CaseOutcome::Known(_) => Self { known: counts.known + 1, ..counts },
            CaseOutcome::Skipped { .. } => Self { skipped: counts.skipped + 1, ..counts },
        })
    }
}

/// Whether a failing case of this level counts: a MUST does, and with `strict` a SHOULD.
fn decides(level: Level, strict: bool) -> bool {
    match level {
        Level::Must => true,
        Level::Should => strict,
        Level::May => false,
    }
}

impl CaseResult {
    /// Its failure, if it failed.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            CaseOutcome::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// Its known failure, if it has one.
    pub fn known(&self) -> Option<&KnownFailure> {
        match &self.outcome {
            CaseOutcome::Known(known) => Some(known),
            _ => None,
        }
    }

    /// Whether it was excluded with `--skip`.
    pub fn is_excluded(&self) -> bool {
        matches!(self.outcome, CaseOutcome::Skipped { skip_code: Some(SkipCode::Excluded), .. })
    }

    /// The clause that the case tests.
    ///
    /// # Panics
    /// When the contract has no such clause; the catalogue is tested to name none.
    pub fn clause(&self) -> &'static Clause {
        Clause::find(&self.clause).expect("the catalogue is tested to name clauses of the contract only")
    }
}

impl Report {
    /// Counts the cases of this level by outcome.
    pub fn counts(&self, level: Level) -> OutcomeCounts {
        OutcomeCounts::of(self.results.iter().filter(|result| result.level == level))
    }
}
