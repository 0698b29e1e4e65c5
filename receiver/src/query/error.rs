//! What is wrong with a query, where, and what to write instead.

use std::{
    fmt::{self, Display},
    ops::Range,
};

use console::time::TimeError;
use schemas::text::one_line;
use unicode_width::UnicodeWidthStr as _;

use super::{
    Contradiction, Key, MAX_CHARACTERS, MAX_TERMS, bounds::BoundsError, parser::is_opening_quote, value::quoted,
};

/// Maximum number of characters of a query's part in a message.
const MAX_SHOWN: usize = 60;

/// Why a text is not a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// The bytes of the text that are wrong.
    pub place: Range<usize>,
    /// The problem.
    pub problem: Problem,
}

/// What is wrong at a place of a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages describe the variants and their fields")]
pub enum Problem {
    #[error("{}", wrong_bounds(*key, *error))]
    Bounds { key: Key, error: BoundsError },

    #[error(transparent)]
    Contradiction(#[from] Contradiction),

    #[error("`{key}:` has no value")]
    EmptyValue { key: Key },

    #[error("`id:` takes the first characters of an id: hexadecimal digits and hyphens")]
    Id,

    #[error("there is no key before the colon")]
    MissingKey { text: String },

    #[error("text cannot be negated: every message would have to be read")]
    NegatedText { text: String },

    #[error("`{key}:` cannot be negated")]
    NegatedTime { key: Key },

    #[error("there is no letter or digit to search for")]
    NoWord,

    #[error("there is nothing after the minus sign")]
    NothingNegated,

    #[error("the quote is not closed")]
    OpenQuote,

    #[error("there is a quote inside a word")]
    QuoteInside,

    #[error("`code:` finds refused requests, and this searches messages")]
    RefusedRequests,

    #[error("{}", star(*key, text))]
    Star { key: Option<Key>, text: String },

    #[error("there is no space after the closing quote")]
    TextAfterQuote,

    #[error("{} is not a time", shown(value))]
    Time { value: String, nearest: Option<&'static str>, error: TimeError },

    #[error("the query is longer than {MAX_CHARACTERS} characters")]
    TooLong,

    #[error("the query has more than {MAX_TERMS} terms")]
    TooManyTerms,

    #[error("there is no key {}", shown(key))]
    UnknownKey { key: String, nearest: Option<Key>, text: String },

    #[error("{}", unknown_value(*key, value))]
    Value { key: Key, value: String, nearest: Option<&'static str>, names: Vec<&'static str> },
}

impl QueryError {
    pub(super) fn new(place: Range<usize>, problem: Problem) -> Self {
        Self { place, problem }
    }

    /// What to write instead.
    pub fn tip(&self) -> Option<String> {
        self.problem.tip()
    }

    /// The message, and below it the query with carets under the place. `text` is what was parsed.
    pub fn with_carets(&self, text: &str) -> String {
        let (before, rest) = text.split_at(self.place.start.min(text.len()));
        let (wrong, after) = rest.split_at(self.place.len().min(rest.len()));
        let skipped = before.chars().count().saturating_sub(MAX_SHOWN);
        let ellipsis = if skipped > 0 { "…" } else { "" };
        let before: String = before.chars().skip(skipped).collect();
        let before = format!("{ellipsis}{}", one_line(&before, MAX_SHOWN));
        let wrong = one_line(wrong, MAX_SHOWN);
        let indent = " ".repeat(before.width());
        let carets = "^".repeat(wrong.width().max(1));
        format!("{self}\n  {before}{wrong}{}\n  {indent}{carets}", one_line(after, MAX_SHOWN))
    }
}

impl Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl std::error::Error for QueryError {}

impl Problem {
    fn tip(&self) -> Option<String> {
        let as_text = |text: &str| {
            format!("to search for the text itself, put it in quotes: {}", one_line(&quoted(text), MAX_SHOWN))
        };
        Some(match self {
            Self::Bounds { .. } => "write a number or a range: 3, 2..5, >10k or <=1M".to_owned(),
            Self::Contradiction(_) => "remove one of the two".to_owned(),
            Self::EmptyValue { key } => format!("write for example {key}:{}", key.example()),
            Self::Id => "the list of messages shows the ids".to_owned(),
            Self::NegatedTime { key: Key::Since } => "use until: instead".to_owned(),
            Self::NegatedTime { .. } => "use since: instead".to_owned(),
            Self::MissingKey { text } => as_text(text),
            Self::NegatedText { text } if text.contains(is_opening_quote) => {
                "negate a key instead, such as -is:holds".to_owned()
            }
            Self::NegatedText { text } => format!("a key can be negated, such as -is:holds; {}", as_text(text)),
            Self::NoWord => "search for a word or a number".to_owned(),
            Self::NothingNegated => {
                "write a key after it without a space, such as -is:holds, or put it in quotes".to_owned()
            }
            Self::OpenQuote => "add \" at its end; inside quotes, write \\\" for a quote".to_owned(),
            Self::QuoteInside => "put the whole value or text in quotes, and write \\\" for a quote inside".to_owned(),
            Self::RefusedRequests => "search refused requests instead".to_owned(),
            Self::Star { text, .. } if text.trim_matches('*').is_empty() => {
                "write at least one character before the *".to_owned()
            }
            Self::Star { text, .. } => {
                format!("put it in quotes to search for the * itself: {}", one_line(&quoted(text), MAX_SHOWN))
            }
            Self::TextAfterQuote => "put a space between terms; inside quotes, write \\\" for a quote".to_owned(),
            Self::Time { nearest: Some(nearest), .. } => format!("did you mean {nearest}?"),
            Self::Time { error, .. } => error.to_string(),
            Self::TooLong | Self::TooManyTerms => "remove terms that other terms imply".to_owned(),
            Self::UnknownKey { nearest: Some(nearest), text, .. } => {
                format!("did you mean {nearest}:? If not, {}", as_text(text))
            }
            Self::UnknownKey { nearest: None, text, .. } => {
                format!("the keys are {}; {}", Key::ALL.map(Key::as_str).join(", "), as_text(text))
            }
            Self::Value { key, nearest: Some(nearest), .. } => format!("did you mean {key}:{nearest}?"),
            Self::Value { key: Key::Clause, .. } => "the contract lists all clauses, such as MSG-9".to_owned(),
            Self::Value { key, names, .. } => format!("`{key}:` takes {}", names.join(", ")),
        })
    }
}

fn shown(text: &str) -> String {
    format!("`{}`", one_line(text, MAX_SHOWN))
}

fn unknown_value(key: Key, value: &str) -> String {
    match key {
        Key::Clause => format!("the contract has no clause {}", shown(value)),
        _ => format!("`{key}:` does not take {}", shown(value)),
    }
}

fn wrong_bounds(key: Key, error: BoundsError) -> String {
    match error {
        BoundsError::Form => format!("`{key}:` takes a number or a range"),
        _ => error.to_string(),
    }
}

fn star(key: Option<Key>, text: &str) -> String {
    match key {
        _ if text.trim_matches('*').is_empty() => "there is nothing before the `*`".to_owned(),
        Some(key @ (Key::Endpoint | Key::Flow | Key::Step)) => format!("`{key}:` takes `*` only at the end"),
        Some(key) => format!("`{key}:` takes a whole name, without `*`"),
        None => "text is searched by whole words, without `*`".to_owned(),
    }
}
