//! Text from elsewhere, made safe to show: on a terminal, in a table, in a report, in the log of a CI job.

use std::borrow::Cow;

use crate::log_command::{self, Notation};

/// Whether a terminal obeys the character instead of printing it, or a reader cannot see it or what it does to the text
/// around it. Line ends and tabs are among them: whether they may stay depends on where the text is shown.
pub fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{FFFE}' | '\u{FFFF}')
}

/// The text with its unsafe characters escaped. Line ends and tabs stay.
pub fn escape(text: &str) -> String {
    escape_all_but(text, Notation::Text, &['\n', '\t'])
}

/// JSON that is safe on a terminal and in the log of a CI job, and still the same JSON.
pub fn escape_json(json: &str) -> String {
    log_command::escape(&escape_all_but(json, Notation::Json, &['\n', '\t']), Notation::Json).into_owned()
}

/// The text on one line with its unsafe characters escaped and each run of white space as one space.
pub fn collapse(text: &str) -> String {
    escape(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// At most `max_characters` of the text on one line, safe on a terminal and in the log of a CI job. Nothing of it is lost:
/// line ends are escaped too.
pub fn one_line(text: &str, max_characters: usize) -> String {
    let escaped = escape_all_but(&truncate(text, max_characters), Notation::Text, &[]);
    log_command::escape(&escaped, Notation::Text).into_owned()
}

/// At most `max_characters` of the text, with an ellipsis where there are more.
pub fn truncate(text: &str, max_characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max_characters) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

fn escape_all_but(text: &str, notation: Notation, kept: &[char]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) && !kept.contains(&character) {
            notation.escape_into(character, &mut escaped);
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_or_a_reader_cannot_see_is_escaped() {
        for (text, lines, line, json) in [
            ("Zoë 💧 שלום", "Zoë 💧 שלום", "Zoë 💧 שלום", "Zoë 💧 שלום"),
            ("a\u{1b}[2J\u{9b}\0", r"a\u{1b}[2J\u{9b}\u{0}", r"a\u{1b}[2J\u{9b}\u{0}", r"a\u001b[2J\u009b\u0000"),
            ("a\r\n\tb", "a\\r\n\tb", r"a\r\n\tb", "a\\r\n\tb"),
            ("\u{202e}x\u{2069}", r"\u{202e}x\u{2069}", r"\u{202e}x\u{2069}", r"\u202ex\u2069"),
            ("\u{61c}\u{200d}\u{feff}", r"\u{61c}\u{200d}\u{feff}", r"\u{61c}\u{200d}\u{feff}", r"\u061c\u200d\ufeff"),
            ("\u{206a}\u{ffff}", r"\u{206a}\u{ffff}", r"\u{206a}\u{ffff}", r"\u206a\uffff"),
            ("::error::x", "::error::x", r"\u{3a}:error::x", r"\u003a:error::x"),
            ("a ##[set]b", "a ##[set]b", r"a \u{23}#[set]b", r"a \u0023#[set]b"),
        ] {
            assert_eq!(escape(text), lines);
            assert_eq!(one_line(text, 20), line);
            assert_eq!(escape_json(text), json);
        }
        assert_eq!(collapse(" a\n\n  b\u{1b}\tc "), r"a b\u{1b} c");
    }

    #[test]
    fn text_is_cut_between_characters() {
        for (text, max, truncated, line) in [
            ("Müller", 6, "Müller", "Müller"),
            ("💧💧💧", 2, "💧💧…", "💧💧…"),
            ("a\nbc", 3, "a\nb…", r"a\nb…"),
            ("\u{1b}\u{1b}", 1, "\u{1b}…", r"\u{1b}…"),
        ] {
            assert_eq!(truncate(text, max), truncated);
            assert_eq!(one_line(text, max), line);
        }
    }
}
