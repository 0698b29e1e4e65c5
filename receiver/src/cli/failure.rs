//! What ends a command other than success.

use std::fmt::{self, Display};

use console::{CommandError, exit_code};

/// A message for people, what to do next, and an exit code.
#[derive(Debug)]
pub(super) struct Failure {
    exit_code: u8,
    message: String,
    tip: Option<String>,
}

impl Failure {
    pub(super) fn new(exit_code: u8, message: impl Display) -> Self {
        Self { exit_code, message: message.to_string(), tip: None }
    }

    /// The command did not do what it should.
    pub(super) fn failed(message: impl Display) -> Self {
        Self::new(exit_code::FAILURE, message)
    }

    /// The command line or the configuration is wrong.
    pub(super) fn usage(message: impl Display) -> Self {
        Self::new(exit_code::USAGE, message)
    }

    pub(super) fn tip(self, tip: impl Display) -> Self {
        Self { tip: Some(tip.to_string()), ..self }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl CommandError for Failure {
    fn tip(&self) -> Option<String> {
        self.tip.clone()
    }

    fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

impl From<console::Error> for Failure {
    fn from(error: console::Error) -> Self {
        let tip = error.tip();
        let is_usage = matches!(error, console::Error::Profile { .. } | console::Error::Secret(_));
        let failure = if is_usage { Self::usage(error) } else { Self::failed(error) };
        Self { tip, ..failure }
    }
}
