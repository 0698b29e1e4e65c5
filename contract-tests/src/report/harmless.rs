//! Text of others, made harmless for a terminal and a page: nothing in it can steer a terminal, turn a line around or
//! hide.

/// The text with its line breaks and tabs, all other characters that steer or hide written as escapes.
pub(super) fn harmless(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    for character in text.chars() {
        if steers(character) { harmless.extend(character.escape_default()) } else { harmless.push(character) }
    }
    harmless
}

/// The same on one line, its runs of space made one.
pub(super) fn one_line(text: &str) -> String {
    harmless(&text.split_whitespace().collect::<Vec<&str>>().join(" "))
}

/// Whether a character is shown as it is, and stays so when it is copied.
pub(crate) fn is_printable(character: char) -> bool {
    !character.is_control() && !steers(character)
}

fn steers(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\t'))
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
        || matches!(character, '\u{FFFE}' | '\u{FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_steer() {
        for (text, expected) in [
            ("plain Zoë 💧", "plain Zoë 💧"),
            ("a\u{1b}[31mred\r\nb\tc", "a\\u{1b}[31mred\\r\nb\tc"),
            ("\u{202e}turned\u{9b}\u{7}", "\\u{202e}turned\\u{9b}\\u{7}"),
            ("nul\0 hidden\u{200b}\u{ffff}", "nul\\u{0} hidden\\u{200b}\\u{ffff}"),
        ] {
            assert_eq!(harmless(text), expected);
        }
        assert_eq!(one_line(" a\n\n  b\u{1b}\tc "), "a b\\u{1b} c");
    }
}
