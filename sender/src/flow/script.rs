//! A script: the actions of people in a flow, in order, as TOML.
//!
//! ```toml
//! [[do]]
//! step = "Leave request"
//! action = "submit"
//! by = "sam@example.com"
//! [do.fields]
//! "First day" = 2026-12-21
//!
//! [[do]]
//! step = "Approve leave"
//! action = "rejectAndSendBack"
//! comment = "Two of the team are away that week."
//! ```

mod entry;
mod value;

use toml::de::{DeTable, DeValue};

use self::entry::Reader;
use super::{Action, ActionError, Run};
use crate::model::Model;

/// Actions in order, whose steps, fields and values are checked against a model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Script {
    pub(crate) actions: Vec<ScriptAction>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScriptAction {
    /// Its first line, from 1.
    pub(crate) line: usize,
    pub(crate) action: Action,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub(crate) struct ScriptProblem {
    /// The line, from 1.
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// Every problem of a script, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub(crate) struct ScriptProblems(pub Vec<ScriptProblem>);

/// An action of a script is impossible at its turn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {source}")]
pub(crate) struct ScriptError {
    /// The action's first line, from 1.
    pub(crate) line: usize,
    pub(crate) source: ActionError,
}

impl Script {
    /// Reads a script's TOML text and checks it against its model.
    ///
    /// # Errors
    /// When it is not TOML, has an unknown key, names a step, field or choice that is not in the model, or has a value that
    /// does not fit its field. The error has every problem.
    pub(crate) fn parse(text: &str, model: &Model) -> Result<Self, ScriptProblems> {
        let mut reader = Reader::new(text, model);
        let actions = match DeTable::parse(text) {
            Ok(file) => reader.file(file.get_ref()),
            Err(error) => {
                reader.problem(error.span().map_or(0, |span| span.start), error.message().trim());
                Vec::new()
            }
        };
        if reader.problems.is_empty() {
            return Ok(Self { actions });
        }
        // TOML tables do not keep the order of the file.
        reader.problems.sort_by_key(|problem| problem.line);
        Err(ScriptProblems(reader.problems))
    }

    /// Performs all actions.
    ///
    /// # Errors
    /// At the first impossible action; the ones before it are done.
    pub(crate) fn run(&self, run: &mut Run<'_>) -> Result<(), ScriptError> {
        self.actions.iter().try_for_each(|scripted| {
            run.act(&scripted.action).map_err(|source| ScriptError { line: scripted.line, source })
        })
    }
}

/// The type of a TOML value, for error messages.
fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
