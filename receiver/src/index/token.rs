//! Tokens of the text index that are not words of a message: its endpoint, flow and the like. Each begins with a character
//! that is removed from texts, so no message can contain one.

use std::fmt::Write as _;

use schemas::Trigger;
use sha2::{Digest as _, Sha256};

use crate::query::State;

/// A private-use character, which the tokenizer takes for a letter.
pub(super) const TOKEN_LEAD: char = '\u{e000}';

/// Maximum number of bytes of a value in its token. Longer values have a digest after them.
const MAX_VALUE_BYTES: usize = 32;

/// Number of bytes of that digest.
const DIGEST_BYTES: usize = 8;

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'v> {
    Endpoint(&'v str),
    Trigger(Trigger),
    Flow(&'v str),
    Step(&'v str),
    /// A clause that the message breaks.
    Clause(&'v str),
    /// A field of the form; in any letter case.
    Field(&'v str),
    /// How the message was judged; not [`State::Repeated`], which changes later.
    Verdict(State),
}

impl Token<'_> {
    /// Appends the token.
    pub(super) fn write(self, buffer: &mut String) {
        buffer.push(TOKEN_LEAD);
        match self {
            Self::Endpoint(name) => write_value('e', name, buffer),
            Self::Trigger(trigger) => write_value('t', trigger.as_str(), buffer),
            Self::Flow(flow) => write_value('f', flow, buffer),
            Self::Step(step) => write_value('s', step, buffer),
            Self::Clause(clause) => write_value('c', clause, buffer),
            Self::Field(name) => write_value('n', &name.to_lowercase(), buffer),
            Self::Verdict(state) => write_value('v', state.as_str(), buffer),
        }
    }

    /// The expression that finds the token.
    pub(super) fn expression(self) -> String {
        let mut quoted = String::from('"');
        self.write(&mut quoted);
        quoted.push('"');
        quoted
    }
}

/// The expression that finds all tokens of flows, steps or endpoints that begin with a text; more, if the text is long.
pub(super) fn prefix_expression(of: for<'v> fn(&'v str) -> Token<'v>, beginning: &str) -> String {
    let mut end = beginning.len().min(MAX_VALUE_BYTES);
    while !beginning.is_char_boundary(end) {
        end -= 1;
    }
    format!("{} *", of(&beginning[..end]).expression())
}

/// Hexadecimal digits are in no way changed by the tokenizer, and begin alike if the values do.
fn write_value(kind: char, value: &str, buffer: &mut String) {
    let bytes = value.as_bytes();
    let (beginning, rest) = bytes.split_at(bytes.len().min(MAX_VALUE_BYTES));
    buffer.push(kind);
    write_hex(beginning, buffer);
    if !rest.is_empty() {
        buffer.push('x');
        write_hex(&Sha256::digest(bytes)[..DIGEST_BYTES], buffer);
    }
}

fn write_hex(bytes: &[u8], buffer: &mut String) {
    for byte in bytes {
        write!(buffer, "{byte:02x}").expect("a string takes all");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_any_length_have_short_tokens_of_their_own() {
        let long = "x".repeat(1000);
        let other = format!("{}y", "x".repeat(999));
        assert_ne!(Token::Flow(&long).expression(), Token::Flow(&other).expression());
        assert!(Token::Flow(&long).expression().len() < 100);
        assert_ne!(Token::Flow("a").expression(), Token::Step("a").expression());
        assert_eq!(Token::Field("Credit Limit").expression(), Token::Field("credit limit").expression());
        assert_eq!(prefix_expression(|flow| Token::Flow(flow), "FLOW"), "\"\u{e000}f464c4f57\" *");
        let wide = "ä".repeat(20);
        assert!(
            Token::Flow(&wide)
                .expression()
                .starts_with(prefix_expression(|flow| Token::Flow(flow), &wide).trim_end_matches("\" *"))
        );
    }
}
