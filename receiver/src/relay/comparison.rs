//! Strict comparisons. The template language orders values of different types by their types, so that every text is
//! greater than every number, and `none` is less than both. Here only values of the same type can be compared; a
//! missing value equals only a missing one, and is neither less nor greater than anything.
//!
//! The operators of a template or condition become calls of these functions (`operators.rs`); the tests of the same
//! names and the sorting filters are replaced.

use std::cmp::Ordering;

use minijinja::{
    Environment, Error, ErrorKind, State, filters,
    value::{Kwargs, Value},
};

use super::{
    format, number,
    value_type::{ValueType, given},
};

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    In,
    NotIn,
}

/// Each operator with its symbol, its function and the equivalent tests.
const OPERATORS: [(Operator, &str, &str, &[&str]); 8] = [
    (Operator::Equal, "==", "_equal", &["eq", "equalto", "=="]),
    (Operator::NotEqual, "!=", "_not_equal", &["ne", "!="]),
    (Operator::Less, "<", "_less", &["lt", "lessthan", "<"]),
    (Operator::LessOrEqual, "<=", "_less_or_equal", &["le", "<="]),
    (Operator::More, ">", "_more", &["gt", "greaterthan", ">"]),
    (Operator::MoreOrEqual, ">=", "_more_or_equal", &["ge", ">="]),
    (Operator::In, "in", "_in", &["in"]),
    (Operator::NotIn, "not in", "_not_in", &[]),
];

/// Adds the functions, tests and filters that compare.
pub(super) fn add(environment: &mut Environment<'static>) {
    for (operator, _, function, tests) in OPERATORS {
        environment.add_function(function, move |state: &State<'_, '_>, left: &Value, right: &Value| {
            given(state, left)?;
            given(state, right)?;
            operator.holds(left, right)
        });
        for test in tests {
            environment.add_test(*test, move |left: &Value, right: &Value| operator.holds(left, right));
        }
    }
    environment.add_filter("sort", |state: &State<'_, '_>, value: Value, options: Kwargs| {
        let attributes: Option<String> = options.peek("attribute")?;
        for attribute in attributes.as_deref().unwrap_or_default().split(',') {
            one_type(value.try_iter()?.map(|item| part(&item, attribute.trim())))?;
        }
        filters::sort(state, value, options)
    });
    environment.add_filter("min", |state: &State<'_, '_>, value: Value, options: Kwargs| {
        comparable(&value, &options)?.map_or(Ok(Value::from(())), |items| filters::min(state, items, options))
    });
    environment.add_filter("max", |state: &State<'_, '_>, value: Value, options: Kwargs| {
        comparable(&value, &options)?.map_or(Ok(Value::from(())), |items| filters::max(state, items, options))
    });
}

