//! The report as JSON, defined by `schemas/json/report.schema.json`: the report itself, and the verdict and counts derived
//! from it.

use jiff::Timestamp;
use schemas::{
    Clause, Level,
    log_command::{self, Notation},
};
use serde::Serialize;

use super::{CaseResult, OutcomeCounts, PaceSummary, Report, Subject};

/// The version of the format; it changes only if a reader of the old one would be wrong.
const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    format: u32,
    tool: &'a str,
    subject: &'a Subject,
    started: Timestamp,
    took_ms: u64,
    seed: u64,
    strict: bool,
    holds: bool,
    summary: LevelCounts,
    notices: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    variations: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pace: Option<PaceSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limited_by: Option<&'a str>,
    results: &'a [CaseResult],
}

#[derive(Serialize)]
struct LevelCounts {
    must: OutcomeCounts,
    should: OutcomeCounts,
    may: OutcomeCounts,
}

/// Renders the report, judged as `--strict` or not.
pub fn render(report: &Report, strict: bool) -> String {
    let Report { tool, subject, started, took_ms, seed, notices, variations, pace, limited_by, results } = report;
    let [must, should, may] = Level::ALL.map(|level| report.counts(level));
    let json = Json {
        format: FORMAT_VERSION,
        tool,
        subject,
        started: *started,
        took_ms: *took_ms,
        seed: *seed,
        strict,
        holds: report.holds(strict),
        summary: LevelCounts { must, should, may },
        notices,
        variations,
        pace: *pace,
        limited_by: limited_by.as_deref(),
        results,
    };
    let mut text = serde_json::to_string_pretty(&json).expect("a report has no map and no number that JSON lacks");
    text.push('\n');
    log_command::escape(&text, Notation::Json).into_owned()
}

/// Why a text is not a report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages describe the fields")]
pub enum ReadError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] std::io::Error),
    /// It is not JSON, or not a report.
    #[error(transparent)]
    Form(#[from] serde_json::Error),
    /// A case names a clause that this version of the contract lacks.
    #[error("case {case} tests clause {clause}, which this version of the contract does not have")]
    Clause { case: String, clause: String },
}

/// Reads what [`render`] wrote.
///
/// # Errors
/// When it is not such JSON, or names a clause that the contract does not have.
pub fn read(json: &[u8]) -> Result<Report, ReadError> {
    let report: Report = serde_json::from_slice(json)?;
    match report.results.iter().find(|result| Clause::find(&result.clause).is_none()) {
        Some(CaseResult { id, clause, .. }) => Err(ReadError::Clause { case: id.clone(), clause: clause.clone() }),
        None => Ok(report),
    }
}
