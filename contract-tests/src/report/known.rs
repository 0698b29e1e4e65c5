//! Known failures: a file names cases or clauses, each with a reason and optionally the last day. They do not count, but
//! every report lists and counts them.

use std::{collections::HashMap, fmt::Write as _, ops::Range};

use jiff::civil::Date;
use schemas::{Clause, text::collapse};
use serde::Deserialize;
use toml::Spanned;

use super::{CaseOutcome, CaseResult, KnownFailure, Report};
use crate::{Case, catalogue, listen::rule};

/// The entries of a file of known failures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownFailures {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// The number of a case or of a clause.
    id: String,
    is_clause: bool,
    reason: String,
    /// The last day on which it is known.
    until: Option<Date>,
    /// Its line in the file, from 1.
    line: usize,
}

/// An error in a file of known failures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct KnownFailuresError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, with its key.
    pub what: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    known: Vec<Spanned<RawEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    case: Option<Spanned<String>>,
    clause: Option<Spanned<String>>,
    reason: Option<Spanned<String>>,
    until: Option<Spanned<toml::Value>>,
}

impl KnownFailures {
    /// Reads a file's text.
    ///
    /// # Errors
    /// All errors in it: invalid TOML, an unknown key, case or clause, a missing reason, an invalid date, a repeated entry.
    pub fn read(text: &str) -> Result<Self, Vec<KnownFailuresError>> {
        let line_of = |span: Range<usize>| 1 + text[..span.start.min(text.len())].matches('\n').count();
        let raw: RawFile = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, line_of);
            vec![KnownFailuresError { line, what: error.message().to_owned() }]
        })?;
        let (mut entries, mut errors) = (Vec::new(), Vec::new());
        let mut lines: HashMap<String, usize> = HashMap::new();
        for entry in raw.known {
            // The span of an entry begins at its header.
            let line = line_of(entry.span());
            let mut wrong = |line: usize, what: String| errors.push(KnownFailuresError { line, what });
            let RawEntry { case, clause, reason, until } = entry.into_inner();
            let (key, id) = match (case, clause) {
                (Some(case), None) => ("case", case),
                (None, Some(clause)) => ("clause", clause),
                (Some(_), Some(clause)) => {
                    let line = line_of(clause.span());
                    wrong(line, "an entry has both `case` and `clause`; split it into two".to_owned());
                    continue;
                }
                (None, None) => {
                    wrong(line, "`case` or `clause` is missing".to_owned());
                    continue;
                }
            };
            let id_line = line_of(id.span());
            let id = id.into_inner();
            if let Some(what) = unknown(key, &id) {
                wrong(id_line, what);
            }
            match lines.get(&id) {
                Some(first) => wrong(id_line, format!("`{key}`: {id} is already listed in line {first}")),
                None => drop(lines.insert(id.clone(), id_line)),
            }
            let reason = match reason {
                Some(reason) if !reason.get_ref().trim().is_empty() => reason.into_inner(),
                Some(reason) => {
                    wrong(line_of(reason.span()), format!("`reason` of {id} is empty"));
                    String::new()
                }
                None => {
                    wrong(id_line, format!("`reason` of {id} is missing"));
                    String::new()
                }
            };
            let until = until.and_then(|until| {
                let line = line_of(until.span());
                let written = match until.get_ref() {
                    toml::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let date = (written.len() == 10).then(|| written.parse::<Date>().ok()).flatten();
                if date.is_none() {
                    wrong(line, format!("`until` of {id}: `{written}` is not a date; write it as 2027-03-31"));
                }
                date
            });
            entries.push(Entry { id, is_clause: key == "clause", reason, until, line: id_line });
        }
        if errors.is_empty() { Ok(Self { entries }) } else { Err(errors) }
    }

    /// The entry for a case, or for its clause.
    fn entry(&self, result: &CaseResult) -> Option<&Entry> {
        let names = |entry: &&Entry, is_clause: bool| entry.is_clause == is_clause && entry.names(result);
        let entries = || self.entries.iter();
        entries().find(|entry| names(entry, false)).or_else(|| entries().find(|entry| names(entry, true)))
    }
}

