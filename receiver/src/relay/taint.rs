//! Marks for untrusted text in a template's output, so that it can be distinguished from the template's own text after
//! the output was parsed as JSON. The marks are Unicode noncharacters, which are removed from messages (see
//! [`super::sanitize`]).
//!
//! A mark outside of quotes makes the output invalid JSON: a text cannot escape from its string.

use schemas::json::Digits;

/// Start of an untrusted text.
pub(super) const OPEN_MARK: char = '\u{FDD0}';
/// End of an untrusted text.
pub(super) const CLOSE_MARK: char = '\u{FDD1}';
/// Before and after a line number of the template.
pub(super) const LINE_MARK: char = '\u{FDD2}';
/// Before the digits of a number in a JSON value.
const NUMBER_MARK: char = '\u{FDD4}';
/// Numbers that `serde_json` would print with other digits.
pub(super) const MARKED_DIGITS: Digits = Digits::new(NUMBER_MARK);
/// Placeholder for a character that is removed later.
pub(super) const REMOVED_MARK: char = '\u{FDD3}';

/// Whether a character is reserved for marks.
pub(super) fn is_mark(character: char) -> bool {
    matches!(character, '\u{FDD0}'..='\u{FDEF}')
}

/// The marked text, escaped for the inside of a JSON string.
pub(super) fn in_json_string(text: &str) -> String {
    format!("{OPEN_MARK}{}{CLOSE_MARK}", schemas::json::escape(text))
}

/// A JSON value, every text in it marked.
pub(super) fn json(value: &serde_json::Value) -> String {
    MARKED_DIGITS.to_json(&marked(value))
}

fn marked(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(_) if MARKED_DIGITS.of(value).is_some() => value.clone(),
        Value::String(text) => format!("{OPEN_MARK}{text}{CLOSE_MARK}").into(),
        Value::Array(elements) => elements.iter().map(marked).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), marked(value))).collect::<serde_json::Map<_, _>>().into()
        }
        plain => plain.clone(),
    }
}

/// The text without marks.
pub(super) fn unmarked(text: &str) -> String {
    text.chars().filter(|character| !is_mark(*character)).collect()
}
