//! The first pass over a body: whether it is JSON, whether any name stands twice, and what stands at a few places. It
//! builds nothing else, which is what most bodies need that are received.

use std::{borrow::Cow, cell::RefCell, fmt, str};

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
    let state = State {
        notes: Notes::default(),
        values: RefCell::default(),
        names: RefCell::new(Vec::with_capacity(USUAL_NAMES)),
        places: places.map(|place| place.map(Pointer::tokens)),
    };
    let through = (0..PLACES).filter(|at| places[*at].is_some()).fold(0, |through, at| through | 1 << at);
    let root = Scan { state: &state, through, depth: 0 };
    // Looking once at all the bytes is quicker than at each string; what is no UTF-8 is looked at again for its position.
    let is_message = match str::from_utf8(body) {
        Ok(text) => root.read(serde_json::Deserializer::from_str(text)),
        Err(_) => root.read(serde_json::Deserializer::from_slice(body)),
    }?;
    let (marked, duplicates) = (state.notes.marked.get(), state.notes.duplicates.get());
    Ok(Scanned { values: state.values.into_inner(), marked, duplicates, is_message })
}

/// So many names stand around any place of most bodies; room for them that never has to grow.
const USUAL_NAMES: usize = 32;

/// What a scan knows.
struct State<'p, 'a> {
    notes: Notes<'a>,
    values: RefCell<[Option<Node<'a>>; PLACES]>,
    /// The names of every object around here, one object's behind the other's.
    names: RefCell<Vec<Cow<'a, str>>>,
    /// Each place's address.
    places: [Option<&'p [String]>; PLACES],
}

/// Scans one value, and tells whether it is an object with members.
#[derive(Clone, Copy)]
struct Scan<'n, 'a> {
    state: &'n State<'n, 'a>,
    /// The places whose addresses lead through here, a bit for each.
    through: u8,
    /// How many tokens of their addresses led here.
    depth: usize,
}

impl<'n, 'a> Scan<'n, 'a> {
    fn read<R: serde_json::de::Read<'a>>(
        self,
        mut deserializer: serde_json::Deserializer<R>,
    ) -> Result<bool, serde_json::Error> {
        let is_message = self.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(is_message)
    }

    /// What is left of a place's address, if it leads through here.
    fn rest(self, at: usize) -> Option<&'n [String]> {
        let place = self.state.places[at].filter(|_| self.through & 1 << at != 0)?;
        place.get(self.depth..)
    }

    fn below(self, leads_there: impl Fn(&str) -> bool) -> Self {
        // Nothing leads through most of a body.
        if self.through == 0 {
            return self;
        }
        let below = |at: &usize| self.rest(*at).and_then(<[String]>::first).is_some_and(|token| leads_there(token));
        let through = (0..PLACES).filter(below).fold(0, |through, at| through | 1 << at);
        Self { through, depth: self.depth + 1, ..self }
    }
}

impl<'a> DeserializeSeed<'a> for Scan<'_, 'a> {
    type Value = bool;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<bool, D::Error> {
        let is_place = |at| self.rest(at).is_some_and(<[String]>::is_empty);
        if self.through == 0 || !(0..PLACES).any(is_place) {
            return deserializer.deserialize_any(self);
        }
        let node = Seed { notes: &self.state.notes, mark: self.rest(0) }.deserialize(deserializer)?;
        for (at, value) in self.state.values.borrow_mut().iter_mut().enumerate() {
            if value.is_none() {
                *value = self.rest(at).and_then(|rest| node.at(rest)).cloned();
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
        let outer = self.state.names.borrow().len();
        while let Some(name) = access.next_key_seed(Name)? {
            let below = self.below(|token| token == name);
            self.state.names.borrow_mut().push(name);
            access.next_value_seed(below)?;
        }
        let mut names = self.state.names.borrow_mut();
        let own = &names[outer..];
        let has_members = !own.is_empty();
        if stands_twice(own, |name| name) {
            self.state.notes.duplicates.set(true);
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
