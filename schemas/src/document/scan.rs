//! One pass over a body: whether it is JSON, and where the values of a profile's roles are. It builds nothing, so all
//! bodies of one length take about the same time, whatever is nested or repeated in them.
//!
//! It accepts what `serde_json` accepts and reports the same error at the same position otherwise.

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::{
    fault::{Fault, Flaw},
    tokens::{end_of_string, number, peek, seen, skip_space, spaced, string, unexpected, word},
    utf8,
};
use crate::profile::{PlaceId, Places};

/// Depth of nesting that is refused, as in `serde_json`.
const MAX_DEPTH: usize = 128;
/// The end of the document: a byte that is not part of any token.
const END_OF_BODY: u8 = 1;

#[derive(Debug)]
pub(super) struct Scanned {
    /// The range of the value at each role's place; the first of repeated places.
    pub(super) values: [Option<Range<usize>>; Places::SLOTS],
    /// The range of the last client secret, if there is more than one.
    pub(super) last_secret: Option<Range<usize>>,
    /// Whether the body is an object with at least one member.
    pub(super) is_message: bool,
}

/// Follows the structure around the values while a body is scanned. Empty arrays and objects are left out.
pub(super) trait Observer {
    /// Whether it follows values without a role in them, too.
    fn watches(&self) -> bool {
        true
    }
    /// An array or object begins, at this place.
    fn open(&mut self, is_object: bool, place: PlaceId);
    /// An object's member begins: the bytes between its name's quotes. A plain name has no escapes.
    fn member(&mut self, name: Range<usize>, is_plain: bool);
    /// An array's next element begins, after its first.
    fn element(&mut self);
    /// The innermost array or object ends.
    fn close(&mut self, is_object: bool);
}

pub(super) fn scan(body: &[u8], places: &Places, observer: &mut impl Observer) -> Result<Scanned, Fault> {
    let values = [const { None }; Places::SLOTS];
    let mut scan =
        Scan { body, places, way: Vec::new(), scanned: Scanned { values, last_secret: None, is_message: false } };
    if utf8::is_valid(body) {
        scan.document(observer)?;
        return Ok(scan.scanned);
    }
    let valid = str::from_utf8(body).map_or_else(|error| error.valid_up_to(), str::len);
    Err(match scan.document(observer) {
        // The flaw is outside a string, or is another one in that string.
        Err(fault) if fault.at <= end_of_string(body, valid) + 1 => fault,
        _ => seen(Flaw::Unicode, valid),
    })
}

struct Scan<'s> {
    body: &'s [u8],
    places: &'s Places,
    /// The enclosing arrays and objects on the way to a role, from the outermost one.
    way: Vec<Way>,
    scanned: Scanned,
}

/// An array or object on the way to a role.
struct Way {
    place: PlaceId,
    /// The same, if there is a role below it.
    here: PlaceId,
    start: usize,
    /// An array's current element.
    index: usize,
}

