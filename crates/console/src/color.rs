//! `--color`: on a terminal by default, off with `NO_COLOR`, on a dumb terminal and in a pipe.

use std::env;

use anstream::ColorChoice;
use clap::{Args, ValueEnum};

const COLOR_VARIABLE: &str = "WEBHOOK_COLOR";

/// The global option for colour.
#[derive(Args, Clone, Copy, Debug)]
pub struct ColorArgs {
    /// When to use colour; `auto` uses it on a terminal, unless NO_COLOR is set.
    #[arg(
        long,
        global = true,
        env = COLOR_VARIABLE,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Global options"
    )]
    color: clap::ColorChoice,
}

impl ColorArgs {
    /// Applies the choice to both output streams.
    pub fn apply(self) {
        choice(self.color).write_global();
    }
}

fn choice(color: clap::ColorChoice) -> ColorChoice {
    match color {
        clap::ColorChoice::Auto => ColorChoice::Auto,
        clap::ColorChoice::Always => ColorChoice::Always,
        clap::ColorChoice::Never => ColorChoice::Never,
    }
}

fn find(mut arguments: impl Iterator<Item = String>, variable: Option<String>) -> Option<clap::ColorChoice> {
    let mut wanted = variable;
    while let Some(argument) = arguments.next().filter(|argument| argument != "--") {
        match argument.strip_prefix("--color") {
            Some("") => wanted = arguments.next(),
            Some(value) if value.starts_with('=') => wanted = Some(value[1..].to_owned()),
            _ => {}
        }
    }
    clap::ColorChoice::from_str(&wanted?, false).ok()
}

/// Applies the choice before the arguments are parsed: clap prints its own errors while it parses.
pub(crate) fn apply_early() {
    let arguments = env::args_os().filter_map(|argument| argument.into_string().ok());
    if let Some(color) = find(arguments, env::var(COLOR_VARIABLE).ok()) {
        choice(color).write_global();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_found_before_parsing() {
        for (line, variable, expected) in [
            ("check --color always", None, Some(ColorChoice::Always)),
            ("--color=never check", None, Some(ColorChoice::Never)),
            ("--color=never check", Some("always"), Some(ColorChoice::Never)),
            ("check --color maybe", None, None),
            ("check -- --color=never", None, None),
            ("check", Some("always"), Some(ColorChoice::Always)),
            ("check", None, None),
        ] {
            let found = find(line.split(' ').map(str::to_owned), variable.map(str::to_owned));
            assert_eq!(found.map(choice), expected, "{line}");
        }
    }
}
