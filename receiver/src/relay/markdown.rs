//! Escapes untrusted text where Teams reads Markdown, so that it is shown literally.
//!
//! Only Markdown syntax is escaped, because some clients show the backslash.

use super::taint::{CLOSE_MARK, OPEN_MARK, is_mark};

/// Escapes the marked parts of a text and removes the marks.
pub(super) fn escape(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let visible = |from: usize, step: isize| {
        let mut at = from.checked_add_signed(step);
        while let Some(&character) = at.and_then(|at| characters.get(at)) {
            if !is_mark(character) {
                return Some(character);
            }
            at = at.and_then(|at| at.checked_add_signed(step));
        }
        None
    };
    let mut escaped = String::with_capacity(text.len());
    let mut depth = 0_usize;
    // Markdown has more syntax at the start of a line.
    let mut line = LineStart::Start;
    for (at, &character) in characters.iter().enumerate() {
        match character {
            OPEN_MARK => depth += 1,
            CLOSE_MARK => depth = depth.saturating_sub(1),
            mark if is_mark(mark) => {}
            own if depth == 0 => escaped.push(own),
            '\n' => escaped.push_str("\n\n"),
            ' ' if line == LineStart::Start => escaped.push('\u{A0}'),
            '<' => escaped.push_str("&lt;"),
            '&' if visible(at, 1).is_some_and(|next| next == '#' || next.is_ascii_alphabetic()) => {
                escaped.push_str("&amp;");
            }
            other => {
                if is_markdown(other, visible(at, -1), visible(at, 1), line) {
                    escaped.push('\\');
                }
                escaped.push(other);
            }
        }
        line = match character {
            mark if is_mark(mark) => line,
            '\n' => LineStart::Start,
            ' ' | '\u{A0}' if line == LineStart::Start => LineStart::Start,
            digit if digit.is_ascii_digit() && line != LineStart::Within => LineStart::Number,
            _ => LineStart::Within,
        };
    }
    escaped
}

#[derive(Clone, Copy, PartialEq)]
enum LineStart {
    /// Only whitespace so far.
    Start,
    /// Only digits so far.
    Number,
    Within,
}

fn is_markdown(character: char, before: Option<char>, after: Option<char>, line: LineStart) -> bool {
    let ends_word = |neighbour: Option<char>| !neighbour.is_some_and(char::is_alphanumeric);
    let is_blank = |neighbour: Option<char>| neighbour.is_none_or(char::is_whitespace);
    match character {
        '\\' | '*' | '`' | '[' | ']' => true,
        '_' => ends_word(before) || ends_word(after),
        '~' => before == Some('~') || after == Some('~'),
        // Teams reads `{{DATE(...)}}`.
        '{' => before == Some('{'),
        '>' | '=' => line == LineStart::Start,
        '#' => line == LineStart::Start && (is_blank(after) || after == Some('#')),
        '-' | '+' => line == LineStart::Start && (is_blank(after) || after == Some(character)),
        '.' | ')' => line == LineStart::Number && is_blank(after),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_markdown_obeys_is_escaped() {
        for (text, shown) in [
            ("Acme Ltd (Debtor), FLOW-604", "Acme Ltd (Debtor), FLOW-604"),
            ("jo_smith@example.com", "jo_smith@example.com"),
            ("_loud_ **very** `code`", "\\_loud\\_ \\*\\*very\\*\\* \\`code\\`"),
            ("[click](javascript:alert(1))", "\\[click\\](javascript:alert(1))"),
            ("![x](http://a/b.png)", "!\\[x\\](http://a/b.png)"),
            ("<at>Jo</at>", "&lt;at>Jo&lt;/at>"),
            ("&lt;b> R&D & Co", "&amp;lt;b> R&amp;D & Co"),
            (
                "# head\n> quote\n- item\n-12\n1. one\n1.5",
                "\\# head\n\n\\> quote\n\n\\- item\n\n-12\n\n1\\. one\n\n1.5",
            ),
            ("~~gone~~ ~5", "\\~\\~gone\\~\\~ ~5"),
            ("{{DATE(2026-11-24T10:30:00Z)}}", "{\\{DATE(2026-11-24T10:30:00Z)}}"),
            ("    code", "\u{a0}\u{a0}\u{a0}\u{a0}code"),
            ("C:\\new", "C:\\\\new"),
        ] {
            assert_eq!(escape(&format!("{OPEN_MARK}{text}{CLOSE_MARK}")), shown, "{text}");
        }
    }

    #[test]
    fn the_templates_own_markdown_stays() {
        assert_eq!(escape(&format!("**{OPEN_MARK}a*b{CLOSE_MARK}** [x](y)")), "**a\\*b** [x](y)");
        assert_eq!(escape(&format!("by {OPEN_MARK}- x{CLOSE_MARK}")), "by - x");
    }
}
