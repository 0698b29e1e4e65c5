//! The text of a model, which is shown with everything masked that may be a secret or is unsafe on a terminal. `Debug` shows
//! no part of it.

use std::{fmt, ops::Range};

use schemas::{Pointer, SecretReference, redaction::MASK, text::is_unsafe};
use serde_json::Value;

use super::tree::Tree;

const SECRET_NAME_PARTS: [&str; 10] =
    ["secret", "passw", "token", "credential", "authoriz", "bearer", "cookie", "apikey", "api-key", "api_key"];

/// A model's text, and the parts of it that are never shown.
#[derive(Clone)]
pub(crate) struct Source {
    name: String,
    text: String,
    /// Ascending and disjoint.
    covered: Vec<Range<usize>>,
    showable: bool,
}

impl Source {
    pub(super) fn new(name: String, text: String) -> Self {
        Self { name, text, covered: Vec::new(), showable: false }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Line and column, in characters, of a byte; both from 1.
    pub(super) fn position(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..at];
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (line, before[start..].chars().count() + 1)
    }

    /// Allows the text to be shown, with the values masked that may be secret.
    pub(super) fn mask(&mut self, tree: &Tree) {
        let mut covered = tree.left_out().to_vec();
        for (pointer, value, span) in tree.leaves() {
            if may_be_secret(pointer, value) {
                covered.push(span.clone());
            } else if let Some(text) = value.as_str().filter(|text| text.contains("://")) {
                covered.extend(
                    url_secrets(&self.text[span.clone()], text).map(|at| span.start + at.start..span.start + at.end),
                );
            }
        }
        // A secret that was replaced by a reference is often left in the comment.
        for range in &mut covered {
            let rest = &self.text[range.end..];
            let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
            if line.contains('#') {
                range.end += line.trim_end().len();
            }
        }
        covered.sort_by_key(|range| range.start);
        covered.dedup_by(|next, kept| {
            let overlaps = next.start < kept.end;
            if overlaps {
                kept.end = kept.end.max(next.end);
            }
            overlaps
        });
        self.covered = covered;
        self.showable = true;
    }

    /// Allows a text with syntax errors to be shown, unless it has a key that sounds secret with a value.
    pub(super) fn mask_unread(&mut self) {
        self.showable = !names_a_literal_secret(&self.text);
    }

    /// The masked text with the same lines, and the positions in it of the original bytes. `None` if no part may be shown.
    pub(crate) fn shown(&self) -> Option<MaskedSource> {
        if !self.showable {
            return None;
        }
        let mut shown = MaskedSource { text: String::new(), steps: Vec::new() };
        let mut covered = self.covered.iter().peekable();
        let mut characters = self.text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            shown.steps.push((at, shown.text.len()));
            if let Some(range) = covered.next_if(|range| range.contains(&at)) {
                shown.text.push_str(MASK);
                shown.text.extend(self.text[range.clone()].chars().filter(|character| *character == '\n'));
                while characters.next_if(|(at, _)| *at < range.end).is_some() {}
            } else {
                let is_layout = matches!(character, '\n' | '\t' | '\r');
                shown.text.push(if is_unsafe(character) && !is_layout {
                    char::REPLACEMENT_CHARACTER
                } else {
                    character
                });
            }
        }
        shown.steps.push((self.text.len(), shown.text.len()));
        Some(shown)
    }
}

/// A masked text.
#[derive(Debug)]
pub(crate) struct MaskedSource {
    text: String,
    steps: Vec<(usize, usize)>,
}

impl MaskedSource {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The range for a range of the original.
    pub(crate) fn range(&self, range: &Range<usize>) -> Range<usize> {
        let first = self.steps.partition_point(|(at, _)| *at <= range.start).saturating_sub(1);
        let last = self.steps.partition_point(|(at, _)| *at < range.end).min(self.steps.len() - 1);
        self.steps[first].1..self.steps[last].1
    }
}

/// Whether a value is at a place for a secret and is not a reference.
fn may_be_secret(pointer: &Pointer, value: &Value) -> bool {
    let is_reference = value.as_str().is_some_and(|text| text.parse::<SecretReference>().is_ok());
    let tokens = pointer.tokens();
    let authentication = tokens.iter().position(|token| token == "authentication");
    let in_authentication =
        authentication.is_some_and(|at| !matches!(&tokens[at + 1..], [key] if key == "type" || key == "username"));
    !is_reference
        && !value.is_null()
        && value != ""
        && (in_authentication || tokens.iter().any(|token| is_secret_word(token)))
}

