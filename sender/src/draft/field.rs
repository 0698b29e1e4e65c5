//! A field from one line of text, `Name=value` or `Name:Type=value`, in the Public API's encoding for its type.

use jiff::civil::Date;
use schemas::{Field, FieldType, Schema};
use serde_json::{Number, Value, json};

/// Maximum number of characters of a number in the product's forms (Public API).
const NUMBER_MAX_CHARACTERS: usize = 15;
/// The first number with more than 15 digits before the point.
const NUMBER_BOUND: f64 = 1e15;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FieldError {
    /// It has no `=`.
    #[error("write 'Name=value', or 'Name:Type=value' for a type other than Text")]
    NoValue,
    /// It has no name before the `=`.
    #[error("the field has no name; write 'Name=value'")]
    NoName,
    /// The word between the last colon and the `=` is not a type.
    #[error(
        "`{word}` is not a field type; the types are {}. If the colon belongs to the name, add the type: '{name}:{word}:Text=...'",
        writable()
    )]
    UnknownType { name: String, word: String },
    /// The encoding of the type is not publicly known.
    #[error(
        "the encoding of the type {} is not publicly known; send a complete message with --message instead",
        .0.as_str()
    )]
    NoEncoding(FieldType),
    /// The value does not fit the type.
    #[error("a value of the type {} is {}", kind.as_str(), form(kind))]
    Misfit { kind: FieldType },
}

/// Reads `Name=value` (a Text field) or `Name:Type=value`. The type's letter case does not matter. An empty value is an empty
/// string for text, and null (not filled in) for the other types.
///
/// # Errors
/// When it has another form, or the value does not fit the type.
pub(crate) fn parse_field(text: &str) -> Result<Field, FieldError> {
    let (left, value) = text.split_once('=').ok_or(FieldError::NoValue)?;
    let (name, kind) = match left.rsplit_once(':') {
        None => (left, FieldType::Text),
        Some((name, word)) => (name, known(name, word)?),
    };
    if name.trim().is_empty() {
        return Err(FieldError::NoName);
    }
    let encoded = encode(&kind, value).ok_or_else(|| FieldError::Misfit { kind: kind.clone() })?;
    if matches!(kind, FieldType::FileUpload | FieldType::Instruction | FieldType::Signature) {
        return Err(FieldError::NoEncoding(kind));
    }
    let is_list = matches!(kind, FieldType::MultiSelectList | FieldType::RadioButtonList | FieldType::SelectList);
    let options =
        is_list.then(|| choices(value).iter().map(|(key, text)| json!({"key": key, "value": text})).collect());
    Ok(Field { name: name.to_owned(), kind: Some(kind), order: None, identifier: None, value: encoded, options })
}

/// Whether a value fits a field of this type, by the same rules as in [`parse_field`]; null always does.
pub(crate) fn fits(kind: &FieldType, value: &Value) -> bool {
    let field = json!({"name": "", "type": kind.as_str(), "value": value});
    let is = |check: fn(&str) -> bool| value.as_str().is_none_or(check);
    Schema::Field.is_valid(&field)
        && match kind {
            FieldType::Date => is(is_date),
            FieldType::Datetime => is(is_datetime),
            FieldType::Email => is(is_email),
            FieldType::Currency | FieldType::Number => value
                .as_f64()
                .is_none_or(|number| value.to_string().len() <= NUMBER_MAX_CHARACTERS && number.abs() < NUMBER_BOUND),
            _ => true,
        }
}

fn known(name: &str, word: &str) -> Result<FieldType, FieldError> {
    let found = FieldType::KNOWN.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(word));
    found.ok_or_else(|| FieldError::UnknownType { name: name.to_owned(), word: word.to_owned() })
}