impl Scan<'_> {
    fn document(&mut self, observer: &mut impl Observer) -> Result<(), Fault> {
        let at = self.value::<true>(skip_space(self.body, 0), 0, observer)?;
        match skip_space(self.body, at) {
            end if end == self.body.len() => Ok(()),
            more => Err(seen(Flaw::TrailingCharacters, more)),
        }
    }

    /// Reads the value at `start`, `depth` arrays and objects deep, and returns where it ends. Only a watched value is searched
    /// for roles and reported to the observer; skipping that halves the time.
    fn value<const WATCHED: bool>(
        &mut self,
        start: usize,
        outer: usize,
        observer: &mut impl Observer,
    ) -> Result<usize, Fault> {
        let body = self.body;
        let mut at = start;
        let mut place = if WATCHED { Places::ROOT } else { Places::ELSEWHERE };
        // The end of the innermost array or object and of those around it; its place if there is a role below it.
        let (mut closer, mut closers, mut depth) = (END_OF_BODY, [END_OF_BODY; MAX_DEPTH], 0);
        let mut here = Places::ELSEWHERE;
        'value: loop {
            let start = at;
            match peek(body, at) {
                b'"' => at = string(body, at + 1)?.0,
                opener @ (b'{' | b'[')
                    if WATCHED && !observer.watches() && !self.places.leads_on(place, opener == b'{') =>
                {
                    at = self.value::<false>(at, outer + depth, observer)?;
                }
                opener @ (b'{' | b'[') => {
                    if outer + depth == MAX_DEPTH - 1 {
                        return Err(seen(Flaw::Depth, at));
                    }
                    let next = spaced(body, &mut at);
                    // In ASCII a closing bracket is two after its opening one.
                    if next != opener + 2 {
                        let is_object = opener == b'{';
                        closers[depth] = closer;
                        closer = opener + 2;
                        depth += 1;
                        if WATCHED {
                            observer.open(is_object, place);
                        }
                        here = if place == Places::ELSEWHERE { place } else { self.enter(place, start, is_object) };
                        if is_object {
                            if next != b'"' {
                                return Err(unexpected(body, at, Flaw::Name, Flaw::EndOfObject));
                            }
                            self.scanned.is_message |= depth == 1;
                            (at, place) = self.member::<WATCHED>(at, here, observer)?;
                        } else {
                            if at == body.len() {
                                return Err(Fault { flaw: Flaw::EndOfList, at });
                            }
                            place = if here == Places::ELSEWHERE { here } else { self.places.element(here, 0) };
                        }
                        continue 'value;
                    }
                    at += 1;
                }
                b'0'..=b'9' => {
                    at += 1;
                    // A comma or white space usually follows a single digit.
                    if peek(body, at) > b',' {
                        at = number(body, start)?;
                    }
                }
                b'-' if peek(body, at + 1).is_ascii_digit() && peek(body, at + 2) <= b',' => at += 2,
                b'-' => at = number(body, at)?,
                b't' => at = word(body, at + 1, b"rue")?,
                b'f' => at = word(body, at + 1, b"alse")?,
                b'n' => at = word(body, at + 1, b"ull")?,
                _ => return Err(unexpected(body, at, Flaw::Value, Flaw::EndOfValue)),
            }
            if WATCHED && place != Places::ELSEWHERE {
                self.note(place, start..at);
            }
            loop {
                if closer == END_OF_BODY {
                    return Ok(at);
                }
                let byte = peek(body, at);
                if byte == b',' {
                    let next = spaced(body, &mut at);
                    if next == closer {
                        return Err(seen(Flaw::TrailingComma, at));
                    }
                    if closer == b']' {
                        if WATCHED {
                            observer.element();
                        }
                        place = if here == Places::ELSEWHERE { here } else { self.next_element() };
                    } else if next == b'"' {
                        (at, place) = self.member::<WATCHED>(at, here, observer)?;
                    } else {
                        return Err(unexpected(body, at, Flaw::Name, Flaw::EndOfValue));
                    }
                    continue 'value;
                }
                if byte == closer {
                    at += 1;
                    if WATCHED {
                        observer.close(closer == b'}');
                        here = self.leave(depth, at);
                    }
                    depth -= 1;
                    closer = closers[depth];
                } else if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                    at = skip_space(body, at + 1);
                } else if closer == b'}' {
                    return Err(unexpected(body, at, Flaw::ObjectComma, Flaw::EndOfObject));
                } else {
                    return Err(unexpected(body, at, Flaw::ListComma, Flaw::EndOfList));
                }
            }
        }
    }

    /// Reads a member up to its value and finds the value's place.
    #[inline(always)]
    fn member<const WATCHED: bool>(
        &self,
        quote: usize,
        here: PlaceId,
        observer: &mut impl Observer,
    ) -> Result<(usize, PlaceId), Fault> {
        let body = self.body;
        let (mut at, is_plain) = string(body, quote + 1)?;
        let name = quote + 1..at - 1;
        if WATCHED {
            observer.member(name.clone(), is_plain);
        }
        if peek(body, at) != b':' {
            at = skip_space(body, at);
            if peek(body, at) != b':' {
                return Err(unexpected(body, at, Flaw::Colon, Flaw::EndOfObject));
            }
        }
        spaced(body, &mut at);
        let place = if here == Places::ELSEWHERE { here } else { self.places.member(here, &body[name], is_plain) };
        Ok((at, place))
    }

    /// An array or object on the way to a role begins. Returns its place, if there is a role below it.
    fn enter(&mut self, place: PlaceId, start: usize, is_object: bool) -> PlaceId {
        let here = if self.places.leads_on(place, is_object) { place } else { Places::ELSEWHERE };
        self.way.push(Way { place, here, start, index: 0 });
        here
    }

    /// The array or object at this depth ends. Returns the place of the enclosing one, if there is a role below that.
    #[inline]
    fn leave(&mut self, depth: usize, end: usize) -> PlaceId {
        // Most of a hostile body is deeper than any role.
        if depth > self.way.len() + 1 {
            return Places::ELSEWHERE;
        }
        if depth == self.way.len()
            && let Some(ended) = self.way.pop()
        {
            self.note(ended.place, ended.start..end);
        }
        self.way.last().map_or(Places::ELSEWHERE, |around| around.here)
    }

    fn next_element(&mut self) -> PlaceId {
        let Some(array) = self.way.last_mut() else { return Places::ELSEWHERE };
        array.index += 1;
        self.places.element(array.place, array.index)
    }

    /// A value has ended.
    fn note(&mut self, place: PlaceId, value: Range<usize>) {
        for slot in self.places.slots(place) {
            match &mut self.scanned.values[*slot] {
                none @ None => *none = Some(value.clone()),
                Some(_) if *slot == Places::SECRET => self.scanned.last_secret = Some(value.clone()),
                Some(_) => {}
            }
        }
    }
}
