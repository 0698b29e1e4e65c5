//! Text of others, made harmless for a terminal, a file and a log.

use std::fmt::Write as _;

use schemas::log_command::{self, Notation};

/// The first `limit` characters of a text that came from elsewhere, on one line, with whatever could steer a terminal, turn
/// its lines around or be a command in the log of a CI job escaped.
pub(crate) fn harmless(text: &str, limit: usize) -> String {
    let mut harmless = String::new();
    for character in text.chars().take(limit) {
        if steers(character) {
            harmless.extend(character.escape_default());
        } else {
            harmless.push(character);
        }
    }
    if text.chars().nth(limit).is_some() {
        let _ = write!(harmless, "...");
    }
    log_command::escape(&harmless, Notation::Text).into_owned()
}

/// Control characters, and what turns a line around or cannot be seen.
pub(crate) fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_steer_the_terminal() {
        for (text, expected) in [
            ("plain Zoë 💧", "plain Zoë 💧"),
            ("a\u{1b}[31mred\r\nb", "a\\u{1b}[31mred\\r\\nb"),
            ("\u{202e}turned\u{9b}", "\\u{202e}turned\\u{9b}"),
            ("::error::fake", "\\u{3a}:error::fake"),
            ("so ##[set-env name=A]b", "so \\u{23}#[set-env name=A]b"),
            ("12345678901", "1234567890..."),
            ("1234567890", "1234567890"),
        ] {
            assert_eq!(harmless(text, if text.starts_with('1') { 10 } else { 99 }), expected);
        }
    }
}