impl Entry {
    fn names(&self, result: &CaseResult) -> bool {
        self.id == if self.is_clause { result.clause.as_str() } else { result.id.as_str() }
    }

    fn has_ended(&self, today: Date) -> bool {
        self.until.is_some_and(|until| until < today)
    }
}

/// The error for an unknown number.
fn unknown(key: &str, id: &str) -> Option<String> {
    // A run against a sender has one case per rule.
    let clause_of_sender = id.strip_prefix("SENDER-");
    let is_case = Case::all().iter().any(|case| case.id == id) || clause_of_sender.is_some_and(rule::is_judged);
    let is_clause = Clause::find(id).is_some();
    match key {
        "case" if is_case => None,
        "clause" if is_clause => None,
        "case" if is_clause => Some(format!("`case`: {id} is a clause; write clause = \"{id}\"")),
        "clause" if is_case => Some(format!("`clause`: {id} is a case; write case = \"{id}\"")),
        _ => {
            let tip = catalogue::suggest(id).map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
            Some(format!("`{key}`: there is no {key} {id}{tip}"))
        }
    }
}

impl Report {
    /// Marks the failures that are known on this day. Notices report the entries that pass and those that have ended.
    pub fn apply(&mut self, known: &KnownFailures, today: Date) {
        for result in &mut self.results {
            let failure = match &result.outcome {
                CaseOutcome::Failed(failure) => failure,
                CaseOutcome::Known(before) => &before.failure,
                _ => continue,
            };
            let failure = failure.clone();
            result.outcome = match known.entry(result) {
                Some(Entry { reason, until, .. }) if !until.is_some_and(|until| until < today) => {
                    let until = until.map(|until| until.to_string());
                    CaseOutcome::Known(Box::new(KnownFailure { reason: reason.clone(), until, failure }))
                }
                _ => CaseOutcome::Failed(Box::new(failure)),
            };
        }
        let notices = known.entries.iter().filter_map(|entry| self.notice_of(entry, today));
        let notices: Vec<String> = notices.filter(|notice| !self.notices.contains(notice)).collect();
        self.notices.extend(notices);
    }

    /// The notice on an entry whose cases pass again, or that has ended.
    fn notice_of(&self, entry: &Entry, today: Date) -> Option<String> {
        let Entry { id, line, until, .. } = entry;
        let named = || self.results.iter().filter(|result| entry.names(result));
        let fails = named().any(|result| matches!(result.outcome, CaseOutcome::Failed(_) | CaseOutcome::Known(_)));
        let passes = named().any(|result| result.outcome == CaseOutcome::Passed);
        let unsure = named().any(|result| matches!(result.outcome, CaseOutcome::Throttled { .. }));
        match until {
            Some(until) if fails && entry.has_ended(today) => Some(format!(
                "{id} was a known failure until {until} (line {line}) and still fails, so it counts again: fix it, or \
                 give its entry a later date."
            )),
            _ if passes && !fails && !unsure => Some(format!(
                "{id} is listed as a known failure (line {line}) and passes: delete its entry, so that it counts if it \
                 fails again."
            )),
            _ => None,
        }
    }

    /// A file of known failures with all failures of this report.
    pub fn known_file(&self, today: Date) -> String {
        let mut file = format!(
            "# Known failures of {}.\n# Each entry names a `case` or a `clause`, has a `reason`, and may have `until`, the \
             last day on which it is known.\n",
            collapse(&self.subject.url)
        );
        for result in &self.results {
            let failure = match &result.outcome {
                CaseOutcome::Failed(failure) => failure,
                CaseOutcome::Known(known) => &known.failure,
                _ => continue,
            };
            let (reason, until) = match &result.outcome {
                CaseOutcome::Known(known) => (known.reason.clone(), known.until.clone()),
                _ => (format!("Found on {today}: {}", first_line(&failure.actual)), None),
            };
            let reason = toml::Value::String(reason);
            let until = match until {
                Some(until) => format!("until = {until}"),
                None => format!("# until = {}", today.saturating_add(jiff::Span::new().days(90))),
            };
            let id = toml::Value::String(result.id.clone());
            let (clause, title) = (&result.clause, collapse(&result.title));
            // Writing to a String does not fail.
            let _ = write!(
                file,
                "\n[[known]]\ncase = {id}  # {} {clause}: {title}\nreason = {reason}\n{until}\n",
                result.level,
            );
        }
        file
    }
}

