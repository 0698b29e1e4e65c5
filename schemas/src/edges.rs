//! Invisible characters at the edges of a credential: a line end that an editor or `echo` added, a copied space, a byte
//! order mark. With them every message is refused, and nothing shows why.

use std::fmt;

use crate::text;

/// Maximum number of characters of an edge to show; more are counted.
const MAX_SHOWN: usize = 4;

/// The invisible characters at the edges of a text, and nothing else from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvisibleEdges {
    beginning: Edge,
    end: Edge,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Edge {
    shown: [char; MAX_SHOWN],
    count: usize,
}

impl InvisibleEdges {
    /// The invisible characters at the edges of a text; `None` if it begins and ends with visible ones.
    pub fn of(text: &str) -> Option<Self> {
        let beginning = Edge::of(text.chars());
        // A text with no visible character has one edge.
        let end = if beginning.count == text.chars().count() { Edge::default() } else { Edge::of(text.chars().rev()) };
        (beginning.count + end.count > 0).then_some(Self { beginning, end })
    }
}

impl Edge {
    fn of(characters: impl Iterator<Item = char>) -> Self {
        characters.take_while(|character| is_invisible(*character)).fold(Self::default(), |mut edge, character| {
            if let Some(shown) = edge.shown.get_mut(edge.count) {
                *shown = character;
            }
            edge.count += 1;
            edge
        })
    }
}

/// "begins with `\u{feff}` and ends with `\r\n`".
impl fmt::Display for InvisibleEdges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |edge: Edge| edge.shown.into_iter().take(edge.count).collect::<Vec<char>>();
        let mut end = shown(self.end);
        end.reverse();
        let parts = [("begins", shown(self.beginning), self.beginning.count), ("ends", end, self.end.count)];
        let parts = parts.into_iter().filter(|(_, _, count)| *count > 0);
        for (index, (verb, characters, count)) in parts.enumerate() {
            f.write_str(if index == 0 { "" } else { " and " })?;
            write!(f, "{verb} with `{}`", characters.iter().copied().map(escaped).collect::<String>())?;
            match (characters.as_slice(), count) {
                ([' '], 1) => f.write_str(" (a space)")?,
                (['\n'], 1) => f.write_str(" (a line end)")?,
                (_, count) if count > MAX_SHOWN => write!(f, " ({count} invisible characters)")?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// `\n`, `\r` and `\t`, a space as it is, else `\u{a0}`.
fn escaped(character: char) -> String {
    match character {
        ' ' => " ".to_owned(),
        '\n' | '\r' | '\t' => character.escape_default().to_string(),
        other => other.escape_unicode().to_string(),
    }
}

/// The text without invisible characters at its edges.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(is_invisible)
}

/// Whether a character is invisible at the beginning or end of a text: white space, control characters, characters without
/// width, and those that only change the direction of writing.
fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || text::is_unsafe(character)
        || matches!(
            character,
            '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'
                ..='\u{180F}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_at_the_edges_is_found_and_nothing_else_shown() {
        for (text, found) in [
            ("secret", None),
            ("se cret", None),
            ("🏴\u{E0067}\u{E007F}", None),
            ("❤\u{FE0F}", None),
            ("", None),
            ("secret\n", Some("ends with `\\n` (a line end)")),
            ("secret\r\n\n", Some("ends with `\\r\\n\\n`")),
            ("secret\r", Some("ends with `\\r`")),
            (" secret", Some("begins with ` ` (a space)")),
            ("\tsecret  ", Some("begins with `\\t` and ends with `  `")),
            ("secret\u{a0}", Some("ends with `\\u{a0}`")),
            ("\u{feff}secret\u{200b}", Some("begins with `\\u{feff}` and ends with `\\u{200b}`")),
            ("secret\0", Some("ends with `\\u{0}`")),
            ("\u{3000}\u{2060}secret", Some("begins with `\\u{3000}\\u{2060}`")),
            ("secret\u{ad}\u{202c}", Some("ends with `\\u{ad}\\u{202c}`")),
            ("secret\n\n\n\n\n\n", Some("ends with `\\n\\n\\n\\n` (6 invisible characters)")),
            (" \n", Some("begins with ` \\n`")),
        ] {
            assert_eq!(InvisibleEdges::of(text).map(|edges| edges.to_string()).as_deref(), found, "{text:?}");
        }
    }
}
