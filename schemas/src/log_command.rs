//! Commands that CI systems read from the log of a job: `::error::` at the beginning of a line and `##[error]` (GitHub
//! Actions, Forgejo), `##vso[…]` (Azure Pipelines), `##teamcity[…]`. A program that prints untrusted text must escape
//! them, or the text sets variables, hides lines and fakes errors.

use std::borrow::Cow;

/// The form of an escaped character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// For people: `\u{3a}`.
    Text,
    /// In JSON, where such characters occur in strings only: `\u003a`.
    Json,
    /// In HTML, XML and Markdown: `&#58;`.
    Markup,
}

/// The text with the first character of each command escaped. Nothing else changes. Colour sequences at the beginning of a
/// line are skipped, since they are stripped when there is no terminal.
pub fn escape(text: &str, notation: Notation) -> Cow<'_, str> {
    let mut escaped = String::new();
    let mut done = 0;
    let mut is_line_start = true;
    let mut skip_to = 0;
    for (at, character) in text.char_indices() {
        if at < skip_to {
            continue;
        }
        let rest = &text[at..];
        if is_line_start && character == '\u{1b}' {
            skip_to = at + sequence(rest);
            continue;
        }
        if (character == '#' && is_marked(rest)) || (is_line_start && is_workflow_command(rest)) {
            escaped.push_str(&text[done..at]);
            notation.escape_into(character, &mut escaped);
            done = at + character.len_utf8();
        }
        is_line_start = matches!(character, '\n' | '\r') || (is_line_start && character.is_whitespace());
    }
    if done == 0 {
        return text.into();
    }
    escaped.push_str(&text[done..]);
    escaped.into()
}

/// Length of the colour sequence that the text begins with, or of its first character.
fn sequence(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else { return 1 };
    let end = parameters.find(|character: char| !character.is_ascii_digit() && character != ';');
    end.map_or(text.len(), |end| 2 + end + parameters[end..].chars().next().map_or(0, char::len_utf8))
}

/// `##[`, `##vso[` and such, anywhere in a line.
fn is_marked(text: &str) -> bool {
    text.strip_prefix("##")
        .is_some_and(|rest| rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).starts_with('['))
}

/// `::name parameters::` at the beginning of a line.
fn is_workflow_command(text: &str) -> bool {
    let line = text.split(['\n', '\r']).next().unwrap_or_default();
    line.strip_prefix("::").is_some_and(|rest| rest.contains("::"))
}

impl Notation {
    /// Appends the escape of a character.
    pub(crate) fn escape_into(self, character: char, text: &mut String) {
        let number = u32::from(character);
        let escape = match (self, character) {
            (Self::Text | Self::Json, '\n' | '\r' | '\t') => character.escape_default().to_string(),
            (Self::Text, _) => format!("\\u{{{number:x}}}"),
            // Characters that are escaped are in the basic plane: one unit of UTF-16.
            (Self::Json, _) => format!("\\u{number:04x}"),
            (Self::Markup, _) => format!("&#{number};"),
        };
        text.push_str(&escape);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_ci_systems_are_broken_and_nothing_else() {
        for (text, expected) in [
            ("::error::x", r"\u{3a}:error::x"),
            ("  \t::set-output name=a::b", "  \t\\u{3a}:set-output name=a::b"),
            ("a\n::add-mask::b\n::c::", "a\n\\u{3a}:add-mask::b\n\\u{3a}:c::"),
            ("a\r::error::b", "a\r\\u{3a}:error::b"),
            ("\u{a0}\u{2003}::error::b", "\u{a0}\u{2003}\\u{3a}:error::b"),
            ("\u{1b}[2m \u{1b}[1;31m::error::b\u{1b}[0m", "\u{1b}[2m \u{1b}[1;31m\\u{3a}:error::b\u{1b}[0m"),
            ("\u{1b}::error::b", "\u{1b}\\u{3a}:error::b"),
            ("came ##[error]x ##[group]", r"came \u{23}#[error]x \u{23}#[group]"),
            ("###[error]", r"#\u{23}#[error]"),
            ("##vso[task.setvariable variable=a]b", r"\u{23}#vso[task.setvariable variable=a]b"),
            ("x ##teamcity[testFailed]", r"x \u{23}#teamcity[testFailed]"),
            // No commands.
            ("::1 refused", "::1 refused"),
            ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
            ("came ::error::x", "came ::error::x"),
            ("::error\n::", "::error\n::"),
            ("## Heading [a](b)", "## Heading [a](b)"),
            ("# [a]", "# [a]"),
            ("", ""),
            ("Zoë ##", "Zoë ##"),
        ] {
            assert_eq!(escape(text, Notation::Text), expected, "{text:?}");
            // What is escaped is not a command any more.
            assert_eq!(escape(expected, Notation::Text), expected, "{text:?}");
        }
        assert_eq!(escape("::a:: ##[b", Notation::Json), r"\u003a:a:: \u0023#[b");
        assert_eq!(escape("::a:: ##[b", Notation::Markup), "&#58;:a:: &#35;#[b");
        let json = serde_json::json!({ "came": "##[error]" }).to_string();
        let escaped = escape(&json, Notation::Json);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap()["came"], "##[error]");
    }
}
