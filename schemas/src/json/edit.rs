//! Edits of one value in a body. Every other byte stays: spacing, escapes, digits, repeated names.

use std::ops::Range;

use serde_json::Value;

use super::cursor::{Cursor, Item, Items, unescaped};
use crate::pointer::{self, Pointer};

/// A body with another value at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The body.
    pub body: Vec<u8>,
    /// Where the new value begins, in bytes.
    pub at: usize,
}

/// A body cannot be edited. The error holds no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// A name on the way to the place is repeated.
    #[error("a name on the way to the place is repeated")]
    Ambiguous,
    /// The text is not JSON.
    #[error("the text is not JSON")]
    Json,
    /// The text is not an object, so it has no member to edit.
    #[error("the text is not a JSON object")]
    NotAnObject,
}

/// Puts a value, itself JSON text, at a place in an object. An existing value is replaced; a missing member is appended to
/// its object, with the spacing of the one before it. Missing objects and arrays on the way are created, another value in
/// their place is replaced by one, and an array that is too short is filled with null.
///
/// # Errors
/// When the body is not a JSON object, or the place is ambiguous.
pub fn put(body: &[u8], place: &Pointer, value: &str) -> Result<Edited, EditError> {
    let mut here = root(body)?;
    let mut tokens = place.tokens();
    if tokens.is_empty() {
        return Err(EditError::NotAnObject);
    }
    while let [token, rest @ ..] = tokens {
        if Items::of(body, here.start).is_none_or(|_| body[here.start] == b'[' && pointer::index(token).is_none()) {
            break;
        }
        match find(body, here.start, token)? {
            Lookup::There(item) => here = item.value,
            Lookup::Missing { last, filler } => return Ok(insert(body, here.start, last, &filler, token, rest, value)),
        }
        tokens = rest;
    }
    let (new, offset) = nested(tokens, value);
    Ok(Edited { at: here.start + offset, body: replace(body, here, &new) })
}

/// Replaces a range of the body with a value, itself JSON text.
pub fn replace(body: &[u8], place: Range<usize>, value: &str) -> Vec<u8> {
    [&body[..place.start], value.as_bytes(), &body[place.end..]].concat()
}

/// Removes the member at a place, with its comma and the white space around it. An array's element becomes null, so that
/// its neighbours keep their indices. `None` if the place does not exist.
///
/// # Errors
/// When the body is not JSON, or the place is ambiguous.
pub fn remove(body: &[u8], place: &Pointer) -> Result<Option<Vec<u8>>, EditError> {
    let Some((last, above)) = place.tokens().split_last() else { return Ok(None) };
    let mut start = root(body).or_else(|error| if error == EditError::NotAnObject { Ok(0..0) } else { Err(error) })?;
    for token in above {
        match Items::of(body, start.start).map(|_| find(body, start.start, token)).transpose()? {
            Some(Lookup::There(item)) => start = item.value,
            Some(Lookup::Missing { .. }) | None => return Ok(None),
        }
    }
    match Items::of(body, start.start).map(|_| find(body, start.start, last)).transpose()? {
        Some(Lookup::There(item)) => Ok(Some(without(body, start.start, &item))),
        Some(Lookup::Missing { .. }) | None => Ok(None),
    }
}

/// Removes the member whose value begins at a byte, as [`remove`] does. `None` if no value begins there.
pub fn remove_at(body: &[u8], at: usize) -> Option<Vec<u8>> {
    let mut container = Cursor::new(body, 0).value()?.start;
    loop {
        let item = Items::of(body, container)?.find(|item| item.value.contains(&at))?;
        if item.value.start == at {
            return Some(without(body, container, &item));
        }
        container = item.value.start;
    }
}

/// The range of the whole value, which must be an object.
fn root(body: &[u8]) -> Result<Range<usize>, EditError> {
    let root = Cursor::new(body, 0).value().ok_or(EditError::Json)?;
    if body[root.start] == b'{' { Ok(root) } else { Err(EditError::NotAnObject) }
}

