//! When to use colour. `auto` is on for a terminal, off with `NO_COLOR`, a dumb terminal or a pipe.

use anstream::ColorChoice;
use clap::ValueEnum;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    /// As the streams take it.
    pub(super) fn choice(self) -> ColorChoice {
        match self {
            Self::Auto => ColorChoice::Auto,
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        }
    }

    /// What the arguments choose, before they are parsed.
    pub(super) fn wanted(arguments: impl Iterator<Item = String>) -> Option<Self> {
        let arguments: Vec<String> = arguments.take_while(|argument| argument != "--").collect();
        let spaced = arguments.windows(2).filter(|pair| pair[0] == "--color").map(|pair| pair[1].as_str());
        let joined = arguments.iter().filter_map(|argument| argument.strip_prefix("--color="));
        Self::from_str(joined.chain(spaced).last()?, false).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_found_before_parsing() {
        for (line, expected) in [
            ("check --color always", Some(ColorChoice::Always)),
            ("--color=never check", Some(ColorChoice::Never)),
            ("check --color maybe", None),
            ("check -- --color=never", None),
            ("check", None),
        ] {
            let found = Color::wanted(line.split(' ').map(str::to_owned)).map(Color::choice);
            assert_eq!(found, expected, "{line}");
        }
    }
}
