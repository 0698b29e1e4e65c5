//! A script: what people do in a flow, in order, as a team writes it down in TOML.
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

use std::fmt;

use toml::de::{DeTable, DeValue};

use self::entry::Reader;
use super::{Action, Impossible, Run};
use crate::model::Model;

/// Actions in order, of which the steps, fields and values are known to be those of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// The actions.
    pub actions: Vec<ScriptAction>,
}

/// An action, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptAction {
    /// The line that it begins at, from 1.
    pub line: usize,
    /// What is done.
    pub action: Action,
}

/// Something that is wrong in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptProblem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

/// All that is wrong in a script, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", list(.0))]
pub struct ScriptProblems(pub Vec<ScriptProblem>);

/// An action of a script is not possible when its turn comes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {source}")]
pub struct Stuck {
    /// The line that the action begins at, from 1.
    pub line: usize,
    /// Why it is not possible.
    pub source: Impossible,
}

impl Script {
    /// Reads a script's TOML text and holds it against the model that it is for.
    ///
    /// # Errors
    /// When it is not TOML, has a key that no script has, or names a step, field or choice that the model has not, or
    /// gives a value that does not fit its field. All of it is said at once.
    pub fn parse(text: &str, model: &Model) -> Result<Self, ScriptProblems> {
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
        // TOML's tables do not keep the order of the file.
        reader.problems.sort_by_key(|problem| problem.line);
        Err(ScriptProblems(reader.problems))
    }

    /// Does all of it.
    ///
    /// # Errors
    /// At the first action that is not possible; what came before it was done.
    pub fn play(&self, run: &mut Run<'_>) -> Result<(), Stuck> {
        self.actions
            .iter()
            .try_for_each(|scripted| run.act(&scripted.action).map_err(|source| Stuck { line: scripted.line, source }))
    }
}

impl fmt::Display for ScriptProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

fn list(problems: &[ScriptProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// What a TOML value is, for people.
fn is_a(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