enum Lookup {
    There(Item),
    Missing {
        last: Option<Item>,
        /// The null values to add to an array that is too short.
        filler: String,
    },
}

/// Looks for a token in the array or object that begins at `start`.
fn find(body: &[u8], start: usize, token: &str) -> Result<Lookup, EditError> {
    let items = Items::of(body, start).ok_or(EditError::Json)?;
    let (mut found, mut last, mut count) = (None, None, 0);
    let index = pointer::index(token);
    for item in items {
        let is_it = match &item.name {
            Some(name) => unescaped(&body[name.clone()]).is_some_and(|name| name == token),
            None => index == Some(count),
        };
        if is_it && found.replace(item.clone()).is_some() {
            return Err(EditError::Ambiguous);
        }
        last = Some(item);
        count += 1;
    }
    Ok(match found {
        Some(item) => Lookup::There(item),
        None => {
            let missing = if body[start] == b'[' { index.unwrap_or_default().saturating_sub(count) } else { 0 };
            Lookup::Missing { last, filler: "null,".repeat(missing) }
        }
    })
}

/// Appends a member or element after the last one.
fn insert(
    body: &[u8],
    start: usize,
    last: Option<Item>,
    filler: &str,
    token: &str,
    rest: &[String],
    value: &str,
) -> Edited {
    let text = |range: Range<usize>| String::from_utf8_lossy(&body[range]).into_owned();
    let name = Value::from(token).to_string();
    let (end, mut new) = match &last {
        None => (start + 1, String::new()),
        Some(item) => {
            let space = body[..item.start()].iter().rev().take_while(|byte| b" \t\r\n".contains(byte)).count();
            (item.value.end, format!(",{}", text(item.start() - space..item.start())))
        }
    };
    new.push_str(filler);
    if body[start] == b'{' {
        let colon = last.and_then(|item| Some(text(item.name?.end..item.value.start)));
        new.push_str(&name);
        new.push_str(colon.as_deref().unwrap_or(":"));
    }
    let (nested, offset) = nested(rest, value);
    let at = end + new.len() + offset;
    new.push_str(&nested);
    Edited { body: replace(body, end..end, &new), at }
}

/// A value inside new objects and arrays for these tokens, and where in the text it begins.
fn nested(tokens: &[String], value: &str) -> (String, usize) {
    let (mut before, mut after) = (String::new(), String::new());
    for token in tokens {
        match pointer::index(token) {
            Some(index) => {
                before.push_str(&format!("[{}", "null,".repeat(index)));
                after.insert(0, ']');
            }
            None => {
                before.push_str(&format!("{{{}:", Value::from(token.as_str())));
                after.insert(0, '}');
            }
        }
    }
    let offset = before.len();
    (before + value + &after, offset)
}

