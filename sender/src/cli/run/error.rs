//! What goes wrong in a run before its first message is written or sent.

use std::{io, path::PathBuf};

use super::super::output::one_line;
use crate::{
    flow::{ActionError, ScriptError, ScriptProblem},
    model::NotPublished,
};

/// Most characters of a line that are shown: names come from files of others.
const LINE_MAX_CHARACTERS: usize = 1000;

/// Why a run does not happen. Its `Display` says what and where; [`Self::advice`] what to do.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum RunError {
    #[error("{}: {source}", path.display())]
    NotPublished { path: PathBuf, source: NotPublished },

    #[error("the script cannot be used:{}", listed(path, problems))]
    Script { path: PathBuf, problems: Vec<ScriptProblem> },

    #[error("the script stops here, and nothing was written:\n  {}:{}: {}", path.display(), error.line, shown(&error.source.to_string()))]
    ScriptAction { path: PathBuf, error: ScriptError },

    #[error("no webhook of {} sends a message on any path", path.display())]
    NothingFires { path: PathBuf },

    #[error("the model has more than {most} paths")]
    TooManyPaths { most: usize },

    #[error("the webhook `{}` has a client secret, and the profile `{profile}` has no place for one", shown(webhook))]
    NoPlaceForSecret { webhook: String, profile: String },

    #[error("{} holds {count} *.json {} already", path.display(), if *count == 1 { "file" } else { "files" })]
    Occupied { path: PathBuf, count: usize },

    #[error("cannot use the folder {}: {source}", path.display())]
    Folder { path: PathBuf, source: io::Error },

    #[error("{} is no folder", path.display())]
    NoFolder { path: PathBuf },
}

impl RunError {
    pub(in crate::cli) fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::NotPublished { .. } => "write `published = true` into the model when it is ready",
            Self::Script { .. } => "examples/scripts has whole scripts to begin with",
            Self::ScriptAction { error, .. } => return action_advice(&error.source),
            Self::NothingFires { .. } => "enable a webhook in the model; `webhook-sender model show` draws them",
            Self::TooManyPaths { .. } => {
                "write a script for the paths you care about, or take `sendBackTo` out of some approvals"
            }
            Self::NoPlaceForSecret { .. } => "add `clientSecret = \"/...\"` to the profile's [roles]",
            Self::Occupied { .. } => {
                "name another folder; --force writes here all the same and replaces only files of the same names"
            }
            Self::Folder { .. } | Self::NoFolder { .. } => "name a folder that can be made or written to",
        };
        Some(advice.to_owned())
    }
}

fn action_advice(source: &ActionError) -> Option<String> {
    let advice = match source {
        ActionError::NoComment { .. } => "add comment = \"...\" to that [[do]]",
        ActionError::NoSendBackTo { .. } => "use rejectAndComplete, or give the step a `sendBackTo` in the model",
        ActionError::NothingToSubmit { .. } => "use approve, rejectAndSendBack or rejectAndComplete",
        ActionError::NothingToDecide { .. } => "use submit",
        ActionError::NotAnActor { .. } | ActionError::NotTheirTurn { .. } | ActionError::AlreadyDecided { .. } => {
            "without `by`, the one whose turn it is acts"
        }
        _ => return None,
    };
    Some(advice.to_owned())
}

fn listed(path: &std::path::Path, problems: &[ScriptProblem]) -> String {
    let line =
        |problem: &ScriptProblem| format!("\n  {}:{}: {}", path.display(), problem.line, shown(&problem.message));
    problems.iter().map(line).collect()
}

fn shown(text: &str) -> String {
    one_line(text, LINE_MAX_CHARACTERS)
}