/// The value of a text in the encoding of its type; `None` if it does not fit. A list's choices are numbered in their order.
pub(crate) fn encode(kind: &FieldType, text: &str) -> Option<Value> {
    if text.is_empty() && !matches!(kind, FieldType::Text | FieldType::TextArea | FieldType::Other(_)) {
        return Some(Value::Null);
    }
    match kind {
        FieldType::Text | FieldType::TextArea | FieldType::Other(_) => Some(text.into()),
        FieldType::CheckBox => matches!(text, "true" | "false").then(|| text.into()),
        FieldType::Date => is_date(text).then(|| text.into()),
        FieldType::Datetime => is_datetime(text).then(|| text.into()),
        FieldType::Email => is_email(text).then(|| text.into()),
        FieldType::Currency | FieldType::Number => {
            let number: Number = serde_json::from_str(text).ok()?;
            (text.len() <= NUMBER_MAX_CHARACTERS && number.as_f64()?.abs() < NUMBER_BOUND).then(|| number.into())
        }
        FieldType::RadioButtonList | FieldType::SelectList => match choices(text).as_slice() {
            [(key, text)] => Some(json!({"key": key, "value": text, "isSelected": true})),
            _ => None,
        },
        FieldType::MultiSelectList => {
            let selected = choices(text).into_iter();
            Some(selected.map(|(key, text)| json!({"key": key, "value": text, "isSelected": true})).collect())
        }
        FieldType::FileUpload | FieldType::Instruction | FieldType::Signature => Some(text.into()),
    }
}

/// The choices of a list, separated by `|`, with keys from 1.
fn choices(text: &str) -> Vec<(String, &str)> {
    let texts = text.split('|').filter(|text| !text.is_empty());
    (1..).zip(texts).map(|(key, text): (u32, _)| (key.to_string(), text)).collect()
}

fn is_email(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@');
    text.split_once('@').is_some_and(|(local, domain)| plain(local) && plain(domain))
}

/// `dd/MM/yyyy`, a day that exists.
fn is_date(text: &str) -> bool {
    let [b'0'..=b'9', b'0'..=b'9', b'/', b'0'..=b'9', b'0'..=b'9', b'/', year @ ..] = text.as_bytes() else {
        return false;
    };
    let part = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse().ok());
    year.len() == 4
        && year.iter().all(u8::is_ascii_digit)
        && text.get(6..).and_then(|year| year.parse().ok()).is_some_and(|year| {
            part(3, 5).zip(part(0, 2)).is_some_and(|(month, day)| Date::new(year, month, day).is_ok())
        })
}

