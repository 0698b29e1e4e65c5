//! A received body, read once for what every message is asked, and as a whole tree only where somebody wants that. Both
//! borrow from the body and keep what `serde_json::Value` throws away, namely which names stand twice and where the
//! client secret's bytes lie.

mod duplicates;
mod node;
mod scan;

use std::{ops::Range, str, sync::OnceLock};

use serde_json::Value;

pub use self::node::Node;
use self::{
    duplicates::Duplicates,
    scan::{PLACES, Scanned, scan},
};
use crate::{
    message::Trigger,
    pointer::Pointer,
    profile::{Part, Profile, Role, Subject},
};

/// What every message is asked; the secret, whose bytes are noted too, stands first.
const NOTED: [Role; PLACES] =
    [Role::ClientSecret, Role::Trigger, Role::FlowIdentifier, Role::Step(Subject::Step, Part::Identifier)];

/// A body that is JSON, in which every place that the profile knows is unambiguous.
#[derive(Debug)]
pub struct Document<'a> {
    body: &'a [u8],
    scanned: Scanned<'a>,
    /// The whole tree, once somebody has asked for it.
    root: OnceLock<Node<'a>>,
    profile: &'a Profile,
    /// Names that stand twice in one object, off the way to every role.
    duplicates: Vec<Pointer>,
}

/// The body cannot be read without guessing. Positions are 1-based; nothing of the body is repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The body begins with a byte order mark (RFC 8259 section 8.1).
    #[error("the body begins with a byte order mark; send plain UTF-8")]
    ByteOrderMark,
    /// A name stands twice in one object on the way to, or inside, a place that the profile knows.
    /// The role is named and not the place: names are the sender's, and may hold anything.
    #[error("a name stands twice in its object on the way to, or inside, the place of `{0}`, which makes it ambiguous")]
    Duplicate(Role),
    /// The body is no JSON (RFC 8259), no UTF-8, nested deeper than 128, or holds a number beyond a double's range.
    #[error("the body is not JSON: {0}")]
    Json(#[source] serde_json::Error),
}

/// What stands at the client secret's place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PresentedSecret<'d> {
    /// Nothing.
    Absent,
    /// A value that is no string, null included.
    NotText,
    /// A string, unescaped.
    Text(&'d str),
}

impl<'a> Document<'a> {
    /// Reads a body once, borrowing from it.
    ///
    /// # Errors
    /// When it is no JSON text, or ambiguous where the profile looks.
    pub fn read(body: &'a [u8], profile: &'a Profile) -> Result<Self, ReadError> {
        if body.starts_with(b"\xEF\xBB\xBF") {
            return Err(ReadError::ByteOrderMark);
        }
        let scanned = scan(body, NOTED.map(|role| profile.pointer(role))).map_err(|error| {
            // The secret's value is read apart, so an error in it has a position in the value alone.
            ReadError::Json(scan(body, [None; PLACES]).err().unwrap_or(error))
        })?;
        let mut document = Self { body, scanned, root: OnceLock::new(), profile, duplicates: Vec::new() };
        if document.scanned.duplicates {
            let found = Duplicates::find(document.root(), profile);
            if let Some(role) = found.ambiguous {
                return Err(ReadError::Duplicate(role));
            }
            document.duplicates = found.elsewhere;
        }
        Ok(document)
    }