fn is_secret_word(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET_NAME_PARTS.iter().any(|word| key.contains(word))
}

/// The parts of a URL that may be credentials: the user before the `@`, and the query.
fn url_secrets(written: &str, url: &str) -> impl Iterator<Item = Range<usize>> + use<> {
    let user = url.contains('@').then(|| Some(written.find("//")? + 2..written.rfind('@')?)).flatten();
    let query = written.find('?').map(|at| at + 1..written.len() - 1);
    // An escape may hide either character: then no part is shown.
    let hidden = (written.contains('\\')).then_some(0..written.len());
    [user, query, hidden].into_iter().flatten().filter(|range| range.start < range.end)
}

/// Whether a key that sounds secret has a value other than a reference.
fn names_a_literal_secret(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    SECRET_NAME_PARTS.iter().any(|word| {
        lower.match_indices(word).any(|(at, _)| {
            let rest =
                lower[at..].trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '"' | '\''));
            let Some(value) = rest.trim_start().strip_prefix(['=', ':']) else { return false };
            let value = value.trim_start().trim_start_matches(['"', '\'']);
            !value.starts_with("env:") && !value.starts_with("file:")
        })
    })
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).field("bytes", &self.text.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Syntax;

    fn shown(text: &str, syntax: Syntax) -> String {
        let mut source = Source::new("x".to_owned(), text.to_owned());
        match Tree::read(text, syntax, &mut Vec::new()) {
            Ok(tree) => source.mask(&tree),
            Err(_) => source.mask_unread(),
        }
        source.shown().map_or_else(|| "nothing".to_owned(), |shown| shown.text)
    }

    #[test]
    fn values_that_may_be_secret_are_masked() {
        for (text, expected) in [
            (
                "authentication = { type = \"basic\", password = 'canary' }",
                "authentication = { type = \"basic\", password = *** }",
            ),
            ("authentication = \"canary\"\nx = 1", "authentication = ***\nx = 1"),
            (
                "authentication = { secrte = 'canary', username = 'jo' }",
                "authentication = { secrte = ***, username = 'jo' }",
            ),
            ("authentication.clientSecret = [\"canary\", 17]", "authentication.clientSecret = [***, ***]"),
            (
                "authentication = { clientSecret = \"\"\"can\nary\"\"\" }\nx = 1",
                "authentication = { clientSecret = ***\n }\nx = 1",
            ),
            ("clientSecret = 'canary'", "clientSecret = ***"),
            ("clientSecret = 'env:NAME'", "clientSecret = 'env:NAME'"),
            ("endpoint = \"https://jo:canary@a.example/\"", "endpoint = \"https://***@a.example/\""),
            ("endpoint = 'https://a.example/run?sig=canary'", "endpoint = 'https://a.example/run?***'"),
            ("endpoint = \"https://jo:canary\\u0040a.example/\"", "endpoint = ***"),
            ("name = 'a\u{202e}b'", "name = 'a\u{fffd}b'"),
            ("password = canary", "nothing"),
            ("password = 'canary", "nothing"),
            ("x = \npassword = 'env:NAME'", "x = \npassword = 'env:NAME'"),
        ] {
            assert_eq!(shown(text, Syntax::Toml), expected, "{text}");
        }
        let twice = r#"{"clientSecret": "env:A", "clientSecret": "canary", "step": 1, "step": ["canary"]}"#;
        let expected = r#"{"clientSecret": "env:A", "clientSecret": ***, "step": 1, "step": ***}"#;
        assert_eq!(shown(twice, Syntax::Json), expected);
    }

    #[test]
    fn positions_after_masked_values_are_found() {
        let text = "\"é\" = 1\npassword = 'a very long canary'\nauthentication = { password = 'canary', usr = 1 }\n";
        let mut source = Source::new("x".to_owned(), text.to_owned());
        source.mask(&Tree::read(text, Syntax::Toml, &mut Vec::new()).unwrap());
        let shown = source.shown().unwrap();
        for (word, expected) in [("usr", "usr"), ("1 }", "*** }"), ("'canary'", "***"), ("nary'", "***"), ("é", "é")]
        {
            let at = text.find(word).unwrap();
            assert_eq!(&shown.text()[shown.range(&(at..at + word.len()))], expected);
        }
        assert_eq!(source.position(text.find("usr").unwrap()), (3, 41));
        assert_eq!(source.position(text.find(" = 1").unwrap()), (1, 4));
        let end = shown.range(&(text.len()..text.len()));
        assert_eq!(end, shown.text().len()..shown.text().len());
    }
}
