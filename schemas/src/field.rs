//! A field of a step's form, in the encoding of the product's Public API.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A form field and its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// The name in the form.
    pub name: String,
    /// What kind of field it is.
    #[serde(rename = "type", default)]
    pub kind: Option<FieldType>,
    /// Its place in the form, from 1.
    #[serde(default)]
    pub order: Option<u32>,
    /// `field` and digits, such as `field70872750533`.
    #[serde(default)]
    pub identifier: Option<String>,
    /// The value in the encoding of its type (see [`FieldType`]); null when not filled in.
    pub value: Value,
    /// The choices of a list field; null for other types.
    #[serde(default)]
    pub options: Option<Vec<Value>>,
}

/// The field types of the Public API, and one for types that it does not name. Their casing is exact and uneven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum FieldType {
    /// The string `"true"` or `"false"`, never a JSON boolean.
    CheckBox,
    /// A JSON number.
    Currency,
    /// A string, `dd/MM/yyyy`.
    Date,
    /// A string, `dd/MM/yyyy hh:mm:ss tt`.
    Datetime,
    /// A string that is an e-mail address.
    Email,
    /// Not writable by the API.
    FileUpload,
    /// Text shown to the person; not writable by the API.
    Instruction,
    /// An array of options, each `{key, value, isSelected}`.
    MultiSelectList,
    /// A JSON number.
    Number,
    /// One option, `{key, value, isSelected: true}`.
    RadioButtonList,
    /// One option, `{key, value, isSelected: true}`.
    SelectList,
    /// Not writable by the API.
    Signature,
    /// A string.
    Text,
    /// A string of several lines.
    TextArea,
    /// A type that this kit does not know, as received.
    Other(String),
}

impl FieldType {
    /// The types that the Public API names.
    pub const KNOWN: [Self; 14] = [
        Self::CheckBox,
        Self::Currency,
        Self::Date,
        Self::Datetime,
        Self::Email,
        Self::FileUpload,
        Self::Instruction,
        Self::MultiSelectList,
        Self::Number,
        Self::RadioButtonList,
        Self::SelectList,
        Self::Signature,
        Self::Text,
        Self::TextArea,
    ];

    /// The name in messages.
    pub fn as_str(&self) -> &str {
        match self {
            Self::CheckBox => "CheckBox",
            Self::Currency => "Currency",
            Self::Date => "Date",
            Self::Datetime => "Datetime",
            Self::Email => "Email",
            Self::FileUpload => "FileUpload",
            Self::Instruction => "Instruction",
            Self::MultiSelectList => "MultiSelectList",
            Self::Number => "Number",
            Self::RadioButtonList => "RadioButtonList",
            Self::SelectList => "SelectList",
            Self::Signature => "Signature",
            Self::Text => "Text",
            Self::TextArea => "TextArea",
            Self::Other(word) => word,
        }
    }
}

impl From<String> for FieldType {
    fn from(word: String) -> Self {
        Self::KNOWN.into_iter().find(|known| known.as_str() == word).unwrap_or(Self::Other(word))
    }
}

impl From<FieldType> for String {
    fn from(field_type: FieldType) -> Self {
        match field_type {
            FieldType::Other(word) => word,
            known => known.as_str().to_owned(),
        }
    }
}
