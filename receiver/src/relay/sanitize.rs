//! Untrusted text as plain text: without unsafe characters, and cut to a length.

use schemas::text::is_unsafe;

use super::taint;

/// The text with `\n` for every kind of line end, and without unsafe characters and the marks of a template's output.
/// Characters that join letters or emoji, or set the direction of a single one, are part of many texts and stay.
pub(super) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}' => cleaned.push('\n'),
            '\t' => cleaned.push(' '),
            '\u{200C}'..='\u{200F}' | '\u{61C}' => cleaned.push(character),
            other if is_unsafe(other) || taint::is_mark(other) => {}
            other => cleaned.push(other),
        }
    }
    cleaned
}

/// The text with escapes for the characters that [`clean`] would remove or change. For names: names with different bytes
/// must stay different.
pub(super) fn exact(text: &str) -> String {
    if clean(text) == text && !text.contains('\n') {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        let alone = character.encode_utf8(&mut [0; 4]).to_owned();
        if character == '\n' || clean(&alone) != alone {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// The first `limit` characters with a note of how many were left out, and whether any were.
pub(super) fn cut(text: &str, limit: usize) -> (String, bool) {
    let Some((at, _)) = text.char_indices().nth(limit) else { return (text.to_owned(), false) };
    let left_out = text[at..].chars().count();
    (format!("{}… [{left_out} more characters]", text[..at].trim_end()), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_screen_is_left() {
        for (text, cleaned) in [
            ("one\r\ntwo\rthree\u{2028}four\tfive", "one\ntwo\nthree\nfour five"),
            ("a\u{0}b\u{1b}[2Jc\u{7f}\u{9b}d", "ab[2Jcd"),
            ("\u{202e}gpj.exe\u{202c} \u{2066}x\u{2069}", "gpj.exe x"),
            ("\u{fdd0}x\u{fdd1}\u{fdef}", "x"),
            ("שלום 👩‍💻 é", "שלום 👩‍💻 é"),
        ] {
            assert_eq!(clean(text), cleaned);
        }
    }

    #[test]
    fn names_that_differ_stay_two() {
        for (name, exact_name) in [
            ("flow", "flow"),
            ("flow\u{200b}", "flow\\u{200b}"),
            ("flow\r\n", "flow\\r\\n"),
            ("\u{fdd0}a\t", "\\u{fdd0}a\\t"),
            ("Größe 👩‍💻", "Größe 👩‍💻"),
        ] {
            assert_eq!(exact(name), exact_name);
        }
    }

    #[test]
    fn a_cut_is_said() {
        assert_eq!(cut("Müller", 6), ("Müller".to_owned(), false));
        assert_eq!(cut("Müller and sons", 7), ("Müller… [8 more characters]".to_owned(), true));
    }
}
