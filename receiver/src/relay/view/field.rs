//! A field: its value for comparisons, and its text for people.

use minijinja::value::{Serde, Value};
use schemas::FieldType;
use serde::Serialize;
use serde_json::Value as Json;

use schemas::json::Digits;

use super::{Shortener, number};
use crate::relay::{format, sanitize};

/// Maximum number of characters, and of lines, shown next to a name; longer values take the whole width.
const WIDE_TEXT: (usize, usize) = (60, 3);
/// Maximum number of characters, and of lines, shown at once; longer values are folded.
const LONG_TEXT: (usize, usize) = (160, 3);

#[derive(Clone, Serialize)]
pub(super) struct FieldView {
    pub(super) name: Option<String>,
    /// The name, with invisible characters escaped.
    #[serde(skip)]
    pub(super) exact_name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
    /// 1-based position among the fields of the step.
    position: usize,
    /// A number, a boolean, a label, a list of labels, or a text.
    pub(super) value: Value,
    /// The text for people; empty if the field was not filled in.
    text: String,
    filled: bool,
    wide: bool,
    long: bool,
}

impl FieldView {
    pub(super) fn of(field: &Json, position: usize, shortener: &Shortener) -> Self {
        let kind = field["type"].as_str();
        let known = kind.map(|word| FieldType::from(word.to_owned()));
        let raw = &field["value"];
        let text = shortener.value(text(raw, known.as_ref(), shortener.digits).trim_end());
        let exceeds = |(characters, lines)| text.chars().count() > characters || text.lines().count() > lines;
        Self {
            name: shortener.title(&field["name"]),
            exact_name: shortener.name(&field["name"]),
            kind: shortener.name(&field["type"]),
            id: shortener.name(&field["identifier"]),
            position,
            value: value(raw, known.as_ref(), shortener),
            filled: !text.trim().is_empty(),
            wide: exceeds(WIDE_TEXT),
            long: exceeds(LONG_TEXT),
            text,
        }
    }
}

/// The value as `when` and templates compare it.
fn value(raw: &Json, kind: Option<&FieldType>, shortener: &Shortener) -> Value {
    let digits = shortener.digits;
    if let Some(number) = digits.of(raw) {
        return number::value(&number);
    }
    match (kind, raw) {
        (Some(FieldType::CheckBox), Json::String(word)) if word == "true" || word == "false" => (word == "true").into(),
        (Some(FieldType::SelectList | FieldType::RadioButtonList), Json::Object(_)) => {
            sanitize::clean(&label(raw, digits)).into()
        }
        (Some(FieldType::MultiSelectList), Json::Array(options)) => {
            selected(options).map(|option| sanitize::clean(&label(option, digits))).collect()
        }
        (_, Json::String(text)) => sanitize::cut(&sanitize::clean(text), shortener.limits.value).0.into(),
        (_, Json::Array(_) | Json::Object(_)) if raw.to_string().len() > shortener.limits.value => {
            sanitize::cut(&sanitize::clean(&flat(raw, digits)), shortener.limits.value).0.into()
        }
        _ => nested(raw, digits),
    }
}

/// The value, with its numbers ready for calculations.
fn nested(raw: &Json, digits: Digits) -> Value {
    match (digits.of(raw), raw) {
        (Some(number), _) => number::value(&number),
        (None, Json::Array(elements)) => elements.iter().map(|element| nested(element, digits)).collect(),
        (None, Json::Object(members)) => {
            Value::from_pairs(members.iter().map(|(name, member)| (sanitize::exact(name), nested(member, digits))))
        }
        (None, Json::String(text)) => sanitize::clean(text).into(),
        (None, scalar) => Serde(scalar).into(),
    }
}

