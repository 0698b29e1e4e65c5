//! Converts a field's TOML value to the Public API's encoding for the field's type.

use schemas::{Field, FieldType};
use serde_json::{Value, json};
use toml::{
    de::DeValue,
    value::{Date, Datetime, Time},
};

use super::type_of;
use crate::draft::{FieldError, field::encode};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ValueError {
    #[error("the encoding of the type {} is not publicly known; leave the field out", .0.as_str())]
    NoEncoding(FieldType),
    #[error("{expected}; this is {found}")]
    Misfit { expected: FieldError, found: String },
    #[error("`{choice}` is not a choice; the choices are {}", .choices.join(", "))]
    NoChoice { choice: String, choices: Vec<String> },
}

/// Values can have TOML's own types (a number, true, a date, an array of choices) or be the text that the product shows.
pub(super) fn read(field: &Field, typed: &DeValue<'_>) -> Result<Value, ValueError> {
    let kind = field.kind.as_ref().unwrap_or(&FieldType::Text);
    if matches!(kind, FieldType::FileUpload | FieldType::Instruction | FieldType::Signature) {
        return Err(ValueError::NoEncoding(kind.clone()));
    }
    let misfit = || {
        let expected = FieldError::Misfit { kind: kind.clone() };
        let found = typed.as_str().map_or_else(|| type_of(typed).to_owned(), |text| format!("`{text}`"));
        ValueError::Misfit { expected, found }
    };
    if let (FieldType::MultiSelectList, DeValue::Array(choices)) = (kind, typed) {
        let texts: Option<Vec<&str>> = choices.iter().map(|choice| choice.get_ref().as_str()).collect();
        return selected(field, &texts.ok_or_else(misfit)?);
    }
    let text = text(kind, typed).ok_or_else(misfit)?;
    match kind {
        FieldType::MultiSelectList if !text.is_empty() => selected(field, &text.split('|').collect::<Vec<_>>()),
        FieldType::RadioButtonList | FieldType::SelectList if !text.is_empty() => chosen(field, &text),
        _ => encode(kind, &text).ok_or_else(misfit),
    }
}

/// The text that the product's form would show, if the value fits the field's type.
fn text(kind: &FieldType, typed: &DeValue<'_>) -> Option<String> {
    match (kind, typed) {
        (_, DeValue::String(text)) => Some(text.clone().into_owned()),
        (FieldType::Currency | FieldType::Number, DeValue::Integer(number)) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
        }
        (FieldType::Currency | FieldType::Number, DeValue::Float(number)) => {
            Some(number.as_str().trim_start_matches('+').to_owned())
        }
        (FieldType::CheckBox, DeValue::Boolean(ticked)) => Some(ticked.to_string()),
        (FieldType::Date, DeValue::Datetime(Datetime { date: Some(date), time: None, offset: None })) => {
            Some(day(date))
        }
        (FieldType::Datetime, DeValue::Datetime(Datetime { date: Some(date), time: Some(time), offset: None })) => {
            Some(format!("{} {}", day(date), twelve_hours(time)))
        }
        _ => None,
    }
}

fn day(date: &Date) -> String {
    format!("{:02}/{:02}/{:04}", date.day, date.month, date.year)
}

fn twelve_hours(time: &Time) -> String {
    let (hour, half) = match time.hour {
        0 => (12, "AM"),
        hour @ 1..12 => (hour, "AM"),
        12 => (12, "PM"),
        hour => (hour - 12, "PM"),
    };
    format!("{hour:02}:{:02}:{:02} {half}", time.minute, time.second.unwrap_or_default())
}

/// Every choice, and whether it is selected by the texts.
fn selected(field: &Field, texts: &[&str]) -> Result<Value, ValueError> {
    if let Some(unknown) = texts.iter().find(|text| !choices(field).any(|(_, choice)| choice == **text)) {
        return Err(no_choice(field, unknown));
    }
    let option = |(key, text)| json!({"key": key, "value": text, "isSelected": texts.contains(&text)});
    Ok(choices(field).map(option).collect())
}

fn chosen(field: &Field, text: &str) -> Result<Value, ValueError> {
    let (key, value) = choices(field).find(|(_, choice)| *choice == text).ok_or_else(|| no_choice(field, text))?;
    Ok(json!({"key": key, "value": value, "isSelected": true}))
}

/// Key and text of each option. Plain texts have no keys, so they are numbered from 1.
fn choices(field: &Field) -> impl Iterator<Item = (String, &str)> {
    let options = field.options.as_deref().unwrap_or_default();
    (1..).zip(options).filter_map(|(number, option): (u32, _)| match option {
        Value::String(text) => Some((number.to_string(), text.as_str())),
        option => Some((option["key"].as_str()?.to_owned(), option["value"].as_str()?)),
    })
}

fn no_choice(field: &Field, text: &str) -> ValueError {
    let choices = choices(field).map(|(_, choice)| format!("`{choice}`")).collect();
    ValueError::NoChoice { choice: text.to_owned(), choices }
}
