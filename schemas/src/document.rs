//! A received body, read in two steps. A scan checks whether it is JSON and finds the values of the profile's roles;
//! nothing more is done for an unauthenticated client. More expensive checks, such as for repeated names, follow, and a
//! tree is built only on demand. Everything borrows from the body and keeps what `serde_json::Value` discards.

mod duplicates;
mod fault;
mod names;
mod node;
mod number;
mod scan;
mod skim;
pub(crate) mod text;
mod tokens;
mod utf8;

use std::{borrow::Cow, ops::Range, str, sync::OnceLock};

use serde::Deserialize;
use serde_json::Value;

use self::{
    duplicates::Duplicates,
    names::FirstNames,
    scan::{Scanned, scan},
    skim::{Skimmed, skim},
};
pub use self::{fault::JsonError, node::Node};
use crate::{
    authentication::CLIENT_SECRET_MAX_CHARACTERS,
    json::{self, Edited},
    message::Trigger,
    pointer::Pointer,
    profile::{Places, Profile, Role},
};

const _: () = assert!(Places::SLOTS == Role::ALL.len() && matches!(Role::ALL[Places::SECRET], Role::ClientSecret));

/// Maximum size of a client secret in JSON, quotes included: two escapes for each character.
const MAX_SECRET_BYTES: usize = 12 * CLIENT_SECRET_MAX_CHARACTERS + 2;

/// A body that is JSON, not authenticated yet. All bodies of one length take about the same time, and at most a few KiB of
/// memory.
#[derive(Debug)]
pub struct Scan<'a> {
    document: Document<'a>,
    names: FirstNames,
}

/// A body that is JSON, in which every place that the profile knows is unambiguous.
#[derive(Debug)]
pub struct Document<'a> {
    body: &'a [u8],
    scanned: Scanned,
    /// The values at the roles' places, built on demand.
    values: [OnceLock<Option<Node<'a>>>; Places::SLOTS],
    /// The whole tree, built on demand.
    root: OnceLock<Node<'a>>,
    profile: &'a Profile,
    /// Repeated names that make no role ambiguous.
    duplicates: Vec<Pointer>,
}

/// The body cannot be read without guessing. Positions are 1-based; nothing of the body is repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The body begins with a byte order mark (RFC 8259 section 8.1).
    #[error("the body begins with a byte order mark; send plain UTF-8")]
    ByteOrderMark,
    /// A name is repeated in its object on the way to, or inside, a place that the profile knows. The error has the role
    /// and not the place: names come from the sender and can hold anything.
    #[error("a name is repeated in its object on the way to, or inside, the place of `{0}`, which makes it ambiguous")]
    Duplicate(Role),
    /// The body is not JSON (RFC 8259) or not UTF-8, is nested deeper than 128, or holds a number beyond a double's range.
    #[error("the body is not JSON: {0}")]
    Json(#[source] JsonError),
}

/// The value at the client secret's place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PresentedSecret<'d> {
    /// Nothing.
    Absent,
    /// A value that is not a string, such as null.
    NotText,
    /// A string, unescaped.
    Text(&'d str),
}

/// The value at the client secret's place of a body that may not be JSON.
#[derive(Debug)]
pub struct Skim<'a>(Skimmed<'a>);

impl<'a> Skim<'a> {
    /// Skims a body: follows only its strings and brackets to the client secret. In a body that is JSON it finds what a
    /// [`Scan`] finds, in about the same time for all bodies of one length.
    ///
    /// `None` if the profile's place is in an array and the body has an array there.
    pub fn of(body: &'a [u8], profile: &Profile) -> Option<Self> {
        let secret = profile.pointer(Role::ClientSecret).filter(|pointer| !pointer.tokens().is_empty())?;
        skim(body, secret).map(Self)
    }

    /// Checks the value at the client secret's place, as [`Scan::check_secret`] does.
    ///
    /// # Errors
    /// Those of `check`, for the first value.
    pub fn check_secret<E>(&self, check: impl Fn(Option<PresentedSecret<'_>>) -> Result<(), E>) -> Result<(), E> {
        check_values(self.0.first, self.0.last, check)
    }
}

impl<'a> Scan<'a> {
    /// Scans a body once and borrows from it.
    ///
    /// # Errors
    /// When it is not JSON. Ambiguous roles are found by [`Self::into_document`].
    pub fn of(body: &'a [u8], profile: &'a Profile) -> Result<Self, ReadError> {
        if body.starts_with(b"\xEF\xBB\xBF") {
            return Err(ReadError::ByteOrderMark);
        }
        let mut names = FirstNames::new(body.len());
        let scanned =
            scan(body, profile.places(), &mut names).map_err(|fault| ReadError::Json(JsonError::new(fault, body)))?;
        let values = [const { OnceLock::new() }; Places::SLOTS];
        let document = Document { body, scanned, values, root: OnceLock::new(), profile, duplicates: Vec::new() };
        Ok(Self { document, names })
    }

    /// Whether it is an object with at least one member. Anything else is valid JSON but not a message.
    pub fn is_message(&self) -> bool {
        self.document.is_message()
    }

    /// Checks the value at the client secret's place. `check` gets `None` for a string that is longer than any client secret,
    /// which is not read. If the place exists more than once, the first and the last value are checked and one that passes
    /// is enough: a client that knows the secret learns from [`Self::into_document`] that it is ambiguous.
    ///
    /// # Errors
    /// Those of `check`, for the first value.
    pub fn check_secret<E>(&self, check: impl Fn(Option<PresentedSecret<'_>>) -> Result<(), E>) -> Result<(), E> {
        let last = self.document.scanned.last_secret.clone().map(|last| &self.document.body[last]);
        check_values(self.document.raw(Role::ClientSecret), last, check)
    }

    /// The profile that it was read with.
    pub fn profile(&self) -> &'a Profile {
        self.document.profile
    }

