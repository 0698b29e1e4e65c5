//! The first pass over a body: whether it is JSON, whether any name stands twice, and what stands at a few places. It
//! builds nothing else, which is what most bodies need that are received.

use std::{borrow::Cow, cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::node::{Name, Node, Notes, Seed, stands_twice};
use crate::pointer::{self, Pointer};

/// How many places a scan notes.
pub(super) const PLACES: usize = 4;

/// What a scan gives.
#[derive(Debug)]
pub(super) struct Scanned<'a> {
    /// What stands at each place; of a name that stands twice, the first.
    pub(super) values: [Option<Node<'a>>; PLACES],
    /// The exact text of what stands at the first place; of a name that stands twice, the last.
    pub(super) marked: Option<&'a str>,
    /// Whether any name stands twice in its object.
    pub(super) duplicates: bool,
    /// Whether the body is an object with at least one member.
    pub(super) is_message: bool,
}

/// Scans a body.
pub(super) fn scan<'a>(body: &'a [u8], places: [Option<&Pointer>; PLACES]) -> Result<Scanned<'a>, serde_json::Error> {
    let notes = Notes::default();
    let (values, names) = (RefCell::default(), RefCell::default());
    let places = places.map(|place| place.map(Pointer::tokens));
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let is_message = Scan { notes: &notes, values: &values, names: &names, places }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    let (marked, duplicates) = (notes.marked.get(), notes.duplicates.get());
    Ok(Scanned { values: values.into_inner(), marked, duplicates, is_message })
}

/// Scans one value, and tells whether it is an object with members.
#[derive(Clone, Copy)]
struct Scan<'n, 'a> {
    notes: &'n Notes<'a>,
    values: &'n RefCell<[Option<Node<'a>>; PLACES]>,
    /// The names of every object around here, one object's behind the other's.
    names: &'n RefCell<Vec<Cow<'a, str>>>,
    /// What is left of each place's address from here, if it leads through here.
    places: [Option<&'n [String]>; PLACES],
}

impl Scan<'_, '_> {
    fn below(self, leads_there: impl Fn(&str) -> bool) -> Self {
        let below = |place: &[String]| place.first().is_some_and(|token| leads_there(token));
        let places = self.places.map(|place| place.filter(|place| below(place)).map(|place| &place[1..]));
        Self { places, ..self }
    }
}

impl<'a> DeserializeSeed<'a> for Scan<'_, 'a> {
    type Value = bool;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<bool, D::Error> {
        if !self.places.iter().flatten().any(|rest| rest.is_empty()) {
            return deserializer.deserialize_any(self);
        }
        let node = Seed { notes: self.notes, mark: self.places[0] }.deserialize(deserializer)?;
        for (value, place) in self.values.borrow_mut().iter_mut().zip(self.places) {
            if value.is_none() {
                *value = place.and_then(|rest| node.at(rest)).cloned();
            }
        }
        Ok(matches!(node, Node::Object(members) if !members.is_empty()))
    }
}

impl<'a> Visitor<'a> for Scan<'_, 'a> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<bool, E> {
        Number::from_f64(value).map(|_| false).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut access: A) -> Result<bool, A::Error> {
        let mut index = 0;
        while access.next_element_seed(self.below(|token| pointer::index(token) == Some(index)))?.is_some() {
            index += 1;
        }
        Ok(false)
    }

    fn visit_map<A: MapAccess<'a>>(self, mut access: A) -> Result<bool, A::Error> {
        let outer = self.names.borrow().len();
        while let Some(name) = access.next_key_seed(Name)? {
            let below = self.below(|token| token == name);
            self.names.borrow_mut().push(name);
            access.next_value_seed(below)?;
        }
        let mut names = self.names.borrow_mut();
        let own = &names[outer..];
        let has_members = !own.is_empty();
        if stands_twice(own, |name| name) {
            self.notes.duplicates.set(true);
        }
        names.truncate(outer);
        Ok(has_members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_inside_another_is_found_too() {
        let pointers = ["/a", "/a/b", "/a/c/1", "/d"].map(|text| text.parse::<Pointer>().unwrap());
        let body = br#"{"x":[{}],"a":{"b":"one","c":[0,"two"]},"e":{"d":1}}"#;
        let scanned = scan(body, pointers.each_ref().map(Some)).unwrap();
        assert!(scanned.is_message && !scanned.duplicates);
        assert_eq!(scanned.marked, Some(r#"{"b":"one","c":[0,"two"]}"#));
        assert_eq!(scanned.values[1], Some(Node::Text("one".into())));
        assert_eq!(scanned.values[2], Some(Node::Text("two".into())));
        assert_eq!(scanned.values[3], None);
    }

    #[test]
    fn names_are_compared_within_their_object_only() {
        for (body, expected) in [
            (r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}"#, false),
            (r#"{"a":{"b":1},"c":{"a":{"b":2,"d":3}},"b":4}"#, false),
            (r#"{"a":{"b":1,"c":{"x":1},"b":2}}"#, true),
            (r#"[{"a":1,"b":{"a":2},"\u0061":3}]"#, true),
        ] {
            assert_eq!(scan(body.as_bytes(), [None; PLACES]).unwrap().duplicates, expected, "{body}");
        }
    }
}
