//! The types of values that templates and conditions tell apart.

use std::fmt;

use minijinja::{
    Error, State, UndefinedBehavior,
    value::{Value, ValueKind},
};

/// The type of a value: values of the same type can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueType {
    Missing,
    Truth,
    Number,
    Text,
    List,
    Table,
    Other,
}

impl ValueType {
    pub(super) fn of(value: &Value) -> Self {
        match value.kind() {
            ValueKind::Undefined | ValueKind::None => Self::Missing,
            ValueKind::Bool => Self::Truth,
            ValueKind::Number => Self::Number,
            ValueKind::String => Self::Text,
            ValueKind::Seq | ValueKind::Iterable => Self::List,
            ValueKind::Map => Self::Table,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "a missing value",
            Self::Truth => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Table => "a table of names and values",
            Self::Other => "a value of another type",
        })
    }
}

/// The value, unless it is missing.
///
/// # Errors
/// When it is the value of an unknown name, in a template; in a condition such a value is missing.
pub(super) fn given<'v>(state: &State<'_, '_>, value: &'v Value) -> Result<Option<&'v Value>, Error> {
    if value.is_undefined() && state.undefined_behavior() == UndefinedBehavior::Strict {
        // Accessing a member creates the error that names the origin of the value.
        return value.get_attr("member").map(|_| None);
    }
    Ok((!value.is_undefined() && !value.is_none()).then_some(value))
}