    /// Looks for repeated names. If the body has many names, this takes time and memory of a small multiple of its length:
    /// call it only for authenticated bodies.
    ///
    /// # Errors
    /// When a role is ambiguous.
    pub fn into_document(self) -> Result<Document<'a>, ReadError> {
        let mut document = self.document;
        if !self.names.are_unique(document.body) {
            let text = str::from_utf8(document.body).unwrap_or_default();
            let found = Duplicates::find(text, document.profile.places());
            if let Some(slot) = found.ambiguous {
                return Err(ReadError::Duplicate(Role::ALL[slot]));
            }
            document.duplicates = found.elsewhere;
        }
        Ok(document)
    }
}

impl<'a> Document<'a> {
    /// Reads a body and borrows from it: [`Scan::of`] and [`Scan::into_document`].
    ///
    /// # Errors
    /// When it is not JSON, or a role is ambiguous.
    pub fn read(body: &'a [u8], profile: &'a Profile) -> Result<Self, ReadError> {
        Scan::of(body, profile)?.into_document()
    }

    /// The whole tree, built on the first call.
    pub fn root(&self) -> &Node<'a> {
        self.root.get_or_init(|| parsed(self.body))
    }

    /// Whether it is an object with at least one member. Anything else is valid JSON but not a message.
    pub fn is_message(&self) -> bool {
        self.scanned.is_message
    }

    /// The value at a role's place, if the profile carries the role and the place exists. Built on the first call.
    pub fn get(&self, role: Role) -> Option<&Node<'a>> {
        let value = self.values[role.slot()].get_or_init(|| self.raw(role).map(parsed));
        value.as_ref()
    }

    /// The bytes of the value at a role's place.
    fn raw(&self, role: Role) -> Option<&'a [u8]> {
        self.scanned.values[role.slot()].clone().map(|value| &self.body[value])
    }

    /// The scalar at a role's place. An array or object there is not read.
    fn scalar(&self, role: Role) -> Option<&Node<'a>> {
        self.raw(role).filter(|raw| !matches!(raw, [b'[' | b'{', ..])).and_then(|_| self.get(role))
    }

    /// The string at a role's place.
    pub fn text(&self, role: Role) -> Option<&str> {
        match self.scalar(role)? {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What happened to the step, if the message states it in a way that the profile knows.
    pub fn trigger(&self) -> Option<Trigger> {
        if self.profile.pointer(Role::Trigger).is_some() {
            let word = self.scalar(Role::Trigger)?;
            return Trigger::ALL.into_iter().find(|trigger| word.is(self.profile.trigger_word(*trigger)));
        }
        let mut previous = self.profile.carried().filter(|role| role.is_previous_step());
        let has_previous_step = previous.any(|role| self.raw(role).is_some_and(|raw| raw != b"null"));
        Some(if has_previous_step { Trigger::StepCreated } else { Trigger::StepCompleted })
    }

    /// The value at the client secret's place.
    pub fn secret(&self) -> PresentedSecret<'_> {
        match (self.raw(Role::ClientSecret), self.text(Role::ClientSecret)) {
            (None, _) => PresentedSecret::Absent,
            (Some(_), Some(text)) => PresentedSecret::Text(text),
            (Some(_), None) => PresentedSecret::NotText,
        }
    }

    /// The range of the client secret's value in the body, of any type, quotes included.
    pub fn secret_span(&self) -> Option<Range<usize>> {
        self.scanned.values[Role::ClientSecret.slot()].clone()
    }

    /// The body with another value at the client secret's place, if it has one there.
    pub fn with_secret(&self, text: &str) -> Option<Edited> {
        let span = self.secret_span()?;
        Some(Edited { at: span.start, body: json::replace(self.body, span, &Value::from(text).to_string()) })
    }

    /// Repeated names that make no role ambiguous: the first 20. An address of more than 256 bytes is given as the whole
    /// message.
    pub fn duplicates(&self) -> &[Pointer] {
        &self.duplicates
    }

    /// The profile that it was read with.
    pub fn profile(&self) -> &'a Profile {
        self.profile
    }

    /// The document as an owned value. The last of repeated names is kept.
    pub fn to_value(&self) -> Value {
        serde_json::from_slice(self.body).expect("the scan takes only what `serde_json` takes")
    }
}

/// Checks the first and the last value at the client secret's place. One that passes is enough.
fn check_values<E>(
    first: Option<&[u8]>,
    last: Option<&[u8]>,
    check: impl Fn(Option<PresentedSecret<'_>>) -> Result<(), E>,
) -> Result<(), E> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    let check = |value: Option<&[u8]>| match value {
        None => check(Some(PresentedSecret::Absent)),
        Some(raw) if is_long_text(raw) => check(None),
        Some(raw @ [b'"', ..]) => match serde_json::from_slice(raw) {
            Ok(Text(text)) => check(Some(PresentedSecret::Text(&text))),
            Err(_) => check(Some(PresentedSecret::NotText)),
        },
        Some(_) => check(Some(PresentedSecret::NotText)),
    };
    let of_first = check(first);
    match last.map(|last| check(Some(last))) {
        Some(Ok(())) => Ok(()),
        _ => of_first,
    }
}

/// Whether a value is a string that is longer than any client secret.
fn is_long_text(raw: &[u8]) -> bool {
    raw.starts_with(b"\"") && raw.len() > MAX_SECRET_BYTES
}

fn parsed(bytes: &[u8]) -> Node<'_> {
    node::read(bytes).expect("the scan takes only what `serde_json` takes")
}

#[cfg(test)]
mod tests;
