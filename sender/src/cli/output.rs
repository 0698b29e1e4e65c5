//! Words on the terminal: the form of the output, labels in colour, and untrusted text made safe to print.

use std::{borrow::Cow, io, time::Duration};

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use schemas::log_command::{self, Notation};

use super::error::CliError;
pub(super) use schemas::text::one_line;

/// The form of what a command prints: for people or for programs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Human,
    Json,
}

/// A word in a style, with what follows it; the style is left out where there is no colour.
#[derive(Clone, Copy)]
pub(super) struct Label(Style, &'static str, &'static str);

pub(super) const ERROR: Label = Label(AnsiColor::Red.on_default().bold(), "error:", " ");
pub(super) const NOTE: Label = Label(AnsiColor::Cyan.on_default().bold(), "note:", " ");
pub(super) const WARNING: Label = Label(AnsiColor::Yellow.on_default().bold(), "warning:", " ");
pub(super) const TIP: Label = Label(AnsiColor::Green.on_default(), "  tip:", " ");

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(style, word, after) = self;
        write!(f, "{style}{word}{style:#}{after}")
    }
}

/// The result of writing. A reader that has gone away, such as `head`, is no error.
pub(super) fn say(written: io::Result<()>) -> Result<(), CliError> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::Output(error)),
        _ => Ok(()),
    }
}

/// JSON as it is printed: the same JSON, but no string in it is a command in the log of a CI job.
pub(super) fn json(text: &str) -> Cow<'_, str> {
    log_command::escape(text, Notation::Json)
}

/// So many of something, whose plural is regular.
pub(super) fn plural(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// Bytes in words: exact up to 1000, then in kB or MB.
pub(super) fn size(bytes: usize) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// A span of time in words.
pub(super) fn span(took: Duration) -> String {
    match took.as_millis() {
        0 => "under 1 ms".to_owned(),
        milliseconds @ 1..10_000 => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, expected) in
            [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1540, "1.5 kB"), (4_194_304, "4.2 MB")]
        {
            assert_eq!(size(bytes), expected);
        }
    }
}
