//! Problems of a configuration.

use std::{fmt, io, path::PathBuf};

use super::FirstRunError;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    #[error("cannot read the configuration {}: {source}", file.display())]
    Read { file: PathBuf, source: io::Error },
    #[error(transparent)]
    FirstRun(FirstRunError),
    /// It has at least one problem; all are listed, in the order of the file.
    #[error("{}", lines(problems))]
    Wrong { problems: Vec<ConfigProblem> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    pub message: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}

fn lines(problems: &[ConfigProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
