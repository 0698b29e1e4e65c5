//! Names that stand twice in their object: whether one makes a role ambiguous, and where the others are. A stranger's
//! body is searched before its credential is checked, so the search costs no more than the body is long.

use std::collections::HashSet;

use super::Node;
use crate::{
    pointer::Pointer,
    profile::{Profile, Role},
};

/// Most places off the way to the roles that are noted.
const MOST: usize = 20;
/// Longest address in bytes that is noted; a longer one is noted as the whole message.
const LONGEST: usize = 256;

/// What a search finds.
#[derive(Debug, Default)]
pub(super) struct Duplicates {
    /// A role that a name standing twice makes ambiguous.
    pub(super) ambiguous: Option<Role>,
    /// Where else names stand twice; the first [`MOST`] of them.
    pub(super) elsewhere: Vec<Pointer>,
}

impl Duplicates {
    /// Searches a whole tree.
    pub(super) fn find(root: &Node<'_>, profile: &Profile) -> Self {
        let mut search = Search { profile, here: Vec::new(), found: Self::default() };
        search.value(root);
        search.found
    }
}

struct Search<'t> {
    profile: &'t Profile,
    /// The way to the value that is searched; it becomes text only where it is noted.
    here: Vec<Token<'t>>,
    found: Duplicates,
}

#[derive(Clone, Copy)]
enum Token<'t> {
    Index(usize),
    Name(&'t str),
}

impl<'t> Search<'t> {
    fn value(&mut self, node: &'t Node<'_>) {
        match node {
            Node::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.below(Token::Index(index), |search| search.value(element));
                }
            }
            Node::Object(members) => {
                let mut seen = HashSet::with_capacity(members.len());
                for (name, value) in members {
                    let again = !seen.insert(name.as_ref());
                    self.below(Token::Name(name), |search| {
                        if again {
                            search.note();
                        }
                        search.value(value);
                    });
                }
            }
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {}
        }
    }

    fn below(&mut self, token: Token<'t>, visit: impl FnOnce(&mut Self)) {
        if self.found.ambiguous.is_none() {
            self.here.push(token);
            visit(self);
            self.here.pop();
        }
    }

    fn note(&mut self) {
        let here = &self.here;
        // On the way to a role, or inside it.
        let passes = |role: &Role| {
            let place = self.profile.pointer(*role).map_or(&[][..], Pointer::tokens);
            place.iter().zip(here).all(|(token, here)| here.is(token))
        };
        self.found.ambiguous = self.profile.carried().find(passes);
        if self.found.ambiguous.is_none() && self.found.elsewhere.len() < MOST {
            let length: usize = here.iter().map(Token::len).sum();
            let way = if length > LONGEST { &[] } else { here.as_slice() };
            let place = way.iter().fold(Pointer::default(), |place, token| place.child(token.text()));
            self.found.elsewhere.push(place);
        }
    }
}

impl Token<'_> {
    fn is(&self, token: &str) -> bool {
        match self {
            Self::Index(index) => crate::pointer::index(token) == Some(*index),
            Self::Name(name) => *name == token,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Index(_) => 1,
            Self::Name(name) => name.len(),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Index(index) => index.to_string(),
            Self::Name(name) => (*name).to_owned(),
        }
    }
}
