//! The report as JSON, for programs: `schemas/json/report.schema.json` says how it looks. It holds what the report
//! holds, and what can be worked out from it: the verdict and the counts.

use jiff::Timestamp;
use schemas::{
    Clause, Level,
    log_command::{self, Notation},
};
use serde::Serialize;

use super::{CaseResult, Pace, Report, Subject, Tally};

/// The version of the form; it changes only where a reader of the old one would go wrong.
const FORMAT: u32 = 1;

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
    summary: Summary,
    notices: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    variations: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pace: Option<Pace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limited_by: Option<&'a str>,
    results: &'a [CaseResult],
}

#[derive(Serialize)]
struct Summary {
    must: Tally,
    should: Tally,
    may: Tally,
}

/// Renders the report, judged as `--strict` or not.
pub fn render(report: &Report, strict: bool) -> String {
    let Report { tool, subject, started, took_ms, seed, notices, variations, pace, limited_by, results } = report;
    let [must, should, may] = Level::ALL.map(|level| report.tally(level));
    let json = Json {
        format: FORMAT,
        tool,
        subject,
        started: *started,
        took_ms: *took_ms,
        seed: *seed,
        strict,
        holds: report.holds(strict),
        summary: Summary { must, should, may },
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

/// Why a text is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It cannot be read at all.
    #[error(transparent)]
    Read(#[from] std::io::Error),
    /// It is not JSON, or not of the form.
    #[error(transparent)]
    Form(#[from] serde_json::Error),
    /// A case names a clause that this version of the contract lacks.
    #[error("case {case} tests clause {clause}, which this version of the contract does not have")]
    Clause {
        /// The case.
        case: String,
        /// The clause.
        clause: String,
    },
}

/// Reads what [`render`] wrote.
///
/// # Errors
/// When it is no such JSON, or names a clause that the contract does not have.
pub fn read(json: &[u8]) -> Result<Report, ReadError> {
    let report: Report = serde_json::from_slice(json)?;
    match report.results.iter().find(|result| Clause::find(&result.clause).is_none()) {
        Some(CaseResult { id, clause, .. }) => Err(ReadError::Clause { case: id.clone(), clause: clause.clone() }),
        None => Ok(report),
    }
}
