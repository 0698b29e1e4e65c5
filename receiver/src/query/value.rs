//! The value of a term: how it is read for its key, and how it is written.

use console::time;
use jiff::Timestamp;
use schemas::{Clause, Trigger, suggest};

use super::{Bounds, Key, Pattern, Predicate, Problem, RelayFilter, State, Time, parser::Text};

/// Hexadecimal digits of a UUID before each hyphen, counted from its start.
const HYPHENS_AFTER: [usize; 4] = [8, 12, 16, 20];
const UUID_DIGITS: usize = 32;

/// Reads the value of a key. The text is not empty.
pub(super) fn parse(key: Key, text: &Text, now: Timestamp) -> Result<Predicate, Problem> {
    let value = text.value.as_str();
    Ok(match key {
        Key::Endpoint => Predicate::Endpoint(pattern(key, text)?),
        Key::Flow => Predicate::Flow(pattern(key, text)?),
        Key::Step => Predicate::Step(pattern(key, text)?),
        Key::Trigger => Predicate::Trigger(trigger(value)?),
        Key::Is => {
            let names = State::ALL.map(State::as_str);
            Predicate::Is(State::ALL[position(key, value, &names)?])
        }
        Key::Clause => Predicate::Clause(clause(value)?),
        Key::Relay if text.is_quoted => Predicate::Relay(RelayFilter::Destination(whole(Some(key), text)?)),
        Key::Relay => {
            let result = RelayFilter::RESULTS.into_iter().find(|result| result.as_str().eq_ignore_ascii_case(value));
            Predicate::Relay(match result {
                Some(result) => result,
                None => RelayFilter::Destination(whole(Some(key), text)?),
            })
        }
        Key::Since => Predicate::Since(time(value, now)?),
        Key::Until => Predicate::Until(time(value, now)?),
        Key::Size | Key::Arrivals => {
            let bounds = Bounds::parse(value).map_err(|error| Problem::Bounds { key, error })?;
            if key == Key::Size { Predicate::Size(bounds) } else { Predicate::Arrivals(bounds) }
        }
        Key::Id => Predicate::Id(id(value).ok_or(Problem::Id)?),
        Key::Field => Predicate::Field(whole(Some(key), text)?),
    })
}

/// A value or word that is meant as a whole, so that `*` needs quotes.
pub(super) fn whole(key: Option<Key>, text: &Text) -> Result<String, Problem> {
    if text.has_star || !text.is_quoted && text.value.contains('*') {
        return Err(Problem::Star { key, text: text.value.clone() });
    }
    Ok(text.value.clone())
}

fn pattern(key: Key, text: &Text) -> Result<Pattern, Problem> {
    let beginning = if text.is_quoted { text.value.as_str() } else { text.value.trim_end_matches('*') };
    match text.value.len() - beginning.len() + usize::from(text.has_star) {
        _ if beginning.is_empty() || !text.is_quoted && beginning.contains('*') => {
            Err(Problem::Star { key: Some(key), text: text.value.clone() })
        }
        0 => Ok(Pattern::Exact(beginning.to_owned())),
        1 => Ok(Pattern::Prefix(beginning.to_owned())),
        _ => Err(Problem::Star { key: Some(key), text: text.value.clone() }),
    }
}

/// Also reads the options' spelling, `step-completed`.
fn trigger(value: &str) -> Result<Trigger, Problem> {
    let names = Trigger::ALL.map(Trigger::as_str);
    let joined = value.split('-').collect::<String>();
    position(Key::Trigger, &joined, &names).map(|index| Trigger::ALL[index]).map_err(|problem| match problem {
        Problem::Value { key, nearest, names, .. } => Problem::Value { key, value: value.to_owned(), nearest, names },
        other => other,
    })
}

fn position(key: Key, value: &str, names: &[&'static str]) -> Result<usize, Problem> {
    names.iter().position(|name| name.eq_ignore_ascii_case(value)).ok_or_else(|| Problem::Value {
        key,
        value: value.to_owned(),
        nearest: suggest::closest(value, names.iter().copied()),
        names: names.to_vec(),
    })
}

fn clause(value: &str) -> Result<String, Problem> {
    let ids = || Clause::all().iter().map(|clause| clause.id);
    let known = ids().find(|id| id.eq_ignore_ascii_case(value));
    known.map(str::to_owned).ok_or_else(|| Problem::Value {
        key: Key::Clause,
        value: value.to_owned(),
        nearest: suggest::closest(value, ids()),
        names: Vec::new(),
    })
}

fn time(value: &str, now: Timestamp) -> Result<Time, Problem> {
    match time::parse(value, now) {
        Ok(at) => Ok(Time { at, text: value.into() }),
        Err(error) => {
            Err(Problem::Time { value: value.to_owned(), nearest: suggest::closest(value, time::DAYS), error })
        }
    }
}

/// The beginning of a UUID in its usual form, also if it was written without hyphens or with `*` at its end.
fn id(value: &str) -> Option<String> {
    let digits = value.strip_suffix('*').unwrap_or(value);
    let mut id = String::new();
    let mut count = 0;
    for character in digits.chars() {
        match character {
            '-' if HYPHENS_AFTER.contains(&count) && id.ends_with(|last: char| last != '-') => id.push('-'),
            digit if digit.is_ascii_hexdigit() && count < UUID_DIGITS => {
                if HYPHENS_AFTER.contains(&count) && !id.ends_with('-') {
                    id.push('-');
                }
                id.push(digit.to_ascii_lowercase());
                count += 1;
            }
            _ => return None,
        }
    }
    (count > 0).then_some(id)
}

/// The text in quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The text in quotes, unless it is read as the same without them.
pub(super) fn quoted_if_needed(text: &str) -> String {
    let is_plain = !text.starts_with(super::parser::is_opening_quote)
        && !text.contains(|character: char| character.is_whitespace() || matches!(character, '"' | '*'));
    if is_plain && !text.is_empty() { text.to_owned() } else { quoted(text) }
}
