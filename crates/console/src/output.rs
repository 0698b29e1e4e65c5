//! Standard output and standard error. Results go to stdout; errors, warnings, notes and tips go to stderr, so that a
//! result in a pipe is alone there. A reader that went away, such as `head`, is not an error, and neither is a stderr
//! that cannot be written to. No text can be a command in the log of a CI job.

use std::{
    fmt::{self, Display},
    io::{self, Write as _},
};

use anstyle::{AnsiColor, Style};
use clap::{Args, ValueEnum};
use schemas::{
    log_command::{self, Notation},
    text::escape_json,
};

use crate::Error;

/// `--output`.
#[derive(Args, Clone, Copy, Debug)]
pub struct OutputArgs {
    /// Output format: text for people, or JSON for programs.
    #[arg(long = "output", id = "output", value_name = "FORMAT", default_value = "human", help_heading = None)]
    pub format: OutputFormat,
}

/// The format of what a command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "clap would make a list of them in every help")]
pub enum OutputFormat {
    Human,
    Json,
}

/// A label in colour, before a line on stderr.
#[derive(Clone, Copy)]
pub struct Label(Style, &'static str);

/// Before an error.
pub const ERROR: Label = Label(AnsiColor::Red.on_default().bold(), "error:");
const NOTE: Label = Label(AnsiColor::Cyan.on_default().bold(), "note:");
/// Before what to do next.
pub const TIP: Label = Label(AnsiColor::Green.on_default(), "  tip:");
const WARNING: Label = Label(AnsiColor::Yellow.on_default().bold(), "warning:");

impl Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(style, word) = self;
        write!(f, "{style}{word}{style:#}")
    }
}

/// Writes text to stdout.
///
/// # Errors
/// When it cannot be written, unless its reader went away.
pub fn write_stdout(text: &str) -> Result<(), Error> {
    unless_closed(try_write_stdout(text))
}

/// Writes text to stdout, for a command that ends when its reader goes away.
///
/// # Errors
/// When it cannot be written.
pub fn try_write_stdout(text: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(log_command::escape(text, Notation::Text).as_bytes())?;
    stdout.flush()
}

/// Writes JSON to stdout, safe on a terminal, with a line feed at its end.
///
/// # Errors
/// When it cannot be written, unless its reader went away.
pub fn write_json(json: &str) -> Result<(), Error> {
    let mut stdout = anstream::stdout().lock();
    unless_closed(writeln!(stdout, "{}", escape_json(json)).and_then(|()| stdout.flush()))
}

/// Writes bytes to stdout as they are.
///
/// # Errors
/// When they cannot be written, unless their reader went away.
pub fn write_bytes(bytes: &[u8]) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    unless_closed(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// Success where the reader went away.
///
/// # Errors
/// Any other error.
pub fn unless_closed(written: io::Result<()>) -> Result<(), Error> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Stdout(error)),
        _ => Ok(()),
    }
}

/// Prints an error, and what to do next.
pub fn print_error(message: impl Display, tip: Option<&str>) {
    line(format_args!("{ERROR} {message}"));
    if let Some(text) = tip {
        line(format_args!("\n{TIP} {text}"));
    }
}

/// Prints a warning.
pub fn warn(message: impl Display) {
    line(format_args!("{WARNING} {message}"));
}

/// Prints a note.
pub fn note(message: impl Display) {
    line(format_args!("{NOTE} {message}"));
}

/// Prints what to do next.
pub fn tip(text: impl Display) {
    line(format_args!("{TIP} {text}"));
}

/// Prints a line to stderr.
pub fn line(text: impl Display) {
    let text = text.to_string();
    // Where stderr cannot be written to, there is nowhere to report it.
    let _ = writeln!(anstream::stderr().lock(), "{}", log_command::escape(&text, Notation::Text));
}
