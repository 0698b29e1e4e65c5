//! Steps through JSON text without building anything.

use std::{borrow::Cow, ops::Range};

/// A place in JSON text.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t [u8], at: usize) -> Self {
        Self { text, at }
    }

    /// The next byte that is not white space, without taking it.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let space = self.text.get(self.at..)?.iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
        self.at += space;
        self.text.get(self.at).copied()
    }

    /// Takes one byte if it is this one.
    pub(super) fn take(&mut self, byte: u8) -> Option<()> {
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// Passes a string, quotes included.
    pub(super) fn string(&mut self) -> Option<Range<usize>> {
        self.take(b'"')?;
        let start = self.at - 1;
        loop {
            let byte = *self.text.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => return Some(start..self.at),
                b'\\' => self.at += 1,
                _ => {}
            }
        }
    }

    /// Passes a whole value.
    pub(super) fn value(&mut self) -> Option<Range<usize>> {
        let first = self.peek()?;
        let start = self.at;
        if !matches!(first, b'"' | b'{' | b'[') {
            let is_end = |byte: &u8| b" \t\r\n,:]}\"[{".contains(byte);
            let rest = &self.text[start..];
            self.at += rest.iter().position(is_end).unwrap_or(rest.len());
            return (self.at > start).then_some(start..self.at);
        }
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                byte => {
                    match byte {
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth = depth.checked_sub(1)?,
                        _ => {}
                    }
                    self.at += 1;
                }
            }
            if depth == 0 {
                return Some(start..self.at);
            }
        }
    }
}

/// An element of an array, or a member of an object.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The member's name, quotes included.
    pub(super) name: Option<Range<usize>>,
    pub(super) value: Range<usize>,
}

impl Item {
    /// Where it begins.
    pub(super) fn start(&self) -> usize {
        self.name.as_ref().unwrap_or(&self.value).start
    }
}

/// The elements or members of an array or object.
pub(super) struct Items<'t> {
    cursor: Cursor<'t>,
    is_object: bool,
    begun: bool,
}

impl<'t> Items<'t> {
    /// Of the value that begins at `start`; `None` if it is neither an array nor an object.
    pub(super) fn of(text: &'t [u8], start: usize) -> Option<Self> {
        let is_object = match text.get(start)? {
            b'{' => true,
            b'[' => false,
            _ => return None,
        };
        Some(Self { cursor: Cursor::new(text, start + 1), is_object, begun: false })
    }
}

impl Iterator for Items<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        if matches!(self.cursor.peek()?, b'}' | b']') {
            return None;
        }
        if std::mem::replace(&mut self.begun, true) {
            self.cursor.take(b',')?;
        }
        let name = if self.is_object { Some(self.cursor.string()?) } else { None };
        if self.is_object {
            self.cursor.take(b':')?;
        }
        Some(Item { name, value: self.cursor.value()? })
    }
}

/// The content of a string literal, quotes included in `literal`.
pub(super) fn unescaped(literal: &[u8]) -> Option<Cow<'_, str>> {
    let inside = literal.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inside.contains(&b'\\') {
        return serde_json::from_slice(literal).ok().map(Cow::Owned);
    }
    std::str::from_utf8(inside).ok().map(Cow::Borrowed)
}
