//! Checks the file against `config.schema.json`: unknown keys, missing keys and values of the wrong type. Messages never
//! repeat a value, because it may be a secret in the wrong place.
//!
//! Whatever is wrong is reported and then removed, so that the rest of the file can still be read and checked.

use std::sync::LazyLock;

use schemas::suggest;
use serde_json::Value;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

static CONFIG_SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../config.schema.json")).expect("the embedded schema is valid JSON")
});

/// A byte offset in the file, and the message.
pub(super) type SchemaProblem = (usize, String);

/// The part of the file that fits the schema, and the problems of the rest.
pub(super) fn check(file: Spanned<DeTable<'_>>) -> (Spanned<DeTable<'_>>, Vec<SchemaProblem>) {
    let mut check = SchemaCheck::default();
    let span = file.span();
    let checked = check.table(None, span.start, file.into_inner(), &CONFIG_SCHEMA);
    (Spanned::new(span, checked), check.problems)
}

#[derive(Default)]
struct SchemaCheck {
    problems: Vec<SchemaProblem>,
}

impl SchemaCheck {
    fn problem(&mut self, offset: usize, message: String) {
        self.problems.push((offset, message));
    }

    /// Checks a table, which is the value of `key`, or the whole file.
    fn table<'i>(
        &mut self,
        key: Option<&str>,
        offset: usize,
        table: DeTable<'i>,
        schema: &'static Value,
    ) -> DeTable<'i> {
        let Some(properties) = schema["properties"].as_object() else { return table };
        let (known, unknown): (Vec<_>, Vec<_>) =
            table.into_iter().partition(|(key, _)| properties.contains_key(key.get_ref().as_ref()));
        let mut members: DeTable<'_> = known.into_iter().collect();
        for (key, value) in unknown {
            let known = properties.keys().map(String::as_str);
            let suggestion = suggest::closest(key.get_ref(), known.clone());
            self.problem(key.span().start, unknown_key(key.get_ref(), suggestion, known));
            if let Some(name) = suggestion.filter(|name| !members.contains_key(*name)) {
                // Its value may be wrong, too.
                members.insert(Spanned::new(key.span(), name.to_owned().into()), value);
            }
        }
        for missing in strings(&schema["required"]).filter(|name| !members.contains_key(*name)) {
            self.problem(
                offset,
                match key {
                    Some(key) => format!("`{missing}` is missing in `{key}`"),
                    None => format!("there is no [[{missing}]]; add one with at least a `path`"),
                },
            );
        }
        let checked = members.into_iter().filter_map(|(key, value)| {
            let schema = &properties[key.get_ref().as_ref()];
            let value = self.value(key.get_ref(), value, schema)?;
            Some((key, value))
        });
        checked.collect()
    }

    /// Checks a value. What replaces one of the wrong type is only there for further checks.
    fn value<'i>(
        &mut self,
        key: &str,
        value: Spanned<DeValue<'i>>,
        schema: &'static Value,
    ) -> Option<Spanned<DeValue<'i>>> {
        let (schema, span) = (resolve_reference(schema), value.span());
        let checked = match (value.into_inner(), Expected::from_schema(schema)) {
            (DeValue::Table(members), Expected::Table) => {
                DeValue::Table(self.table(Some(key), span.start, members, schema))
            }
            (DeValue::Array(items), Expected::List) => {
                if items.is_empty() && !schema["minItems"].is_null() {
                    self.problem(span.start, format!("`{key}` must not be empty"));
                }
                DeValue::Array(items.into_iter().filter_map(|item| self.value(key, item, &schema["items"])).collect())
            }
            (DeValue::Integer(number), Expected::Number) => {
                if u64::from_str_radix(number.as_str(), number.radix()).is_err() {
                    let limit = if number.as_str().starts_with('-') { "minimum" } else { "maximum" };
                    self.problem(
                        span.start,
                        match (limit, &schema[limit]) {
                            ("minimum", minimum) => format!("`{key}` must be at least {minimum}"),
                            (_, Value::Null) => format!("`{key}` is too large"),
                            (_, maximum) => format!("`{key}` must be at most {maximum}"),
                        },
                    );
                    return None;
                }
                DeValue::Integer(number)
            }
            (value, expected) if expected.accepts(&value, schema) => value,
            (value, expected) => {
                self.problem(span.start, format!("`{key}` must be {}", expected.description(schema)));
                let item = resolve_reference(&schema["items"]);
                match expected {
                    Expected::List if Expected::from_schema(item).accepts(&value, item) => {
                        let item = self.value(key, Spanned::new(span.clone(), value), item);
                        DeValue::Array(item.into_iter().collect())
                    }
                    // Not the same as a missing table.
                    Expected::Table => DeValue::Table(DeTable::new()),
                    _ => return None,
                }
            }
        };
        Some(Spanned::new(span, checked))
    }
}

/// What the schema expects of a value.
#[derive(Clone, Copy)]
enum Expected {
    Table,
    List,
    Number,
    Boolean,
    Enum,
    DateTime,
    Text,
}

impl Expected {
    fn from_schema(schema: &Value) -> Self {
        match schema["type"].as_str() {
            Some("object") => Self::Table,
            Some("array") => Self::List,
            Some("integer") => Self::Number,
            Some("boolean") => Self::Boolean,
            _ if schema["enum"].is_array() => Self::Enum,
            _ if schema["format"] == "date-time" => Self::DateTime,
            _ => Self::Text,
        }
    }

    fn accepts(self, value: &DeValue<'_>, schema: &Value) -> bool {
        match (self, value) {
            (Self::Enum, DeValue::String(word)) => strings(&schema["enum"]).any(|known| known == word),
            (Self::Table, DeValue::Table(_))
            | (Self::List, DeValue::Array(_))
            | (Self::Number, DeValue::Integer(_))
            | (Self::Boolean, DeValue::Boolean(_))
            | (Self::DateTime, DeValue::Datetime(_))
            | (Self::Text, DeValue::String(_)) => true,
            _ => false,
        }
    }

    fn description(self, schema: &'static Value) -> String {
        match self {
            Self::Table => {
                let keys = schema["properties"].as_object().into_iter().flat_map(|properties| properties.keys());
                format!("a table with the keys {}", keys.map(String::as_str).collect::<Vec<_>>().join(", "))
            }
            Self::List if resolve_reference(&schema["items"])["type"] == "object" => {
                "a list of tables, with double brackets around the name above each, or [{ ... }]".to_owned()
            }
            Self::List => r#"a list, such as ["...", "..."]"#.to_owned(),
            Self::Number => "a whole number".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Enum => {
                let words: Vec<String> = strings(&schema["enum"]).map(|word| format!("\"{word}\"")).collect();
                format!("one of {}", words.join(", "))
            }
            Self::DateTime => {
                "a date and time with its offset, without quotes, such as 2026-12-01T00:00:00Z".to_owned()
            }
            Self::Text => "text in quotes".to_owned(),
        }
    }
}

fn resolve_reference(schema: &'static Value) -> &'static Value {
    let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| CONFIG_SCHEMA.pointer(pointer)).unwrap_or(schema)
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn unknown_key<'k>(key: &str, suggestion: Option<&str>, known: impl Iterator<Item = &'k str>) -> String {
    match suggestion {
        Some(name) => format!("unknown key `{key}`; did you mean `{name}`?"),
        None => format!("unknown key `{key}`; the keys here are {}", known.collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests;