/// `dd/MM/yyyy hh:mm:ss tt`, twelve-hour clock.
fn is_datetime(text: &str) -> bool {
    let Some((date, time)) = text.split_once(' ') else { return false };
    let [h1, h2, b':', m1, m2, b':', s1, s2, b' ', b'A' | b'P', b'M'] = time.as_bytes() else { return false };
    let two = |tens: &u8, ones: &u8| {
        (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
    };
    is_date(date)
        && two(h1, h2).is_some_and(|hour| (1..=12).contains(&hour))
        && two(m1, m2).is_some_and(|minute| minute < 60)
        && two(s1, s2).is_some_and(|second| second < 60)
}

fn writable() -> String {
    let no_encoding = [FieldType::FileUpload, FieldType::Instruction, FieldType::Signature];
    let writable = FieldType::KNOWN.into_iter().filter(|kind| !no_encoding.contains(kind));
    writable.map(|kind| kind.as_str().to_owned()).collect::<Vec<_>>().join(", ")
}

pub(crate) fn form(kind: &FieldType) -> &'static str {
    match kind {
        FieldType::CheckBox => "true or false",
        FieldType::Currency | FieldType::Number => "a number such as 35 or 5000.50, at most 15 long",
        FieldType::Date => "a day as dd/MM/yyyy, such as 19/07/1990",
        FieldType::Datetime => "a time as dd/MM/yyyy hh:mm:ss AM or PM, such as 02/07/2021 02:05:00 PM",
        FieldType::Email => "an e-mail address such as jo@example.com",
        FieldType::RadioButtonList | FieldType::SelectList => "the text of one choice, such as Wholesale",
        FieldType::MultiSelectList => "the texts of the choices with | between them, such as Retail|Wholesale",
        FieldType::FileUpload
        | FieldType::Instruction
        | FieldType::Other(_)
        | FieldType::Signature
        | FieldType::Text
        | FieldType::TextArea => "a text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_as_the_public_api_does() {
        let one = json!({"key": "1", "value": "Wholesale", "isSelected": true});
        for (text, name, kind, value) in [
            ("Customer name=Acme Ltd", "Customer name", "Text", json!("Acme Ltd")),
            ("a=b=c", "a", "Text", json!("b=c")),
            ("a=", "a", "Text", json!("")),
            ("Ratio 1:2:Text=x", "Ratio 1:2", "Text", json!("x")),
            ("a:TextArea=two\nlines", "a", "TextArea", json!("two\nlines")),
            ("a:checkbox=true", "a", "CheckBox", json!("true")),
            ("a:CheckBox=", "a", "CheckBox", json!(null)),
            ("a:Email=zoë@example.com", "a", "Email", json!("zoë@example.com")),
            ("a:Date=29/02/2024", "a", "Date", json!("29/02/2024")),
            ("a:Datetime=02/07/2021 02:05:00 PM", "a", "Datetime", json!("02/07/2021 02:05:00 PM")),
            ("a:Currency=5000.50", "a", "Currency", json!(5000.5)),
            ("a:Number=-12", "a", "Number", json!(-12)),
            ("a:Number=999999999999999", "a", "Number", json!(999_999_999_999_999_u64)),
            ("a:SelectList=Wholesale", "a", "SelectList", one.clone()),
            ("a:RadioButtonList=Wholesale", "a", "RadioButtonList", one.clone()),
            (
                "a:MultiSelectList=Wholesale|Retail",
                "a",
                "MultiSelectList",
                json!([one, {"key": "2", "value": "Retail", "isSelected": true}]),
            ),
        ] {
            let field = parse_field(text).unwrap();
            assert_eq!((field.name.as_str(), field.kind.as_ref().unwrap().as_str()), (name, kind), "{text}");
            assert_eq!(field.value, value, "{text}");
            assert_eq!(Schema::Field.violations(&serde_json::to_value(field).unwrap()), [], "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_form_it_should_have() {
        for (text, expected) in [
            ("Customer name", "write 'Name=value'"),
            ("=x", "the field has no name"),
            (" :Number=1", "the field has no name"),
            ("Credit limit:Money=5", "`Money` is not a field type; the types are CheckBox, Currency, Date,"),
            ("Ratio 1:2=x", "'Ratio 1:2:Text=...'"),
            ("a:CheckBox=yes", "CheckBox is true or false"),
            ("a:CheckBox=True", "CheckBox is true or false"),
            ("a:Date=1990-07-19", "Date is a day as dd/MM/yyyy, such as 19/07/1990"),
            ("a:Date=31/02/2024", "dd/MM/yyyy"),
            ("a:Date=1/7/1990", "dd/MM/yyyy"),
            ("a:Date=19/07/199é", "dd/MM/yyyy"),
            ("a:Datetime=02/07/2021 14:05:00 PM", "hh:mm:ss AM or PM"),
            ("a:Datetime=02/07/2021 00:05:00 AM", "hh:mm:ss AM or PM"),
            ("a:Datetime=02/07/2021 02:60:00 AM", "hh:mm:ss AM or PM"),
            ("a:Email=jo", "e-mail"),
            ("a:Email=jo@b@c", "e-mail"),
            ("a:Number=1,5", "a number such as"),
            ("a:Number=0x10", "a number such as"),
            ("a:Number=1234567890123456", "at most 15 long"),
            ("a:Number=1e999", "a number such as"),
            ("a:Currency=1e20", "a number such as"),
            ("a:SelectList=A|B", "one choice"),
            ("a:FileUpload=x", "not publicly known"),
            ("a:Signature=", "not publicly known"),
        ] {
            let error = parse_field(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
