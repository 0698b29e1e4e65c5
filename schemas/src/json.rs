//! JSON as the bytes that it came as: what is passed on is edited at one place and otherwise kept byte for byte, and what
//! is shown keeps the digits of its numbers.
//!
//! `serde_json` keeps a number as an integer of 64 bits or a double, so `5000.50` would become `5000.5` and
//! `12345678901234567890123` another number. Its feature `arbitrary_precision` is not an answer: it takes `1e999`, and it
//! takes an object with a name of its own for a number, which a stranger can send.
//!
//! All functions want text that `serde_json` has accepted; of other text they give `None` or an error, or some text.

mod cursor;
mod digits;
mod edit;
mod layout;

use serde_json::Value;

pub use self::{
    digits::{Digits, exact},
    edit::{EditError, Edited, put, remove, remove_at, replace},
    layout::{compact, pretty},
};

/// The text as the inside of a JSON string.
pub fn escape(text: &str) -> String {
    let mut quoted = Value::from(text).to_string();
    quoted.pop();
    quoted.split_off(1)
}
