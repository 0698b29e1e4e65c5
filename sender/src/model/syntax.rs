//! The language that a model is written in, TOML or JSON.

use std::path::Path;

use serde_json::Value;

/// The language of a model's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    Toml,
    Json,
}

impl Syntax {
    /// The syntax of a file: by the extension, or else by the first character.
    pub(crate) fn of(path: &Path, text: &str) -> Self {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("toml") => Self::Toml,
            Some("json") => Self::Json,
            _ if text.trim_start().starts_with('{') => Self::Json,
            _ => Self::Toml,
        }
    }

    pub(super) fn member(self, name: &str, value: &Value) -> String {
        match self {
            Self::Toml => format!("{name} = {}", toml(value)),
            Self::Json => format!("\"{name}\": {value}"),
        }
    }
}

/// A value on one line of TOML. Basic strings are as in JSON.
fn toml(value: &Value) -> String {
    match value {
        Value::Array(elements) => format!("[{}]", elements.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{name} = {}", toml(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        scalar => scalar.to_string(),
    }
}
