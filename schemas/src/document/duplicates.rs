//! Repeated names: whether one makes a role ambiguous, and where the others are. Only authenticated bodies are searched, in
//! a scan of their own that keeps the names of the enclosing objects.

use std::{borrow::Cow, ops::Range};

use super::{
    names::repeated,
    scan::{Observer, scan},
    text::unescaped,
};
use crate::{
    pointer::Pointer,
    profile::{PlaceId, Places},
};

/// Maximum number of repeated names to report that make no role ambiguous.
const MAX_NOTED: usize = 20;
/// Maximum length of a reported address in bytes; a longer one is reported as the whole message.
const MAX_ADDRESS_BYTES: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Duplicates {
    /// The slot of a role that a repeated name makes ambiguous.
    pub(super) ambiguous: Option<usize>,
    /// Where else names are repeated: the first [`MAX_NOTED`], in the order in which their objects end.
    pub(super) elsewhere: Vec<Pointer>,
}

impl Duplicates {
    /// Searches a body that has been scanned.
    pub(super) fn find(body: &str, places: &Places) -> Self {
        let mut search = Search { body, places, around: Vec::new(), names: Vec::new(), found: Self::default() };
        // The body has been scanned: it is JSON.
        let _ = scan(body.as_bytes(), places, &mut search);
        search.found
    }
}

struct Search<'b> {
    body: &'b str,
    places: &'b Places,
    /// The arrays and objects around the current position.
    around: Vec<Around>,
    /// The names of the enclosing objects, object by object.
    names: Vec<Name>,
    found: Duplicates,
}

struct Around {
    place: PlaceId,
    /// The first role that this is a part of.
    inside: Option<usize>,
    /// An array's current element, or where an object's names begin.
    number: usize,
    is_object: bool,
}

#[derive(Clone, Copy)]
struct Name {
    start: usize,
    end: usize,
}

impl Observer for Search<'_> {
    fn open(&mut self, is_object: bool, place: PlaceId) {
        let number = if is_object { self.names.len() } else { 0 };
        let inside = if place == Places::ELSEWHERE {
            self.around.last().and_then(|around| around.inside)
        } else {
            self.places.inside(place)
        };
        self.around.push(Around { place, inside, number, is_object });
    }

    fn member(&mut self, name: Range<usize>, _: bool) {
        self.names.push(Name { start: name.start, end: name.end });
    }

    fn element(&mut self) {
        if let Some(array) = self.around.last_mut() {
            array.number += 1;
        }
    }

    fn close(&mut self, is_object: bool) {
        if let Some(object) = self.around.last().filter(|_| is_object) {
            match self.compare(object) {
                Ok(noted) => self.found.elsewhere.extend(noted),
                Err(slot) => self.found.ambiguous = Some(slot),
            }
        }
        if let Some(Around { number, is_object: true, .. }) = self.around.pop() {
            self.names.truncate(number);
        }
    }
}

impl Search<'_> {
    /// Compares the names of the innermost object, which ends here: gives the ambiguous role, or the address to report.
    fn compare(&self, object: &Around) -> Result<Vec<Pointer>, usize> {
        let own = &self.names[object.number..];
        let matters =
            object.inside.is_some() || object.place != Places::ELSEWHERE || self.found.elsewhere.len() < MAX_NOTED;
        if self.found.ambiguous.is_some() || own.len() < 2 || !matters {
            return Ok(Vec::new());
        }
        let raw = own.iter().map(|name| self.raw(*name));
        if raw.clone().any(|name| name.contains('\\')) {
            let texts: Vec<Cow<'_, str>> = raw.map(unescaped).collect();
            self.judge(object, repeated(texts.iter().map(AsRef::<str>::as_ref)))
        } else {
            self.judge(object, repeated(raw))
        }
    }

    fn judge(&self, object: &Around, repeated: impl Iterator<Item = usize>) -> Result<Vec<Pointer>, usize> {
        let mut noted = Vec::new();
        for number in repeated {
            let name = self.names[object.number + number];
            if let Some(slot) = object.inside.or_else(|| self.role_at(object.place, name)) {
                return Err(slot);
            }
            if self.found.elsewhere.len() + noted.len() < MAX_NOTED {
                noted.push(self.address(name));
            } else if object.place == Places::ELSEWHERE {
                break;
            }
        }
        Ok(noted)
    }

    /// The first role whose place is at or below a member's.
    fn role_at(&self, object: PlaceId, name: Name) -> Option<usize> {
        if object == Places::ELSEWHERE {
            return None;
        }
        let raw = self.raw(name);
        match self.places.member(object, raw.as_bytes(), !raw.contains('\\')) {
            Places::ELSEWHERE => None,
            place => self.places.related(place),
        }
    }

    /// The address of the innermost object's member of this name.
    fn address(&self, name: Name) -> Pointer {
        let mut way = Vec::new();
        let mut names_end = self.names.len();
        for (depth, around) in self.around.iter().enumerate().rev() {
            way.push(match (around.is_object, depth + 1 == self.around.len()) {
                (false, _) => Cow::Owned(around.number.to_string()),
                (true, true) => self.text(name),
                (true, false) => self.text(self.names[names_end - 1]),
            });
            if around.is_object {
                names_end = around.number;
            }
        }
        if way.iter().map(|token| token.len()).sum::<usize>() > MAX_ADDRESS_BYTES {
            return Pointer::default();
        }
        way.iter().rev().fold(Pointer::default(), |place, token| place.child(token.as_ref()))
    }

    fn raw(&self, name: Name) -> &str {
        &self.body[name.start..name.end]
    }

    fn text(&self, name: Name) -> Cow<'_, str> {
        unescaped(self.raw(name))
    }
}
