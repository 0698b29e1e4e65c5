//! JSON as received bytes: an edit changes one place and keeps every other byte, and numbers are shown with their digits.
//!
//! `serde_json` keeps a number as a 64-bit integer or a double, so `5000.50` would become `5000.5` and
//! `12345678901234567890123` another number. Its feature `arbitrary_precision` does not help: it accepts `1e999`, and it
//! reads an object with a certain member name, which anyone can send, as a number.
//!
//! All functions expect text that `serde_json` has accepted; for other text they return `None`, an error, or some text.

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
