//! A run and all that it found, as data. Whoever runs cases makes it; the renderers only lay it out, and
//! `schemas/json/report.schema.json` says how it looks as JSON. No credential is ever in it: what could hold one is
//! masked before it comes here.

mod group;
mod harmless;
pub mod html;
pub mod json;
pub mod junit;
mod known;
pub mod markdown;
pub(crate) mod nearest;
pub mod terminal;
mod unproven;
mod verdict;

use jiff::Timestamp;
use schemas::{Clause, Level};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

pub(crate) use self::harmless::is_printable;
pub(crate) use self::unproven::{TIME_IS_OVER, TOO_SLOW};
pub use self::{
    known::{Known, KnownError},
    verdict::{Grade, Verdict},
};

/// A run of cases against one endpoint or one sender.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Program and version, such as `webhook-contract 0.1.0`.
    pub tool: String,
    /// What was tested.
    pub subject: Subject,
    /// When the run began.
    pub started: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What the made-up parts of messages came from; the same seed makes the same requests. Below 2^53,
    /// so that JavaScript reads it exactly.
    pub seed: u64,
    /// What a reader must know before the results: that nothing answered, that the plain message was refused, that a
    /// credential tells too little. Each is one or two whole sentences.
    pub notices: Vec<String>,
    /// In what every request differs from the plain valid message, because the endpoint refuses that message and accepts
    /// it with these differences. Each is half a sentence; there is none in a usual run.
    #[serde(default)]
    pub variations: Vec<String>,
    /// How fast the endpoint answered when it had nothing else to do, and what followed from that.
    #[serde(default)]
    pub pace: Option<Pace>,
    /// The options that limited the run, such as `--only AUTH-*`; without those of cases that are in the results as
    /// excluded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limited_by: Option<String>,
    /// The results, in the order of the catalogue.
    pub results: Vec<CaseResult>,
}

/// A kind of authentication by its name. (An alias, since serde would borrow a field that is spelled as a reference.)
type Kind = &'static str;

/// What was tested.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// Which side of the contract.
    pub kind: SubjectKind,
    /// The endpoint's URL, values of the query masked; or the address that was listened on for a sender.
    pub url: String,
    /// Which authentication: `none`, `clientSecret` or `basic`.
    #[serde(deserialize_with = "authentication")]
    pub authentication: Kind,
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

/// The pace of a run. Times are of single messages with nothing else under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pace {
    /// How long the acceptance of a plain valid message took, in milliseconds.
    pub accepted_ms: u64,
    /// How long the refusal of a wrong credential took, in milliseconds, where one was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_ms: Option<u64>,
    /// Greatest number of cases that ran at the same time.
    pub parallel: usize,
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseResult {
    /// The case's number, such as `AUTH-BASIC-007`, which it keeps for ever.
    pub id: String,
    /// The clause that it tests.
    pub clause: String,
    /// How binding that clause is.
    pub level: Level,
    /// A few words for the case.
    pub title: String,
    /// How long it took, in milliseconds; 0 where it was throttled or skipped.
    pub took_ms: u64,
    /// How long the endpoint did not accept the plain valid message any more after this case, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage_ms: Option<u64>,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: CaseOutcome,
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CaseOutcome {
    /// What was expected came.
    Passed,
    /// Something else came.
    Failed(Box<Failure>),
    /// The endpoint limits its load or is starting: a status such as 429 or 503 is all that came, so nothing is proven.
    Throttled {
        /// What came, as half a sentence.
        reason: String,
    },
    /// It was not run, or what came of it proves nothing.
    Skipped {
        /// Why not, as half a sentence.
        reason: String,
        /// The same for programs; reports of earlier versions have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        skip_code: Option<SkipCode>,
        /// The number of the case from which it follows, where it follows from one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caused_by: Option<String>,
    },
    /// It failed, and a file of known failures names it.
    Known(Box<KnownFailure>),
}

/// Why a case was not run, or why what came of it proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SkipCode {
    /// The credential, the URL or the endpoint lacks what the case needs.
    ConditionNotMet,
    /// The certificate is not valid, so no credential was sent.
    InvalidCertificate,
    /// The endpoint refuses the plain valid message, on which the case rests.
    PlainRefused,
    /// It shows nothing but what another case has shown already.
    SameCause,
    /// The endpoint stopped accepting plain valid messages and did not begin again.
    EndpointDown,
    /// The time of the run was over.
    OutOfTime,
    /// The endpoint takes too long for every message.
    TooSlow,
    /// Its request cannot be made.
    CannotBeSent,
    /// No answer of the run could show it.
    NothingObserved,
    /// It was left out with `--skip`.
    Excluded,
    /// A code of a later version.
    #[serde(other)]
    Other,
}

