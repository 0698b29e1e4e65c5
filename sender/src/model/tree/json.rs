//! Reads JSON into a tree. `serde_json` gives every value as a slice of the text, so its position is the start of the slice.

use std::{collections::HashSet, fmt, ops::Range};

use schemas::Pointer;
use serde::{
    Deserialize,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

use super::{Defect, Finding, SyntaxError, Tree};

pub(super) fn read(text: &str, findings: &mut Vec<Finding>) -> Result<Tree, Vec<SyntaxError>> {
    // Reading the whole text as a value first limits its depth and finds errors outside the parts.
    serde_json::from_str::<Value>(text).map_err(|error| vec![syntax_error(text, &error)])?;
    let whole = serde_json::from_str::<&RawValue>(text).map_err(|error| vec![syntax_error(text, &error)])?;
    let mut reading = Reading { text, tree: Tree::default(), findings };
    let root = Pointer::default();
    reading.tree.add(&root, None, reading.span(whole.get()));
    reading.tree.root = reading.value(&root, whole);
    Ok(reading.tree)
}

fn syntax_error(text: &str, error: &serde_json::Error) -> SyntaxError {
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    // The column is a byte of the line, 1-based; at the end of the text it is the one before.
    let mut at = (before + error.column().saturating_sub(usize::from(!error.is_eof()))).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let width = text[at..].chars().next().map_or(0, char::len_utf8);
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default().to_owned();
    SyntaxError { span: at..at + width, message }
}

struct Reading<'t, 'f> {
    text: &'t str,
    tree: Tree,
    findings: &'f mut Vec<Finding>,
}

impl<'t> Reading<'t, '_> {
    fn span(&self, slice: &str) -> Range<usize> {
        let start = slice.as_ptr().addr() - self.text.as_ptr().addr();
        start..start + slice.len()
    }

    fn value(&mut self, pointer: &Pointer, raw: &'t RawValue) -> Value {
        if let Ok(Members(members)) = serde_json::from_str(raw.get()) {
            return self.object(pointer, members);
        }
        if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
            let mut values = Vec::new();
            for (index, element) in elements.into_iter().enumerate() {
                let below = pointer.child(index.to_string());
                self.tree.add(&below, None, self.span(element.get()));
                values.push(self.value(&below, element));
            }
            return Value::Array(values);
        }
        serde_json::from_str(raw.get()).unwrap_or_default()
    }

    fn object(&mut self, pointer: &Pointer, members: Vec<(&'t RawValue, &'t RawValue)>) -> Value {
        let mut object = Map::new();
        let mut seen = HashSet::new();
        for (key, value) in members {
            let name: String = serde_json::from_str(key.get()).unwrap_or_default();
            let below = pointer.child(name.as_str());
            if !seen.insert(name.clone()) {
                let finding = Finding::new(below, Defect::RepeatedKey { key: name }).at(self.span(key.get()));
                self.findings.push(finding);
                self.tree.left_out.push(self.span(value.get()));
                continue;
            }
            self.tree.add(&below, Some(self.span(key.get())), self.span(value.get()));
            let value = self.value(&below, value);
            object.insert(name, value);
        }
        Value::Object(object)
    }
}

/// An object's members, in order.
struct Members<'t>(Vec<(&'t RawValue, &'t RawValue)>);

impl<'t> Deserialize<'t> for Members<'t> {
    fn deserialize<D: serde::Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Gather;

        impl<'t> Visitor<'t> for Gather {
            type Value = Members<'t>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'t>>(self, mut access: A) -> Result<Members<'t>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = access.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Gather)
    }
}