/// The value as people write it. It is as unsafe as the message.
pub(crate) fn text(raw: &Json, kind: Option<&FieldType>, digits: Digits) -> String {
    if let Some(number) = digits.of(raw) {
        return if kind == Some(&FieldType::Currency) { format::money(&number) } else { number };
    }
    match (kind, raw) {
        (_, Json::Null) => String::new(),
        (Some(FieldType::CheckBox), Json::String(word)) if word == "true" => "☑ Yes".to_owned(),
        (Some(FieldType::CheckBox), Json::String(word)) if word == "false" => "☐ No".to_owned(),
        (Some(FieldType::SelectList | FieldType::RadioButtonList), Json::Object(_)) => label(raw, digits),
        (Some(FieldType::MultiSelectList), Json::Array(options)) => {
            selected(options).map(|option| label(option, digits)).collect::<Vec<_>>().join(", ")
        }
        (Some(FieldType::Date | FieldType::Datetime), Json::String(date)) => format::form_date(date),
        (_, other) => flat(other, digits),
    }
}

fn selected(options: &[Json]) -> impl Iterator<Item = &Json> {
    options.iter().filter(|option| option["isSelected"] != Json::Bool(false))
}

/// The option's label, or its key if it has no label, or the option itself if it is a string.
fn label(option: &Json, digits: Digits) -> String {
    let words = [&option["value"], &option["key"]].into_iter().find(|words| words.is_string());
    flat(words.unwrap_or(option), digits)
}

/// Any JSON value as one line of text.
fn flat(value: &Json, digits: Digits) -> String {
    if let Some(number) = digits.of(value) {
        return number;
    }
    let flat = |value: &Json| flat(value, digits);
    match value {
        Json::Null => String::new(),
        Json::Bool(truth) => if *truth { "Yes" } else { "No" }.to_owned(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.clone(),
        Json::Array(elements) => {
            let nested =
                elements.iter().any(|element| element.is_array() || element.as_object().is_some_and(|o| o.len() > 1));
            elements.iter().map(flat).collect::<Vec<_>>().join(if nested { "; " } else { ", " })
        }
        Json::Object(members) if members.len() == 1 => members.values().map(flat).collect(),
        Json::Object(members) => members
            .iter()
            .map(|(name, value)| format!("{}: {}", sanitize::exact(name), flat(value)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_type_reads_as_people_write_it() {
        for (kind, raw, readable) in [
            ("Text", json!("Acme Ltd"), "Acme Ltd"),
            ("CheckBox", json!("true"), "☑ Yes"),
            ("CheckBox", json!("false"), "☐ No"),
            ("CheckBox", json!("perhaps"), "perhaps"),
            ("SelectList", json!({"key": "2", "value": "Wholesale", "isSelected": true}), "Wholesale"),
            ("SelectList", json!("Wholesale"), "Wholesale"),
            ("RadioButtonList", json!({"key": "2"}), "2"),
            (
                "MultiSelectList",
                json!([{"key": "n", "value": "North", "isSelected": true}, {"key": "s", "value": "South", "isSelected": false}]),
                "North",
            ),
            ("MultiSelectList", json!(["North", "South"]), "North, South"),
            ("Date", json!("19/07/1990"), "19 Jul 1990"),
            ("Datetime", json!("02/07/2021 02:05:00 PM"), "2 Jul 2021, 2:05 PM"),
            ("Currency", json!(5000.5), "5,000.50"),
            ("Number", json!(2026), "2026"),
            ("Instruction", json!(null), ""),
            ("FileUpload", json!([{"fileName": "a.pdf"}, {"fileName": "b.pdf"}]), "a.pdf, b.pdf"),
            (
                "Address",
                json!({"street": "1 Main Street", "city": "Springfield"}),
                "street: 1 Main Street, city: Springfield",
            ),
            ("Table", json!([[1, true], ["x", null]]), "1, Yes; x, "),
            ("Date", json!(5), "5"),
        ] {
            assert_eq!(
                text(&raw, Some(&FieldType::from(kind.to_owned())), Digits::new('\u{FDD8}')),
                readable,
                "{kind} {raw}"
            );
        }
    }
}