    /// The whole tree, made when it is asked for first.
    pub fn root(&self) -> &Node<'a> {
        let read = || node::read(self.body, self.profile.pointer(Role::ClientSecret));
        self.root.get_or_init(|| read().expect("the scan has read the same bytes by the same rules"))
    }

    /// Whether it is an object with at least one member. Anything else is valid JSON but no message.
    pub fn is_message(&self) -> bool {
        self.scanned.is_message
    }

    /// The value at a role's place, if the profile carries the role and something stands there.
    pub fn get(&self, role: Role) -> Option<&Node<'a>> {
        match NOTED.iter().position(|noted| *noted == role) {
            Some(at) => self.scanned.values[at].as_ref(),
            None => self.root().get(self.profile.pointer(role)?),
        }
    }

    /// The string at a role's place.
    pub fn text(&self, role: Role) -> Option<&str> {
        match self.get(role)? {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What happened to the step, if the message says it in a way that the profile knows.
    pub fn trigger(&self) -> Option<Trigger> {
        if self.profile.pointer(Role::Trigger).is_some() {
            let word = self.get(Role::Trigger)?;
            return Trigger::ALL.into_iter().find(|trigger| word.is(self.profile.trigger_word(*trigger)));
        }
        let mut previous = self.profile.carried().filter(|role| role.is_previous_step());
        let told = previous.any(|role| self.get(role).is_some_and(|node| *node != Node::Null));
        Some(if told { Trigger::StepCreated } else { Trigger::StepCompleted })
    }

    /// What stands at the client secret's place.
    pub fn secret(&self) -> PresentedSecret<'_> {
        match self.get(Role::ClientSecret) {
            None => PresentedSecret::Absent,
            Some(Node::Text(text)) => PresentedSecret::Text(text),
            Some(_) => PresentedSecret::NotText,
        }
    }

    /// The bytes of the body that spell the client secret's value, of whatever type, quotes included.
    pub fn secret_span(&self) -> Option<Range<usize>> {
        let raw = self.scanned.marked?;
        let start = raw.as_ptr().addr() - self.body.as_ptr().addr();
        Some(start..start + raw.len())
    }

    /// Names that stand twice in one object where the profile does not look: the first 20, an address of more than 256
    /// bytes as the whole message.
    pub fn duplicates(&self) -> &[Pointer] {
        &self.duplicates
    }

    /// The profile that it was read with.
    pub fn profile(&self) -> &'a Profile {
        self.profile
    }

    /// The document as an owned value; of a name that stands twice the last is kept.
    pub fn to_value(&self) -> Value {
        self.root().to_value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Document<'_>, ReadError> {
        Document::read(body.as_bytes(), Profile::v1())
    }

    #[test]
    fn the_secret_is_found_with_its_exact_bytes() {
        for (body, text, raw) in [
            (r#"{"clientSecret":"s3cret"}"#, Some("s3cret"), r#""s3cret""#),
            (r#"{ "a": [1], "clientSecret" : "\u0073\"\\" , "b": {} }"#, Some("s\"\\"), r#""\u0073\"\\""#),
            ("{\"client\\u0053ecret\":\"\u{1F30A}\"}", Some("\u{1F30A}"), "\"\u{1F30A}\""),
            (r#"{"clientSecret":12345}"#, None, "12345"),
            (r#"{"clientSecret": {"a": [1, 2]}, "x": 1}"#, None, r#"{"a": [1, 2]}"#),
        ] {
            let document = read(body).unwrap();
            assert_eq!(&body[document.secret_span().unwrap()], raw);
            match text {
                Some(text) => assert!(document.secret() == PresentedSecret::Text(text), "{body}"),
                None => assert!(document.secret() == PresentedSecret::NotText, "{body}"),
            }
        }
        let decoy = read(r#"{"step":{"clientSecret":"s3cret"},"ClientSecret":"s3cret"}"#).unwrap();
        assert!(decoy.secret() == PresentedSecret::Absent);
        assert_eq!(decoy.secret_span(), None);
    }

    #[test]
    fn the_scan_notes_what_the_tree_has() {
        for sample in crate::Sample::valid().chain(crate::Sample::invalid()) {
            let Ok(document) = Document::read(sample.body, Profile::v1()) else { continue };
            for role in NOTED {
                let pointer = Profile::v1().pointer(role).unwrap();
                assert_eq!(document.get(role), document.root().get(pointer), "{} {role}", sample.name);
            }
            let is_message = matches!(document.root(), Node::Object(members) if !members.is_empty());
            assert_eq!(document.is_message(), is_message, "{}", sample.name);
        }
    }

    #[test]
    fn a_name_twice_is_refused_on_the_way_to_a_role_and_noted_elsewhere() {
        for body in [
            r#"{"clientSecret":"a","clientSecret":"a"}"#,
            r#"{"clientSecret":"a","client\u0053ecret":"b"}"#,
            r#"{"flow":{"flowIdentifier":"a","flowIdentifier":"b"}}"#,
            r#"{"flow":{},"flow":{}}"#,
            r#"{"step":{"fields":[{"name":"a","value":1,"value":2}]}}"#,
        ] {
            assert!(matches!(read(body), Err(ReadError::Duplicate(_))), "{body}");
        }
        let elsewhere = read(r#"{"noise":{"a":1,"a":2},"b":[{"c":1,"c":2}],"flow":{"x":1,"x":1}}"#).unwrap();
        let shown: Vec<String> = elsewhere.duplicates().iter().map(Pointer::to_string).collect();
        assert_eq!(shown, ["/noise/a", "/b/0/c", "/flow/x"]);
    }

    #[test]
    fn an_ambiguous_role_is_found_behind_any_number_of_other_names_and_no_name_is_repeated() {
        let noise = vec!["\"canary\":0"; 1000].join(",");
        let body = format!("{{\"noise\":{{{noise}}},\"clientSecret\":\"a\",\"clientSecret\":\"b\"}}");
        let error = read(&body).unwrap_err();
        assert!(matches!(error, ReadError::Duplicate(Role::ClientSecret)), "{error}");
        assert!(!error.to_string().contains("canary"), "{error}");
        let noise = read(&body.replace("clientSecret", "other")).unwrap().duplicates().len();
        assert_eq!(noise, 20);
    }

    #[test]
    fn many_names_are_compared_in_good_time() {
        let members: Vec<String> = (0..100_000).map(|n| format!("\"{n}\":{n}")).collect();
        let unique = format!("{{{}}}", members.join(","));
        assert!(read(&unique).unwrap().duplicates().is_empty());
        let twice = format!("{{{},\"7\":0}}", members.join(","));
        assert_eq!(read(&twice).unwrap().duplicates().len(), 1);
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_position() {
        let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(&deep(127)).is_ok());
        for body in
            ["", "{", "{}x", "{'a':1}", "{\"a\":1,}", "[01]", "\"\\ud800\"", "\"\u{1}\"", "1e999", "nul", &deep(200)]
        {
            assert!(matches!(read(body), Err(ReadError::Json(_))), "{body:?}");
        }
        let latin_1 = Document::read(b"{\"a\":\"\xE4\"}", Profile::v1());
        assert!(matches!(latin_1, Err(ReadError::Json(_))));
        let marked = Document::read(b"\xEF\xBB\xBF{}", Profile::v1());
        assert!(matches!(marked, Err(ReadError::ByteOrderMark)));
        for body in ["{\n  \"a\": x\n}", "{\n\"clientSecret\":\"\\ud800\"}"] {
            let message = read(body).unwrap_err().to_string();
            assert!(message.contains("line 2"), "{message}");
        }
    }
}
