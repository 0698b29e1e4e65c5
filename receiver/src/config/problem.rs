//! What can be wrong with a configuration file.

use std::{
    fmt::{self, Write as _},
    io,
    path::PathBuf,
};

use super::FirstRunError;

/// A configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read the configuration {}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The first run's folder cannot be made or used.
    #[error(transparent)]
    FirstRun(FirstRunError),
    /// It is wrong in at least one place.
    #[error("{}", lines(problems))]
    Wrong {
        /// Everything that is wrong, in the order of the file.
        problems: Vec<ConfigProblem>,
    },
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The file.
    pub file: PathBuf,
    /// 1-based line.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}

fn lines(problems: &[ConfigProblem]) -> String {
    problems.iter().enumerate().fold(String::new(), |mut text, (index, problem)| {
        let separator = if index == 0 { "" } else { "\n" };
        write!(text, "{separator}{problem}").expect("a String takes everything");
        text
    })
}
