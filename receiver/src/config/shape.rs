//! The shape of the file, held to `config.schema.json`: keys that nothing has, with the one that was probably meant, keys
//! that are missing, and values of another type. A value is never repeated: it may be a secret at a wrong place.

use std::sync::LazyLock;

use schemas::suggest;
use serde_json::Value;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../config.schema.json")).expect("the embedded schema is tested to be JSON")
});

/// What is wrong with a file's shape.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// Where it stands, as a byte of the file, and what to say of it.
    pub(super) problems: Vec<(usize, String)>,
    /// Whether it can be read all the same: unknown keys are passed over.
    pub(super) readable: bool,
}

impl Shape {
    pub(super) fn of(file: &DeTable<'_>) -> Self {
        let mut shape = Self { readable: true, ..Self::default() };
        shape.members(file, &SCHEMA);
        shape
    }

    fn members(&mut self, members: &DeTable<'_>, schema: &Value) {
        let Some(known) = schema["properties"].as_object() else { return };
        for (key, member) in members {
            let name = key.get_ref().as_ref();
            match known.get(name) {
                Some(schema) => self.value(name, member, schema),
                None => self.problems.push((key.span().start, unknown(name, known.keys().map(String::as_str)))),
            }
        }
    }

    fn value(&mut self, key: &str, value: &Spanned<DeValue<'_>>, schema: &Value) {
        let (schema, at) = (resolved(schema), value.span().start);
        match (value.get_ref(), wanted(schema)) {
            (DeValue::Table(members), Wanted::Table) => {
                self.members(members, schema);
                for missing in strings(&schema["required"]).filter(|name| !members.contains_key(*name)) {
                    self.unreadable(at, format!("`{missing}` is missing here, in `{key}`"));
                }
            }
            (DeValue::Array(elements), Wanted::List) => {
                elements.iter().for_each(|element| self.value(key, element, &schema["items"]));
            }
            (DeValue::Integer(number), Wanted::Number) if number.as_str().starts_with('-') => {
                self.unreadable(at, format!("`{key}` is at least {}", schema["minimum"]));
            }
            (DeValue::String(word), Wanted::Word) if strings(&schema["enum"]).any(|known| known == word) => {}
            (DeValue::String(_), Wanted::Text)
            | (DeValue::Integer(_), Wanted::Number)
            | (DeValue::Boolean(_), Wanted::Switch)
            | (DeValue::Datetime(_), Wanted::Moment) => {}
            (_, wanted) => self.unreadable(at, format!("`{key}` takes {}", wanted.in_words(schema))),
        }
    }

    fn unreadable(&mut self, at: usize, message: String) {
        self.problems.push((at, message));
        self.readable = false;
    }
}

/// What the schema wants of a value.
#[derive(Clone, Copy)]
enum Wanted {
    Table,
    List,
    Number,
    Switch,
    Word,
    Moment,
    Text,
}

fn wanted(schema: &Value) -> Wanted {
    match schema["type"].as_str() {
        Some("object") => Wanted::Table,
        Some("array") => Wanted::List,
        Some("integer") => Wanted::Number,
        Some("boolean") => Wanted::Switch,
        _ if schema["enum"].is_array() => Wanted::Word,
        _ if schema["format"] == "date-time" => Wanted::Moment,
        _ => Wanted::Text,
    }
}

impl Wanted {
    fn in_words(self, schema: &Value) -> String {
        match self {
            Self::Table => format!("a table, with the keys {}", keys(schema)),
            Self::List if resolved(&schema["items"])["type"] == "object" => {
                "a list of tables: double brackets around the name above each, or [{ ... }]".to_owned()
            }
            Self::List => r#"a list, such as ["...", "..."]"#.to_owned(),
            Self::Number => "a whole number".to_owned(),
            Self::Switch => "true or false".to_owned(),
            Self::Word => {
                let words: Vec<String> = strings(&schema["enum"]).map(|word| format!("\"{word}\"")).collect();
                format!("one of {}", words.join(", "))
            }
            Self::Moment => "a moment with its offset and without quotes, such as 2026-12-01T00:00:00Z".to_owned(),
            Self::Text => "text in quotes".to_owned(),
        }
    }
}

fn resolved(schema: &Value) -> &Value {
    let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| SCHEMA.pointer(pointer)).unwrap_or(schema)
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn keys(schema: &Value) -> String {
    let known = schema["properties"].as_object().into_iter().flat_map(|properties| properties.keys());
    known.map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn unknown<'k>(key: &str, known: impl Iterator<Item = &'k str> + Clone) -> String {
    match suggest::closest(key, known.clone()) {
        Some(name) => format!("`{key}` is no key here; did you mean `{name}`?"),
        None => format!("`{key}` is no key here; the keys are {}", known.collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::{assert_said_alone, folder, load};

    #[test]
    fn a_value_of_a_wrong_type_is_said_with_its_key() {
        let folder = folder();
        for (case, text, expected) in [
            (
                "one endpoint",
                "[endpoint]\npath = \"/\"",
                "receiver.toml:1: `endpoint` takes a list of tables: double brackets",
            ),
            ("a negative number", "[limits]\nconnections = -1", "receiver.toml:2: `connections` is at least 1"),
            (
                "a number in quotes",
                "[limits]\nconnections = \"9\"",
                "receiver.toml:2: `connections` takes a whole number",
            ),
            (
                "no table",
                "tls = \"certificate.pem\"",
                "receiver.toml:1: `tls` takes a table, with the keys certificate, key",
            ),
            ("half of a table", "[tls]\nkey = \"key.pem\"", "receiver.toml:1: `certificate` is missing here, in `tls`"),
            (
                "one proxy",
                "trusted_proxies = \"::1\"",
                "receiver.toml:1: `trusted_proxies` takes a list, such as [\"...\", \"...\"]",
            ),
            ("no truth", "log_payloads = \"yes\"", "receiver.toml:1: `log_payloads` takes true or false"),
            (
                "a moment without a zone",
                "[[endpoint]]\npath = \"/\"\nauthentication = { type = \"none\", not_after = 2026-12-01T00:00:00 }",
                "receiver.toml:3: `not_after`: the zone is missing: add Z for UTC, or the offset",
            ),
            (
                "a date alone, which could mean its beginning or its end",
                "[[endpoint]]\npath = \"/\"\nauthentication = { type = \"none\", not_after = 2026-12-01 }",
                "receiver.toml:3: `not_after`: the time is missing: write it with its offset",
            ),
            (
                "a moment in quotes",
                "[[endpoint]]\npath = \"/\"\nalso_accept = [{ type = \"none\", not_after = \"tomorrow\" }]",
                "receiver.toml:3: `not_after` takes a moment with its offset and without quotes",
            ),
        ] {
            assert_said_alone(&folder, case, text, expected);
        }
    }

    #[test]
    fn every_value_of_a_wrong_type_is_said() {
        let text = "listen = 8080\nadmin = true\ncolour = 1\n[limits]\nrequests = 1.5\n[[endpoint]]\npath = 1\n";
        let error = load(&folder(), text).unwrap_err();
        let lines: Vec<&str> = error.lines().map(|line| line.split(": ").next().unwrap()).collect();
        assert_eq!(
            lines,
            ["receiver.toml:1", "receiver.toml:2", "receiver.toml:3", "receiver.toml:5", "receiver.toml:7"]
        );
    }
}
