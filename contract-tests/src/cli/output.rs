//! Words on the terminal: labels in colour, and what became of writing. Results go to stdout; errors and notes go to
//! stderr, so that a report on stdout is alone there.

use std::{
    fmt,
    io::{self, Write as _},
};

use anstyle::{AnsiColor, Style};
use schemas::log_command::{self, Notation};

use super::error::CliError;

/// A word in a style, with what follows it; the style is left out where there is no colour.
#[derive(Clone, Copy)]
pub(super) struct Label(Style, &'static str, &'static str);

pub(super) const ERROR: Label = Label(AnsiColor::Red.on_default().bold(), "error:", " ");
pub(super) const WARNING: Label = Label(AnsiColor::Yellow.on_default().bold(), "warning:", " ");
pub(super) const TIP: Label = Label(AnsiColor::Green.on_default(), "  tip:", " ");

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(style, word, after) = self;
        write!(f, "{style}{word}{style:#}{after}")
    }
}

/// Writes to stdout. A reader that has gone away, such as `head`, is no error.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::Output(error)),
        _ => Ok(()),
    }
}

/// Writes an error and its advice to stderr.
pub(super) fn tell(error: &CliError) -> io::Result<()> {
    let mut stderr = anstream::stderr().lock();
    writeln!(stderr, "{ERROR}{}", log_command::escape(&error.to_string(), Notation::Text))?;
    match error.advice() {
        Some(advice) => writeln!(stderr, "\n{TIP}{advice}"),
        None => Ok(()),
    }
}

/// Writes a line on what goes on to stderr.
pub(super) fn note(line: &str) -> io::Result<()> {
    writeln!(anstream::stderr().lock(), "{}", log_command::escape(line, Notation::Text))
}

/// Writes a warning to stderr.
pub(super) fn warn(line: &str) -> io::Result<()> {
    writeln!(anstream::stderr().lock(), "{WARNING}{line}")
}
