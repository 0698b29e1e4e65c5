//! Why a body is not JSON, with the messages of `serde_json`.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Colon,
    ControlCharacter,
    Depth,
    EndOfHex,
    EndOfList,
    EndOfObject,
    EndOfString,
    EndOfValue,
    Escape,
    ListComma,
    Name,
    Number,
    NumberRange,
    ObjectComma,
    Surrogate,
    TrailingCharacters,
    TrailingComma,
    Unicode,
    Value,
    Word,
}

/// A flaw and the number of bytes after which it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) flaw: Flaw,
    pub(super) at: usize,
}

/// The body is not JSON (RFC 8259). Nothing of the body is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    flaw: Flaw,
    line: usize,
    column: usize,
}

impl JsonError {
    pub(super) fn new(fault: Fault, body: &[u8]) -> Self {
        let before = &body[..fault.at.min(body.len())];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = 1 + before[..line_start].iter().filter(|byte| **byte == b'\n').count();
        Self { flaw: fault.flaw, line, column: before.len() - line_start }
    }

    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The byte in its line, counted from 1; 0 when it is the line break before it.
    pub fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.flaw {
            Flaw::Colon => "expected `:`",
            Flaw::ControlCharacter => "control character (\\u0000-\\u001F) found while parsing a string",
            Flaw::Depth => "recursion limit exceeded",
            Flaw::EndOfHex => "unexpected end of hex escape",
            Flaw::EndOfList => "EOF while parsing a list",
            Flaw::EndOfObject => "EOF while parsing an object",
            Flaw::EndOfString => "EOF while parsing a string",
            Flaw::EndOfValue => "EOF while parsing a value",
            Flaw::Escape => "invalid escape",
            Flaw::ListComma => "expected `,` or `]`",
            Flaw::Name => "key must be a string",
            Flaw::Number => "invalid number",
            Flaw::NumberRange => "number out of range",
            Flaw::ObjectComma => "expected `,` or `}`",
            Flaw::Surrogate => "lone leading surrogate in hex escape",
            Flaw::TrailingCharacters => "trailing characters",
            Flaw::TrailingComma => "trailing comma",
            Flaw::Unicode => "invalid unicode code point",
            Flaw::Value => "expected value",
            Flaw::Word => "expected ident",
        };
        write!(f, "{what} at line {} column {}", self.line, self.column)
    }
}

impl std::error::Error for JsonError {}
