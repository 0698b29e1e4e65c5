//! The body of an error answer (RFC 9457). It says nothing that an attacker can use: never which credential was wrong,
//! never what was expected, never a value of the message.

use schemas::Violation;
use serde::Serialize;

/// An error answer's body; `json/problem.schema.json` is its form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is (RFC 9457 section 4.2.1).
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status' standard phrase.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// A stable word for programs.
    pub code: &'static str,
    /// What happened and what to do, for people.
    pub detail: String,
    /// The rules that the message breaks, where that is the problem.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
}