/// A failure that is known, so that it does not count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownFailure {
    /// Why it is accepted for now.
    pub reason: String,
    /// The last day on which it is known, such as `2027-03-31`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// What came.
    #[serde(flatten)]
    pub failure: Failure,
}

/// A case that failed, for the person who fixes the endpoint. Credentials are masked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The request as a command line of `curl` that one can paste, or as raw bytes where `curl` cannot send it.
    pub request: String,
    /// What was sent, as half a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
    /// The identifier of the flow in the message, by which the endpoint's own log has the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub came: String,
    /// Why it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How to fix it.
    pub mend: String,
    /// The one difference that decides, as a sentence, where the runner found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The setting of the endpoint's own stack, where what came shows which one it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// How many cases ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Cases that passed.
    pub passed: usize,
    /// Cases that failed.
    pub failed: usize,
    /// Cases that failed, and are known to.
    pub known: usize,
    /// Cases of which a status about load or start-up is all that came.
    pub throttled: usize,
    /// Cases that were not run, or left out on purpose.
    pub skipped: usize,
}

impl Tally {
    /// How these cases ended.
    fn of<'a>(results: impl Iterator<Item = &'a CaseResult>) -> Self {
        results.fold(Self::default(), |tally, result| match result.outcome {
            CaseOutcome::Passed => Self { passed: tally.passed + 1, ..tally },
            CaseOutcome::Failed(_) => Self { failed: tally.failed + 1, ..tally },
            CaseOutcome::Throttled { .. } => Self { throttled: tally.throttled + 1, ..tally },
            CaseOutcome::Known(_) => Self { known: tally.known + 1, ..tally },
            CaseOutcome::Skipped { .. } => Self { skipped: tally.skipped + 1, ..tally },
        })
    }
}

/// Whether a case of this level that fails decides: a MUST does, with `strict` a SHOULD as well.
fn decides(level: Level, strict: bool) -> bool {
    match level {
        Level::Must => true,
        Level::Should => strict,
        Level::May => false,
    }
}

impl CaseResult {
    /// What came of it, if it failed.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            CaseOutcome::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// What came of it, if it failed and is known to.
    pub fn known(&self) -> Option<&KnownFailure> {
        match &self.outcome {
            CaseOutcome::Known(known) => Some(known),
            _ => None,
        }
    }

    /// Whether it was left out with `--skip`.
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
    /// How many cases of this level ended how.
    pub fn tally(&self, level: Level) -> Tally {
        Tally::of(self.results.iter().filter(|result| result.level == level))
    }

    /// Whether every MUST holds, and with `strict` every SHOULD too. A skipped case breaks nothing, unless there was no
    /// time for it; a throttled case does not hold; a run that tested nothing holds nothing.
    pub fn holds(&self, strict: bool) -> bool {
        matches!(self.verdict(strict).grade, Grade::Clean | Grade::Holds)
    }
}

fn authentication<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
    let kind = String::deserialize(deserializer)?;
    let known = ["none", "clientSecret", "basic"].into_iter().find(|known| *known == kind);
    known.ok_or_else(|| D::Error::custom(format_args!("`{kind}` is not a kind of authentication")))
}
