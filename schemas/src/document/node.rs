//! The tree itself, read by `serde_json`, and the names that stand twice in it.

use std::{borrow::Cow, cell::Cell, collections::HashSet, fmt};

use serde::{
    Deserialize as _,
    de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value, value::RawValue};

use crate::pointer::{self, Pointer};

/// A JSON value that borrows its text from the body where no escape stands in the way, and keeps every member of an
/// object, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Node<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Self>),
    /// An object's members, in their order; a name may stand twice.
    Object(Vec<(Cow<'a, str>, Self)>),
}

impl<'a> Node<'a> {
    /// The value at an address; of a name that stands twice, the first.
    pub fn get(&self, pointer: &Pointer) -> Option<&Self> {
        self.at(pointer.tokens())
    }

    pub(super) fn at(&self, tokens: &[String]) -> Option<&Self> {
        tokens.iter().try_fold(self, |node, token| match node {
            Node::Object(members) => members.iter().find(|(name, _)| name == token).map(|(_, value)| value),
            Node::Array(elements) => elements.get(pointer::index(token)?),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => None,
        })
    }

    /// Whether this is the same scalar.
    pub fn is(&self, scalar: &Value) -> bool {
        match (self, scalar) {
            (Node::Null, Value::Null) => true,
            (Node::Bool(a), Value::Bool(b)) => a == b,
            (Node::Number(a), Value::Number(b)) => a == b,
            (Node::Text(a), Value::String(b)) => a == b,
            _ => false,
        }
    }

    /// The value, owned; of a name that stands twice, the last.
    pub fn to_value(&self) -> Value {
        match self {
            Node::Null => Value::Null,
            Node::Bool(value) => Value::Bool(*value),
            Node::Number(number) => Value::Number(number.clone()),
            Node::Text(text) => Value::String(text.clone().into_owned()),
            Node::Array(elements) => elements.iter().map(Node::to_value).collect(),
            Node::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.clone().into_owned(), value.to_value()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }
}

/// Reads a body; `mark` as it was when it was scanned.
pub(super) fn read<'a>(body: &'a [u8], mark: Option<&Pointer>) -> Result<Node<'a>, serde_json::Error> {
    read_whole(body, &Notes::default(), mark)
}

fn read_whole<'a>(body: &'a [u8], notes: &Notes<'a>, mark: Option<&Pointer>) -> Result<Node<'a>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let root = Seed { notes, mark: mark.map(Pointer::tokens) }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(root)
}

/// What comes up while a body is read.
#[derive(Default)]
pub(super) struct Notes<'a> {
    /// The exact text of the value at the marked address.
    pub(super) marked: Cell<Option<&'a str>>,
    /// Whether any name stands twice in its object.
    pub(super) duplicates: Cell<bool>,
}

/// Reads one value; `mark` is what is left of the marked address from here, if it leads through here.
#[derive(Clone, Copy)]
pub(super) struct Seed<'n, 'a> {
    pub(super) notes: &'n Notes<'a>,
    pub(super) mark: Option<&'n [String]>,
}

impl<'n, 'a> Seed<'n, 'a> {
    fn below(self, leads_there: impl FnOnce(&str) -> bool) -> Self {
        let mark = self.mark.and_then(<[String]>::split_first).filter(|(token, _)| leads_there(token));
        Self { mark: mark.map(|(_, rest)| rest), ..self }
    }
}

impl<'a> DeserializeSeed<'a> for Seed<'_, 'a> {
    type Value = Node<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Node<'a>, D::Error> {
        if self.mark.is_some_and(<[String]>::is_empty) {
            let raw = <&'a RawValue>::deserialize(deserializer)?.get();
            self.notes.marked.set(Some(raw));
            let inside = Notes::default();
            let root = read_whole(raw.as_bytes(), &inside, None).map_err(serde::de::Error::custom)?;
            if inside.duplicates.get() {
                self.notes.duplicates.set(true);
            }
            return Ok(root);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Seed<'_, 'a> {
    type Value = Node<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'a>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'a>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'a>, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'a>, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node<'a>, E> {
        Number::from_f64(value).map(Node::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Node<'a>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'a>, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut access: A) -> Result<Node<'a>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) =
            access.next_element_seed(self.below(|token| pointer::index(token) == Some(elements.len())))?
        {
            elements.push(element);
        }
        Ok(Node::Array(elements))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut access: A) -> Result<Node<'a>, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = access.next_key_seed(Name)? {
            let value = access.next_value_seed(self.below(|token| token == name))?;
            members.push((name, value));
        }
        if stands_twice(&members, |(name, _)| name) {
            self.notes.duplicates.set(true);
        }
        Ok(Node::Object(members))
    }
}

/// Up to here comparing every name with every other is quicker than hashing them.
const FEW: usize = 16;

/// Whether any of an object's names stands twice.
pub(super) fn stands_twice<T>(members: &[T], name: impl Fn(&T) -> &str) -> bool {
    if members.len() <= FEW {
        let mut rest = members;
        while let [first, tail @ ..] = rest {
            if tail.iter().any(|other| name(other) == name(first)) {
                return true;
            }
            rest = tail;
        }
        false
    } else {
        let mut seen = HashSet::with_capacity(members.len());
        !members.iter().all(|member| seen.insert(name(member)))
    }
}

/// Reads a member's name, borrowing where it can.
pub(super) struct Name;

impl<'a> DeserializeSeed<'a> for Name {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Cow<'a, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Name {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'a str) -> Result<Cow<'a, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Cow<'a, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
