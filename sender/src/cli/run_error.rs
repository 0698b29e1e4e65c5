//! The errors of a run before its first message is written or sent.

use std::{io, path::PathBuf};

use schemas::text::one_line;

use crate::{
    flow::{ActionError, ScriptError, ScriptProblem},
    model::NotPublished,
};

/// Maximum number of characters of a line: names come from untrusted files.
const LINE_MAX_CHARACTERS: usize = 1000;

/// Why a run cannot start; [`Self::tip`] is what to do next.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
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

    #[error("{} already contains {count} *.json {}", path.display(), if *count == 1 { "file" } else { "files" })]
    Occupied { path: PathBuf, count: usize },

    #[error("cannot use the folder {}: {source}", path.display())]
    Folder { path: PathBuf, source: io::Error },

    #[error("{} is not a folder", path.display())]
    NoFolder { path: PathBuf },
}

impl RunError {
    pub(super) fn tip(&self) -> Option<String> {
        let tip = match self {
            Self::NotPublished { .. } => "write `published = true` in the model when it is ready",
            Self::Script { .. } => "examples/scripts has complete scripts to start from",
            Self::ScriptAction { error, .. } => return action_tip(&error.source),
            Self::NothingFires { .. } => "enable a webhook in the model; `webhook-sender model show` draws them",
            Self::TooManyPaths { .. } => {
                "write a script for the paths you care about, or take `sendBackTo` out of some approvals"
            }
            Self::NoPlaceForSecret { .. } => "add `clientSecret = \"/...\"` to the profile's [roles]",
            Self::Occupied { .. } => "name another folder, or replace files of the same names with --force",
            Self::Folder { .. } | Self::NoFolder { .. } => "name a folder that can be created or written to",
        };
        Some(tip.to_owned())
    }
}

fn action_tip(source: &ActionError) -> Option<String> {
    let tip = match source {
        ActionError::NoComment { .. } => "add comment = \"...\" to that [[do]]",
        ActionError::NoSendBackTo { .. } => "use rejectAndComplete, or give the step a `sendBackTo` in the model",
        ActionError::NothingToSubmit { .. } => "use approve, rejectAndSendBack or rejectAndComplete",
        ActionError::NothingToDecide { .. } => "use submit",
        ActionError::NotAnActor { .. } | ActionError::NotTheirTurn { .. } | ActionError::AlreadyDecided { .. } => {
            "without `by`, the person whose turn it is acts"
        }
        _ => return None,
    };
    Some(tip.to_owned())
}

fn listed(path: &std::path::Path, problems: &[ScriptProblem]) -> String {
    let line =
        |problem: &ScriptProblem| format!("\n  {}:{}: {}", path.display(), problem.line, shown(&problem.message));
    problems.iter().map(line).collect()
}

fn shown(text: &str) -> String {
    one_line(text, LINE_MAX_CHARACTERS)
}