/// The body without a member of the object that begins at `start`.
fn without(body: &[u8], start: usize, item: &Item) -> Vec<u8> {
    if item.name.is_none() {
        return replace(body, item.value.clone(), "null");
    }
    let (mut before, mut after) = (None, None);
    for other in Items::of(body, start).into_iter().flatten() {
        if other.value.end <= item.start() {
            before = Some(other.value.end);
        } else if other.start() >= item.value.end {
            after = Some(other.start());
            break;
        }
    }
    let cut = match (before, after) {
        (Some(before), _) => before..item.value.end,
        (None, Some(after)) => item.start()..after,
        (None, None) => start + 1..item.value.end,
    };
    replace(body, cut, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(text: &str) -> Pointer {
        text.parse().unwrap()
    }

    fn put_text(body: &str, place: &str) -> Result<String, EditError> {
        let edited = put(body.as_bytes(), &pointer(place), "\"x\"")?;
        assert!(edited.body[edited.at..].starts_with(b"\"x\""), "{body} {place} {edited:?}");
        Ok(String::from_utf8(edited.body).unwrap())
    }

    const NUMBERS: &str =
        "{\r\n\t\"a\" : 12345678901234567890123 ,\"b\":[5000.50, 1e2,-0 , 0.00000012],\"\\u0062\":\"\\/\\u00fc\"}";

    #[test]
    fn only_the_place_changes_when_a_value_is_put() {
        for (name, body, place, expected) in [
            ("replaced", r#"{ "s" : "old" ,"n":1e2}"#, "/s", r#"{ "s" : "x" ,"n":1e2}"#),
            ("of another type", r#"{"s":[1,{"s":2}]}"#, "/s", r#"{"s":"x"}"#),
            ("an escaped name", r#"{"\u0073":1}"#, "/s", r#"{"\u0073":"x"}"#),
            ("inserted", r#"{"n":5000.50}"#, "/s", r#"{"n":5000.50,"s":"x"}"#),
            ("inserted, spaced", "{ \"m\": 1, \"n\": 1 }\n", "/s", "{ \"m\": 1, \"n\": 1, \"s\": \"x\" }\n"),
            ("inserted, in lines", "{\n  \"n\": -0\n}", "/s", "{\n  \"n\": -0,\n  \"s\": \"x\"\n}"),
            ("into an empty object", " { } ", "/s", " {\"s\":\"x\" } "),
            ("repeated names", r#"{"n":1,"n":2}"#, "/s", r#"{"n":1,"n":2,"s":"x"}"#),
            ("a name to be escaped", "{}", "/a~1\"b", r#"{"a/\"b":"x"}"#),
            ("nested", r#"{"auth":{"secret":"old","n":1.0}}"#, "/auth/secret", r#"{"auth":{"secret":"x","n":1.0}}"#),
            ("nested, inserted", r#"{"auth": {"n":1.0} }"#, "/auth/secret", r#"{"auth": {"n":1.0,"secret":"x"} }"#),
            ("an empty parent", r#"{"auth":{}}"#, "/auth/secret", r#"{"auth":{"secret":"x"}}"#),
            ("a missing parent", r#"{"n":1}"#, "/auth/secret", r#"{"n":1,"auth":{"secret":"x"}}"#),
            ("missing parents", "{}", "/a/b/c", r#"{"a":{"b":{"c":"x"}}}"#),
            ("null in the way", r#"{"auth":null,"n":1}"#, "/auth/secret", r#"{"auth":{"secret":"x"},"n":1}"#),
            ("an array in the way", r#"{"auth":[1]}"#, "/auth/secret", r#"{"auth":{"secret":"x"}}"#),
            ("an element", r#"{"l":[1e2, {"s":1}]}"#, "/l/1/s", r#"{"l":[1e2, {"s":"x"}]}"#),
            ("an element, inserted", r#"{"l":[1e2]}"#, "/l/2", r#"{"l":[1e2,null,"x"]}"#),
            ("an empty array", r#"{"l":[]}"#, "/l/1/s", r#"{"l":[null,{"s":"x"}]}"#),
            ("a missing array", "{}", "/l/1", r#"{"l":[null,"x"]}"#),
            ("an index that is a name", r#"{"l":{"n":1}}"#, "/l/0", r#"{"l":{"n":1,"0":"x"}}"#),
            ("the same name elsewhere", r#"{"a":{"s":1},"t":"s"}"#, "/s", r#"{"a":{"s":1},"t":"s","s":"x"}"#),
        ] {
            assert_eq!(put_text(body, place).as_deref(), Ok(expected), "{name}");
        }
        let put_in = put_text(NUMBERS, "/s").unwrap();
        assert_eq!(put_in, format!("{},\"s\":\"x\"}}", &NUMBERS[..NUMBERS.len() - 1]));
        for (body, place, expected) in [
            ("[]", "/s", EditError::NotAnObject),
            ("null", "/s", EditError::NotAnObject),
            ("", "/s", EditError::Json),
            ("{}", "", EditError::NotAnObject),
            (r#"{"s":1,"s":2}"#, "/s", EditError::Ambiguous),
            (r#"{"a":{},"\u0061":{}}"#, "/a/s", EditError::Ambiguous),
        ] {
            assert_eq!(put_text(body, place), Err(expected), "{body}");
        }
    }

    #[test]
    fn a_member_is_removed_whole_and_nothing_else() {
        for (name, body, place, expected) in [
            ("the only one", r#"{"s":"x"}"#, "/s", r"{}"),
            ("the only one, spaced", "{ \"s\" : \"x\" }", "/s", "{ }"),
            ("the first", "{ \"s\" : \"x\" , \"n\" : 1e2 }", "/s", "{ \"n\" : 1e2 }"),
            ("in the middle", r#"{"a":5000.50, "s":"x", "b":-0}"#, "/s", r#"{"a":5000.50, "b":-0}"#),
            ("the last", "{\n  \"a\": 1,\n  \"s\": \"x\"\n}", "/s", "{\n  \"a\": 1\n}"),
            ("an escaped name", r#"{"\u0073":"x","s2":1}"#, "/s", r#"{"s2":1}"#),
            ("of another type", r#"{"s":{"s":[1]},"b":1}"#, "/s", r#"{"b":1}"#),
            ("nested", r#"{"auth":{"secret":"x"},"n":1}"#, "/auth/secret", r#"{"auth":{},"n":1}"#),
            ("an element", r#"{"l":[1,"x",3]}"#, "/l/1", r#"{"l":[1,null,3]}"#),
            ("repeated names", r#"{"n":1,"s":"x","n":2}"#, "/s", r#"{"n":1,"n":2}"#),
        ] {
            let found = remove(body.as_bytes(), &pointer(place)).unwrap().unwrap();
            assert_eq!(String::from_utf8(found.clone()).unwrap(), expected, "{name}");
            let value = serde_json::from_str::<Value>(body).unwrap();
            assert!(pointer(place).get(&value).is_some(), "{name}");
        }
        for (body, place) in [("{}", "/s"), (r#"{"a":[]}"#, "/a/0"), (r#"{"a":1}"#, "/a/s"), ("[1]", "/s"), ("1", "/s")]
        {
            assert_eq!(remove(body.as_bytes(), &pointer(place)), Ok(None), "{body}");
        }
        assert_eq!(remove(br#"{"s":1,"s":2}"#, &pointer("/s")), Err(EditError::Ambiguous));
    }

    #[test]
    fn what_was_put_in_is_taken_out_again() {
        for (body, place) in [
            ("{}", "/s"),
            ("{ }", "/s"),
            ("{ \"a\" : 1 }\n", "/s"),
            (NUMBERS, "/s"),
            ("{\n  \"a\": {\n    \"b\": 1\n  }\n}", "/a/s"),
            (r#"{"a":{}}"#, "/a/s"),
        ] {
            let edited = put(body.as_bytes(), &pointer(place), "\"\"").unwrap();
            assert_eq!(remove(&edited.body, &pointer(place)).unwrap().unwrap(), body.as_bytes(), "{body}");
            assert_eq!(remove_at(&edited.body, edited.at).unwrap(), body.as_bytes(), "{body}");
        }
    }

    #[test]
    fn a_member_is_found_by_the_byte_where_its_value_begins() {
        let body = r#"{"a":{"b":[1,{"s":""}]},"t":""}"#;
        let at = body.find(r#""""#).unwrap();
        assert_eq!(remove_at(body.as_bytes(), at).unwrap(), br#"{"a":{"b":[1,{}]},"t":""}"#);
        for at in [0, 1, at + 1, body.len(), usize::MAX] {
            assert_eq!(remove_at(body.as_bytes(), at), None, "{at}");
        }
        assert_eq!(remove_at(b"not JSON", 3), None);
    }
}