impl Operator {
    /// Name of the function that replaces it.
    pub(super) fn function(self) -> &'static str {
        self.entry().2
    }

    fn entry(self) -> &'static (Self, &'static str, &'static str, &'static [&'static str]) {
        OPERATORS.iter().find(|(operator, ..)| *operator == self).expect("the table has every operator")
    }

    fn holds(self, left: &Value, right: &Value) -> Result<bool, Error> {
        let ordered = |wanted: &[Ordering]| Ok(self.order(left, right)?.is_some_and(|order| wanted.contains(&order)));
        match self {
            Self::Equal => self.equal(left, right),
            Self::NotEqual => self.equal(left, right).map(|equal| !equal),
            Self::Less => ordered(&[Ordering::Less]),
            Self::LessOrEqual => ordered(&[Ordering::Less, Ordering::Equal]),
            Self::More => ordered(&[Ordering::Greater]),
            Self::MoreOrEqual => ordered(&[Ordering::Greater, Ordering::Equal]),
            Self::In => self.contains(right, left),
            Self::NotIn => self.contains(right, left).map(|contains| !contains),
        }
    }

    fn equal(self, left: &Value, right: &Value) -> Result<bool, Error> {
        match (ValueType::of(left), ValueType::of(right)) {
            (ValueType::Missing, ValueType::Missing) => Ok(true),
            (ValueType::Missing, _) | (_, ValueType::Missing) => Ok(false),
            (one, other) if one == other => Ok(left == right),
            (one, other) => Err(self.differ(one, other)),
        }
    }

    /// The order of two values; `None` if one is missing.
    fn order(self, left: &Value, right: &Value) -> Result<Option<Ordering>, Error> {
        match (ValueType::of(left), ValueType::of(right)) {
            (ValueType::Missing, _) | (_, ValueType::Missing) => Ok(None),
            (ValueType::Number, ValueType::Number) => Ok(Some(left.cmp(right))),
            (ValueType::Text, ValueType::Text) => {
                let is_both =
                    |is: fn(&str) -> bool| [left, right].into_iter().all(|value| value.as_str().is_some_and(is));
                if is_both(|text| number::parse(text).is_some()) {
                    return Err(self.error("compares two numbers as texts; write `| number` after each"));
                }
                if is_both(|text| format::iso_date(text) != text) {
                    return Err(self.error("compares two dates as texts; write `| isodate` after each"));
                }
                Ok(Some(left.cmp(right)))
            }
            (one, other) if one == other => Err(self.error(&format!("cannot compare {one} with {other}"))),
            (one, other) => Err(self.differ(one, other)),
        }
    }

    fn contains(self, container: &Value, wanted: &Value) -> Result<bool, Error> {
        match (ValueType::of(container), ValueType::of(wanted)) {
            (ValueType::Missing, _) => Ok(false),
            (ValueType::Text, ValueType::Missing) => Ok(false),
            (ValueType::Text, ValueType::Text) => {
                let texts = container.as_str().zip(wanted.as_str());
                Ok(texts.is_some_and(|(text, part)| text.contains(part)))
            }
            (ValueType::List, _) => {
                let mut other_type = None;
                for element in container.try_iter()? {
                    match self.equal(&element, wanted) {
                        Ok(true) => return Ok(true),
                        Ok(false) => {}
                        Err(error) => other_type = Some(error),
                    }
                }
                other_type.map_or(Ok(false), Err)
            }
            // By its keys, because a lookup of an unknown name may return `none`.
            (ValueType::Table, ValueType::Text) => Ok(container.try_iter()?.any(|key| key == *wanted)),
            (ValueType::Table, ValueType::Missing) => Ok(false),
            (one, other) => Err(self.differ(other, one)),
        }
    }

    fn differ(self, left: ValueType, right: ValueType) -> Error {
        let is = |one, other| [(left, right), (right, left)].contains(&(one, other));
        let way_out = if is(ValueType::Text, ValueType::Number) {
            "; write `| number` after the text, or quotes around the number"
        } else if is(ValueType::Text, ValueType::Truth) {
            "; remove the quotes around true and false, or compare a text with a text"
        } else if matches!(self, Self::Equal | Self::NotEqual) && is(ValueType::Text, ValueType::List) {
            "; use `in` to check whether the list has the text"
        } else {
            ""
        };
        self.error(&format!("cannot compare {left} with {right}{way_out}"))
    }

    fn error(self, what: &str) -> Error {
        Error::new(ErrorKind::InvalidOperation, format!("`{}` {what}", self.entry().1))
    }
}

/// The value at a path such as `outcome.at` in an item; the item itself for an empty path.
fn part(item: &Value, path: &str) -> Value {
    let step = |value: Value, name: &str| match name.parse::<usize>() {
        Ok(index) => value.get_item(&index.into()).unwrap_or_default(),
        Err(_) => value.get_attr(name).unwrap_or_default(),
    };
    if path.is_empty() { item.clone() } else { path.split('.').fold(item.clone(), step) }
}

/// Checks that all values to sort, except missing ones, are of one type.
fn one_type(values: impl Iterator<Item = Value>) -> Result<(), Error> {
    let mut first = None;
    for value in values {
        match (ValueType::of(&value), first) {
            (ValueType::Missing, _) => {}
            (other, None) => first = Some(other),
            (other, Some(first)) if other == first => {}
            (other, Some(first)) => {
                let what =
                    format!("cannot sort {first} and {other} together; `map(\"number\")` converts texts to numbers");
                return Err(Error::new(ErrorKind::InvalidOperation, what));
            }
        }
    }
    Ok(())
}

/// The items to find the minimum or maximum of, without missing ones, if they can be compared; `None` if there are
/// none.
fn comparable(items: &Value, options: &Kwargs) -> Result<Option<Value>, Error> {
    let attribute: Option<String> = options.peek("attribute")?;
    let mut given: Vec<Value> = Vec::new();
    let mut last = Value::UNDEFINED;
    if ValueType::of(items) != ValueType::Missing {
        for item in items.try_iter()? {
            let key = part(&item, attribute.as_deref().unwrap_or_default());
            if ValueType::of(&key) != ValueType::Missing {
                Operator::Less.order(&last, &key)?;
                last = key;
                given.push(item);
            }
        }
    }
    Ok((!given.is_empty()).then(|| given.into()))
}

#[cfg(test)]
mod tests;