/// The first line of a text, or its beginning.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_key_and_line() {
        for (text, expected) in [
            ("", &[][..]),
            ("[[known]]\ncase = \"HTTP-034\"\nreason = \"r\"\nuntil = 2027-03-31\n", &[]),
            ("[[known]]\nclause = \"HTTP-13\"\nreason = \"r\"\nuntil = \"2027-03-31\"\n", &[]),
            ("known = 3", &["line 1: invalid type: integer `3`, expected a sequence"]),
            ("\n[[known]]\ncase = ", &["line 3:"]),
            ("[[knwon]]\ncase = \"HTTP-034\"", &["line 1: unknown field `knwon`, expected `known`"]),
            (
                "[[known]]\ncase = \"HTTP-034\"\nresaon = \"r\"",
                &["line 3: unknown field `resaon`, expected one of `case`, `clause`, `reason`, `until`"],
            ),
            ("[[known]]\nreason = \"r\"", &["line 1: `case` or `clause` is missing"]),
            (
                "[[known]]\ncase = \"HTTP-034\"\nclause = \"HTTP-13\"\nreason = \"r\"",
                &["line 3: an entry has both `case` and `clause`; split it into two"],
            ),
            (
                "[[known]]\ncase = \"HTTP-34\"\nreason = \"r\"",
                &["line 2: `case`: there is no case HTTP-34; did you mean HTTP-034?"],
            ),
            (
                "[[known]]\ncase = \"HTTP-13\"\nreason = \"r\"\n[[known]]\nclause = \"HTTP-034\"\nreason = \"r\"",
                &[
                    "line 2: `case`: HTTP-13 is a clause; write clause = \"HTTP-13\"",
                    "line 5: `clause`: HTTP-034 is a case; write case = \"HTTP-034\"",
                ],
            ),
            ("[[known]]\ncase = \"SENDER-HTTP-1\"\nreason = \"r\"", &[]),
            (
                "[[known]]\ncase = \"SENDER-HTTP-13\"\nreason = \"r\"",
                &["line 2: `case`: there is no case SENDER-HTTP-13"],
            ),
            ("[[known]]\ncase = \"HTTP-034\"", &["line 2: `reason` of HTTP-034 is missing"]),
            ("[[known]]\ncase = \"HTTP-034\"\nreason = \" \"", &["line 3: `reason` of HTTP-034 is empty"]),
            (
                "[[known]]\ncase = \"HTTP-034\"\nreason = \"r\"\nuntil = \"soon\"\n\
                 [[known]]\ncase = \"HTTP-034\"\nreason = \"r\"\nuntil = 2027-03-31T10:00:00Z",
                &[
                    "line 4: `until` of HTTP-034: `soon` is not a date; write it as 2027-03-31",
                    "line 6: `case`: HTTP-034 is already listed in line 2",
                    "line 8: `until` of HTTP-034: `2027-03-31T10:00:00Z` is not a date; write it as 2027-03-31",
                ],
            ),
            (
                "[[known]]\ncase = \"HTTP-034\"\nreason = \"r\"\nuntil = \"2027-02-30\"",
                &["line 4: `until` of HTTP-034: `2027-02-30` is not a date; write it as 2027-03-31"],
            ),
        ] {
            let told = KnownFailures::read(text).err().unwrap_or_default();
            let told: Vec<String> = told.iter().map(ToString::to_string).collect();
            let fit = told.iter().zip(expected).all(|(told, expected)| told.starts_with(expected));
            assert!(told.len() == expected.len() && fit, "{text}: {told:?}");
        }
    }
}
