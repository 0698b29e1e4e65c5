//! The places of a profile's roles as a tree, so that one scan follows all of them.

use crate::{
    document::text,
    pointer::{self, Pointer},
};

/// The places of a profile's roles. A role is known by its slot, its number in `Role::ALL`.
#[derive(Debug, PartialEq)]
pub(crate) struct Places(Vec<PlaceNode>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlaceId(u16);

#[derive(Debug, Default, PartialEq)]
struct PlaceNode {
    slots: Vec<usize>,
    /// The first role whose place is here or above.
    inside: Option<usize>,
    /// The first role whose place is here, above or below.
    related: Option<usize>,
    children: Vec<Child>,
    /// A bit for the length of each child's token, modulo 64: most names differ in length.
    lengths: u64,
    /// Whether any child's token is an array index.
    has_index: bool,
}

#[derive(Debug, PartialEq)]
struct Child {
    token: String,
    first: Option<u8>,
    index: Option<usize>,
    place: PlaceId,
}

impl Places {
    pub(crate) const SLOTS: usize = 24;
    pub(crate) const SECRET: usize = 1;
    pub(crate) const ROOT: PlaceId = PlaceId(0);
    /// Every place with no role at or below it.
    pub(crate) const ELSEWHERE: PlaceId = PlaceId(u16::MAX);

    /// The places of these roles, slots ascending.
    pub(crate) fn new<'p>(roles: impl IntoIterator<Item = (usize, &'p Pointer)>) -> Self {
        let mut places = Self(vec![PlaceNode::default()]);
        for (slot, pointer) in roles {
            let place = pointer.tokens().iter().fold(Self::ROOT, |here, token| places.child(here, token));
            places.get_mut(place).slots.push(slot);
        }
        places.inherit(Self::ROOT, None);
        places
    }

    /// The place below `here`, created if it is missing.
    fn child(&mut self, here: PlaceId, token: &str) -> PlaceId {
        if let Some(known) = self.get(here).children.iter().find(|child| child.token == token) {
            return known.place;
        }
        let place = PlaceId(u16::try_from(self.0.len()).expect("24 pointers that a message can hold are far fewer"));
        self.0.push(PlaceNode::default());
        let index = pointer::index(token);
        let parent = self.get_mut(here);
        parent.lengths |= length_bit(token.len());
        parent.has_index |= index.is_some();
        parent.children.push(Child { token: token.to_owned(), first: token.bytes().next(), index, place });
        place
    }

    /// Sets what a place inherits from above and below, and returns the first of these roles.
    fn inherit(&mut self, here: PlaceId, above: Option<usize>) -> Option<usize> {
        let inside = above.into_iter().chain(self.get(here).slots.iter().copied()).min();
        let children: Vec<PlaceId> = self.get(here).children.iter().map(|child| child.place).collect();
        let below = children.into_iter().filter_map(|child| self.inherit(child, inside)).min();
        let related = inside.into_iter().chain(below).min();
        let place = self.get_mut(here);
        (place.inside, place.related) = (inside, related);
        related
    }

    fn get(&self, place: PlaceId) -> &PlaceNode {
        &self.0[usize::from(place.0)]
    }

    fn get_mut(&mut self, place: PlaceId) -> &mut PlaceNode {
        &mut self.0[usize::from(place.0)]
    }

    /// The roles whose place this is.
    pub(crate) fn slots(&self, place: PlaceId) -> &[usize] {
        &self.get(place).slots
    }

    /// The first role whose place is here or above.
    pub(crate) fn inside(&self, place: PlaceId) -> Option<usize> {
        self.get(place).inside
    }

    /// The first role that is ambiguous when there are two values here.
    pub(crate) fn related(&self, place: PlaceId) -> Option<usize> {
        self.get(place).related
    }

    /// Whether a member of an object here, or an element of an array, can be on the way to a role.
    #[inline]
    pub(crate) fn leads_on(&self, place: PlaceId, is_object: bool) -> bool {
        let Some(place) = self.0.get(usize::from(place.0)) else { return false };
        if is_object { !place.children.is_empty() } else { place.has_index }
    }

    /// The place of an object's member. `name` is what is between its quotes.
    #[inline]
    pub(crate) fn member(&self, here: PlaceId, name: &[u8], is_plain: bool) -> PlaceId {
        let here = self.get(here);
        let child = if is_plain {
            if here.lengths & length_bit(name.len()) == 0 {
                return Self::ELSEWHERE;
            }
            let first = name.first().copied();
            here.children.iter().find(|child| child.first == first && child.token.as_bytes() == name)
        } else {
            let first = text::first(name);
            here.children.iter().find(|child| child.first == first && text::spells(name, &child.token))
        };
        child.map_or(Self::ELSEWHERE, |child| child.place)
    }

    /// The place of an array's element.
    pub(crate) fn element(&self, here: PlaceId, index: usize) -> PlaceId {
        let child = self.get(here).children.iter().find(|child| child.index == Some(index));
        child.map_or(Self::ELSEWHERE, |child| child.place)
    }
}

fn length_bit(length: usize) -> u64 {
    1 << (length % 64)
}
