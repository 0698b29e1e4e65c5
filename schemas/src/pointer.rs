//! JSON Pointer (RFC 6901): the address of a value in a message.

use std::{borrow::Cow, fmt, str::FromStr};

use serde_json::{Map, Value};

/// The address of a value in a JSON document (RFC 6901). In writing, a token that is a plain decimal number is an array
/// index.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer {
    tokens: Vec<String>,
}

/// The text is not a JSON Pointer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PointerError {
    /// It is not empty and does not begin with `/`.
    #[error("a JSON Pointer begins with `/`, as in `/flow/name`")]
    NoSlash,
    /// A `~` is followed by something other than `0` or `1`.
    #[error("in a JSON Pointer `~` is written `~0` and `/` inside a name `~1`")]
    BadEscape,
}

impl Pointer {
    /// The names and indices from the root down, unescaped.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// Whether `other` is at or below this address.
    pub fn contains(&self, other: &Self) -> bool {
        other.tokens.starts_with(&self.tokens)
    }

    /// The address of a member or element of the value here.
    #[must_use]
    pub fn child(&self, token: impl Into<String>) -> Self {
        let mut tokens = self.tokens.clone();
        tokens.push(token.into());
        Self { tokens }
    }

    /// The address of the object or array that holds the value here; `None` for the whole document.
    pub fn parent(&self) -> Option<Self> {
        let (_, above) = self.tokens.split_last()?;
        Some(Self { tokens: above.to_vec() })
    }

    /// The longest address that contains all of `pointers`; `None` if there are no pointers.
    pub fn common<'p>(pointers: impl IntoIterator<Item = &'p Self>) -> Option<Self> {
        pointers.into_iter().cloned().reduce(|common, next| {
            let shared = common.tokens.iter().zip(&next.tokens).take_while(|(a, b)| a == b).count();
            Self { tokens: common.tokens[..shared].to_vec() }
        })
    }

    /// The value at this address.
    pub fn get<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        self.tokens.iter().try_fold(root, |value, token| match value {
            Value::Object(members) => members.get(token),
            Value::Array(elements) => elements.get(index(token)?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        })
    }

    /// Puts a value at this address and creates the objects and arrays on the way. A scalar on the way is replaced, and an
    /// array that is too short is filled with null.
    pub fn set(&self, root: &mut Value, new: Value) {
        let mut place = root;
        for token in &self.tokens {
            if let Some(index) = index(token)
                && !place.is_object()
            {
                if !place.is_array() {
                    *place = Value::Array(Vec::new());
                }
                let Value::Array(elements) = place else { unreachable!("made an array above") };
                if elements.len() <= index {
                    elements.resize(index + 1, Value::Null);
                }
                place = &mut elements[index];
            } else {
                if !place.is_object() {
                    *place = Value::Object(Map::new());
                }
                let Value::Object(members) = place else { unreachable!("made an object above") };
                place = members.entry(token.as_str()).or_insert(Value::Null);
            }
        }
        *place = new;
    }
}

/// The array index that a token spells, if it spells one (RFC 6901 section 4: no leading zeros).
pub(crate) fn index(token: &str) -> Option<usize> {
    let plain = token == "0" || (!token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit()));
    if plain { token.parse().ok() } else { None }
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let tokens = text.strip_prefix('/').ok_or(PointerError::NoSlash)?.split('/');
        Ok(Self { tokens: tokens.map(unescape).collect::<Result<_, _>>()? })
    }
}

fn unescape(token: &str) -> Result<String, PointerError> {
    let escapes_are_whole =
        token.split('~').skip(1).all(|after_tilde| after_tilde.starts_with('0') || after_tilde.starts_with('1'));
    if escapes_are_whole { Ok(token.replace("~1", "/").replace("~0", "~")) } else { Err(PointerError::BadEscape) }
}

/// A name as a token of a JSON Pointer (RFC 6901 section 3).
pub fn escape(token: &str) -> Cow<'_, str> {
    if token.contains(['~', '/']) { token.replace('~', "~0").replace('/', "~1").into() } else { token.into() }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tokens.iter().try_for_each(|token| write!(f, "/{}", escape(token)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_and_pointer_are_each_others_inverse() {
        for text in ["", "/", "/a", "/a/b/0", "/a~1b/c~0d", "/~01", "/ü/💧"] {
            assert_eq!(text.parse::<Pointer>().unwrap().to_string(), text);
        }
        assert_eq!("a/b".parse::<Pointer>(), Err(PointerError::NoSlash));
        assert_eq!("/a~2".parse::<Pointer>(), Err(PointerError::BadEscape));
        assert_eq!("/a~".parse::<Pointer>(), Err(PointerError::BadEscape));
        assert_eq!("/~01".parse::<Pointer>().unwrap().tokens(), ["~1"]);
    }

    #[test]
    fn what_is_set_is_found_again() {
        let mut value = Value::Null;
        for (text, new) in [("/a/b", json!(1)), ("/a/c/1/d", json!("x")), ("/01", json!(true)), ("/a/c/0", json!(null))]
        {
            let pointer: Pointer = text.parse().unwrap();
            pointer.set(&mut value, new.clone());
            assert_eq!(pointer.get(&value), Some(&new), "{text}");
        }
        assert_eq!(value, json!({"a": {"b": 1, "c": [null, {"d": "x"}]}, "01": true}));
    }

    #[test]
    fn the_common_address_contains_all() {
        let pointers: Vec<Pointer> = ["/a/b/c", "/a/b/d", "/a/b"].map(|text| text.parse().unwrap()).to_vec();
        assert_eq!(Pointer::common(&pointers).unwrap().to_string(), "/a/b");
        assert_eq!(Pointer::common([]), None);
    }
}
