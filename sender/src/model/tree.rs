//! A model's text, TOML or JSON, as a tree of JSON values with their positions, so that one check covers both and every
//! problem has a line and a column.

mod json;
mod toml;

use std::{collections::HashMap, ops::Range};

use schemas::Pointer;
use serde_json::Value;

use super::{
    defect::Defect,
    problem::{Finding, On},
    syntax::Syntax,
};

/// The values of a text and their positions.
#[derive(Debug, Default)]
pub(super) struct Tree {
    root: Value,
    places: HashMap<Pointer, NodeSpan>,
    /// The values of repeated names after the first: not part of the tree, and of unknown content.
    left_out: Vec<Range<usize>>,
}

/// The position of a value and, for a member of an object, of its key.
#[derive(Clone, Debug)]
struct NodeSpan {
    key: Option<Range<usize>>,
    value: Range<usize>,
}

#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) span: Range<usize>,
    pub(super) message: String,
}

#[derive(Clone, Debug)]
pub(super) struct Node<'t> {
    pub(super) pointer: Pointer,
    pub(super) value: &'t Value,
}

impl Tree {
    /// Reads a text and adds problems such as repeated names to `findings`.
    ///
    /// # Errors
    /// Every syntax error.
    pub(super) fn read(text: &str, syntax: Syntax, findings: &mut Vec<Finding>) -> Result<Self, Vec<SyntaxError>> {
        match syntax {
            Syntax::Toml => toml::read(text, findings),
            Syntax::Json => json::read(text, findings),
        }
    }

    pub(super) fn root(&self) -> Node<'_> {
        Node { pointer: Pointer::default(), value: &self.root }
    }

    /// Whether an address exists.
    pub(super) fn has(&self, pointer: &Pointer) -> bool {
        self.places.contains_key(pointer)
    }

    /// The range for an address: its key or its value, or the closest existing value above a missing one.
    pub(super) fn span(&self, pointer: &Pointer, on: On) -> Range<usize> {
        let mut tokens = pointer.tokens();
        let mut on = on;
        loop {
            let nearest = tokens.iter().fold(Pointer::default(), |pointer, token| pointer.child(token.as_str()));
            match (self.places.get(&nearest), on) {
                (Some(NodeSpan { key: Some(key), .. }), On::Key) => return key.clone(),
                (Some(place), _) => return place.value.clone(),
                (None, _) => on = On::Value,
            }
            match tokens.split_last() {
                Some((_, rest)) => tokens = rest,
                None => return 0..0,
            }
        }
    }

    /// Every value that is neither an object nor an array, with its address and range.
    pub(super) fn leaves(&self) -> impl Iterator<Item = (&Pointer, &Value, &Range<usize>)> {
        self.places.iter().filter_map(|(pointer, place)| {
            let value = pointer.get(&self.root)?;
            (!value.is_object() && !value.is_array()).then_some((pointer, value, &place.value))
        })
    }

    /// The ranges of values that are not part of the tree.
    pub(super) fn left_out(&self) -> &[Range<usize>] {
        &self.left_out
    }

    fn add(&mut self, pointer: &Pointer, key: Option<Range<usize>>, value: Range<usize>) {
        self.places.insert(pointer.clone(), NodeSpan { key, value });
    }
}

impl<'t> Node<'t> {
    /// The member with this name.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        Some(Self { pointer: self.pointer.child(name), value: self.value.get(name)? })
    }

    /// The text of the member with this name.
    pub(super) fn text(&self, name: &str) -> Option<&'t str> {
        self.value.get(name)?.as_str()
    }

    /// The elements of the array with this name; empty if it is not an array.
    pub(super) fn elements(&self, name: &str) -> impl Iterator<Item = Self> + use<'t> {
        let pointer = self.pointer.child(name);
        let elements = self.value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        elements.iter().enumerate().map(move |(index, value)| Node { pointer: pointer.child(index.to_string()), value })
    }

    /// The names of its members; empty if it is not an object.
    pub(super) fn names(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        self.value.as_object().into_iter().flatten().map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_give_the_same_values_at_their_places() {
        let toml = "name = \"Zoë\"\n[[step]]\nactors = ['a', \"b\"]\n[step.value]\nkey = 0x10\n\"x/y\" = 1.5\n";
        let json = r#"{"name": "Zoë", "step": [{"actors": ["a", "b"], "value": {"key": 16, "x/y": 1.5}}]}"#;
        for (text, syntax, element, key) in
            [(toml, Syntax::Toml, "\"b\"", "\"x/y\""), (json, Syntax::Json, "\"b\"", "\"x/y\"")]
        {
            let mut findings = Vec::new();
            let tree = Tree::read(text, syntax, &mut findings).unwrap();
            assert_eq!(tree.root().value, &serde_json::from_str::<Value>(json).unwrap());
            let span = |pointer: &str, on| &text[tree.span(&pointer.parse().unwrap(), on)];
            assert_eq!(span("/step/0/actors/1", On::Value), element);
            assert_eq!(span("/step/0/value/x~1y", On::Key), key);
            assert_eq!(span("/name", On::Value), "\"Zoë\"");
            assert_eq!(span("/step/0/actors/7", On::Key), span("/step/0/actors", On::Value), "the nearest");
            assert!(findings.is_empty());
        }
    }

    #[test]
    fn what_has_no_place_in_json_is_found() {
        for (text, syntax, expected) in [
            ("a = 2026-11-24", Syntax::Toml, "cannot hold a TOML date or time"),
            ("a = inf", Syntax::Toml, "cannot hold this number"),
            ("a = 99999999999999999999999", Syntax::Toml, "cannot hold this number"),
            (r#"{"a": {"b": 1, "b": 2}}"#, Syntax::Json, "`b` is repeated"),
            (r#"{"a": 1, "\u0061": 2}"#, Syntax::Json, "`a` is repeated"),
        ] {
            let mut findings = Vec::new();
            Tree::read(text, syntax, &mut findings).unwrap();
            let [finding] = findings.as_slice() else { panic!("{text}: {findings:?}") };
            assert!(finding.defect.to_string().contains(expected), "{text}: {}", finding.defect);
        }
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        for (text, syntax, at) in [
            ("a = 1\nb = \n", Syntax::Toml, 10),
            ("a = yes\nb = no\n", Syntax::Toml, 4),
            ("a = 1\na = 2\n", Syntax::Toml, 6),
            ("{\n  \"é\": x\n}", Syntax::Json, 10),
            ("{", Syntax::Json, 1),
            ("", Syntax::Json, 0),
        ] {
            let errors = Tree::read(text, syntax, &mut Vec::new()).unwrap_err();
            assert_eq!(errors[0].span.start, at, "{text}: {errors:?}");
            assert!(!errors[0].message.contains("line"), "{}", errors[0].message);
        }
    }
}
