//! Changes that make a right credential wrong, each in the one way that a case names.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::case::{Change, Property};

/// How a shell builds the changed text from the variable with the right one.
pub(crate) enum Shell {
    /// An expression, inside double quotes.
    Quoted(String),
    /// No short expression exists; a description.
    InWords(&'static str),
}

impl Change {
    /// The changed text, which differs from `right` if the case's conditions hold.
    pub(crate) fn of(self, right: &str) -> String {
        let mut characters: Vec<char> = right.chars().collect();
        let count = characters.len();
        match self {
            Self::Append => format!("{right}x"),
            Self::Prepend => format!("x{right}"),
            Self::DropLast => {
                characters.pop();
                characters.into_iter().collect()
            }
            Self::DropFirst => characters.into_iter().skip(1).collect(),
            Self::ChangeLast => with_another(characters, count.saturating_sub(1)),
            Self::ChangeFirst => with_another(characters, 0),
            Self::Keep(bytes) => {
                let change = |(at, character): (usize, char)| if at < bytes { character } else { another(character) };
                right.char_indices().map(change).collect()
            }
            Self::FirstOnly => characters.into_iter().take(1).collect(),
            Self::OtherCase => characters.into_iter().map(other_case).collect(),
            Self::OtherForm => other_form(right),
            Self::SpaceBefore => format!(" {right}"),
            Self::SpaceAfter => format!("{right} "),
            Self::LineEnd => format!("{right}\n"),
            Self::Nul => format!("{right}\0"),
            Self::Trimmed => right.trim().to_owned(),
            Self::Double => format!("{right}{right}"),
            Self::Empty => String::new(),
            Self::Other => characters.into_iter().map(another).collect(),
            Self::Star => "*".to_owned(),
            Self::Percent => "%".to_owned(),
            Self::QuestionMarks => {
                characters.into_iter().map(|character| if character.is_ascii() { character } else { '?' }).collect()
            }
            Self::ZeroNumber => "0e1".to_owned(),
            Self::OtherCaseAscii => {
                let has_any = right.bytes().any(|byte| byte.is_ascii_alphabetic());
                let change = |character: char| {
                    if has_any && !character.is_ascii() { character } else { other_case(character) }
                };
                characters.into_iter().map(change).collect()
            }
            Self::HighBytes if right.bytes().any(|byte| byte.is_ascii()) => {
                let change = |character: char| {
                    let moved = character.is_ascii().then(|| char::from_u32(u32::from(character) + 256)).flatten();
                    moved.unwrap_or(character)
                };
                characters.into_iter().map(change).collect()
            }
            Self::HighBytes => format!("{right}x"),
            Self::PercentEncoded => percent_encoded(right),
            Self::CutToBytes(bytes) => {
                let mut end = bytes.min(right.len());
                while !right.is_char_boundary(end) {
                    end -= 1;
                }
                right[..end].to_owned()
            }
            Self::CutToCharacters(count) => characters.into_iter().take(count).collect(),
            Self::HtmlEncoded => right.chars().map(|character| format!("&#{};", u32::from(character))).collect(),
            Self::OtherBeyondAscii => other_beyond(right, 0x7f),
            Self::OtherBeyondLatin1 => other_beyond(right, 0xff),
            Self::OtherBeyondBmp => other_beyond(right, 0xffff),
            Self::WithoutAccents => without_accents(right),
            Self::FullWidth if right.bytes().any(|byte| byte.is_ascii_graphic()) => {
                let widen = |character: char| {
                    let wide = character.is_ascii_graphic().then(|| char::from_u32(u32::from(character) + 0xfee0));
                    wide.flatten().unwrap_or(character)
                };
                characters.into_iter().map(widen).collect()
            }
            Self::FullWidth => format!("{right}x"),
            Self::Reversed => {
                let reversed: String = right.chars().rev().collect();
                if reversed == right { format!("{right}x") } else { reversed }
            }
            Self::ChangeMiddle => with_another(characters, count / 2),
            Self::SpaceWithin => with_within(right, ' '),
            Self::HyphenWithin => with_within(right, '-'),
            Self::JsonEscaped => right.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect(),
            Self::Base64 => STANDARD.encode(right),
            Self::DotsChanged => right.replace('.', "x"),
            Self::UnderscoresChanged => right.replace('_', "x"),
            Self::SpacesAsPlus => {
                let change = |character| match character {
                    '+' => ' ',
                    ' ' => '+',
                    other => other,
                };
                characters.into_iter().map(change).collect()
            }
            Self::SameNumber => format!("{right}.0"),
            Self::Tagged => format!("{right}<b></b>"),
            Self::ControlAfter => format!("{right}\u{1}"),
            Self::AnyRegex => ".*".to_owned(),
            Self::SqlTrue => "' OR '1'='1".to_owned(),
        }
    }

    /// The changed text for a shell.
    pub(crate) fn shell(self, variable: &str) -> Shell {
        Shell::Quoted(match self {
            Self::Append => format!("${{{variable}}}x"),
            Self::Prepend => format!("x${{{variable}}}"),
            Self::DropLast => format!("${{{variable}%?}}"),
            Self::DropFirst => format!("${{{variable}#?}}"),
            Self::SpaceBefore => format!(" ${{{variable}}}"),
            Self::SpaceAfter => format!("${{{variable}}} "),
            Self::Double => format!("${{{variable}}}${{{variable}}}"),
            Self::Empty => String::new(),
            // The same replacement as `another`.
            Self::Other => {
                format!("$(printf %s \"${{{variable}}}\" | sed 's/8/a/g; s/[7_]/8/g; s/[^8]/7/g')")
            }
            Self::Star => "*".to_owned(),
            Self::Percent => "%".to_owned(),
            Self::ZeroNumber => "0e1".to_owned(),
            Self::SameNumber => format!("${{{variable}}}.0"),
            Self::Tagged => format!("${{{variable}}}<b></b>"),
            Self::AnyRegex => ".*".to_owned(),
            Self::SqlTrue => return Shell::InWords("' OR '1'='1 in its place"),
            Self::ChangeLast => return Shell::InWords("its last character another one"),
            Self::ChangeFirst => return Shell::InWords("its first character another one"),
            Self::Keep(_) => return Shell::InWords("its first bytes kept, every character after them another one"),
            Self::FirstOnly => return Shell::InWords("its first character alone"),
            Self::OtherCase => return Shell::InWords("its letters in the other case"),
            Self::OtherForm => return Shell::InWords("its other Unicode normalization form"),
            Self::LineEnd => return Shell::InWords("a line end after it"),
            Self::Nul => return Shell::InWords("a byte 0 after it"),
            Self::Trimmed => return Shell::InWords("without the spaces around it"),
            Self::OtherCaseAscii => return Shell::InWords("its ASCII letters in the other case"),
            Self::HighBytes => return Shell::InWords("256 added to the number of each ASCII character"),
            Self::PercentEncoded => return Shell::InWords("every byte percent-encoded"),
            Self::HtmlEncoded => return Shell::InWords("every character as an entity of HTML"),
            Self::CutToBytes(_) | Self::CutToCharacters(_) => return Shell::InWords("its end cut off"),
            Self::QuestionMarks => return Shell::InWords("its characters beyond ASCII as question marks"),
            Self::OtherBeyondAscii => return Shell::InWords("each character beyond ASCII replaced by another one"),
            Self::OtherBeyondLatin1 => return Shell::InWords("each character beyond Latin-1 replaced by another one"),
            Self::OtherBeyondBmp => return Shell::InWords("each character beyond U+FFFF replaced by another one"),
            Self::WithoutAccents => return Shell::InWords("its letters without their accents"),
            Self::FullWidth => return Shell::InWords("its ASCII characters in their full-width forms"),
            Self::Reversed => return Shell::InWords("its characters from the last to the first"),
            Self::ChangeMiddle => return Shell::InWords("the character in its middle replaced by another one"),
            Self::SpaceWithin => return Shell::InWords("a space after its first character"),
            Self::HyphenWithin => return Shell::InWords("a hyphen after its first character"),
            Self::JsonEscaped => return Shell::InWords("each character as the text of a JSON escape such as \\u0041"),
            Self::Base64 => return Shell::InWords("its base64 in its place"),
            Self::DotsChanged => return Shell::InWords("each dot replaced by an x"),
            Self::UnderscoresChanged => return Shell::InWords("each underscore replaced by an x"),
            Self::SpacesAsPlus => return Shell::InWords("each space as a plus sign and each plus sign as a space"),
            Self::ControlAfter => return Shell::InWords("the control character U+0001 after it"),
        })
    }
}

impl Property {
    /// Whether a text has this property.
    pub(crate) fn holds(self, text: &str) -> bool {
        match self {
            Self::OverBytes(bytes) => text.len() > bytes,
            Self::OverCharacters(characters) => text.chars().count() > characters,
            Self::BeyondAscii => !text.is_ascii(),
            Self::Latin1 => !text.is_ascii() && latin_1(text).is_some(),
            Self::Letter => text.chars().any(|character| other_case(character) != character),
            Self::Colon => text.contains(':'),
            Self::NormalForms => other_form(text) != text,
            Self::SpaceAround => text.trim() != text && !text.trim().is_empty(),
            Self::Ascii => text.is_ascii(),
            Self::BeyondLatin1 => text.chars().any(|character| u32::from(character) > 0xff),
            Self::BeyondBmp => text.chars().any(|character| u32::from(character) > 0xffff),
            Self::Accent => without_accents(text) != text,
            Self::Dot => text.contains('.'),
            Self::Underscore => text.contains('_'),
            Self::PlusOrSpace => text.contains(['+', ' ']),
            Self::Number => !text.starts_with('0') && text.len() < 16 && text.bytes().all(|byte| byte.is_ascii_digit()),
        }
    }
}

/// The text in Latin-1, if all its characters exist there.
pub(crate) fn latin_1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect()
}

/// Another character, which a careless comparison does not confuse with this one.
fn another(character: char) -> char {
    if matches!(character, '7' | '_') { '8' } else { '7' }
}

/// The text with another character at this place.
fn with_another(mut characters: Vec<char>, place: usize) -> String {
    if let Some(character) = characters.get_mut(place) {
        *character = another(*character);
    }
    characters.into_iter().collect()
}

/// Every byte percent-encoded.
pub(crate) fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

pub(crate) fn other_case(character: char) -> char {
    let one = |mut cased: Box<dyn Iterator<Item = char>>| match (cased.next(), cased.next()) {
        (Some(only), None) => only,
        _ => character,
    };
    if character.is_lowercase() {
        one(Box::new(character.to_uppercase()))
    } else {
        one(Box::new(character.to_lowercase()))
    }
}

/// Replaces each character beyond this code point by another one of the same length in UTF-8 and UTF-16; a Latin-1
/// character stays Latin-1.
fn other_beyond(text: &str, last: u32) -> String {
    let change = |character: char| {
        let code = u32::from(character);
        let others = match code {
            _ if code <= last => return character,
            ..=0xff => ['ø', 'æ'],
            0x100..=0x7ff => ['Ж', 'Щ'],
            0x800..=0xffff => ['永', '水'],
            _ => ['🦊', '🐙'],
        };
        if character == others[0] { others[1] } else { others[0] }
    };
    text.chars().map(change).collect()
}

fn without_accents(text: &str) -> String {
    text.nfd().filter(|character| !is_combining_mark(*character)).collect()
}

/// The text with a character after its first one.
fn with_within(text: &str, character: char) -> String {
    let mut characters = text.chars();
    let first: String = characters.by_ref().take(1).collect();
    format!("{first}{character}{}", characters.as_str())
}

fn other_form(text: &str) -> String {
    let composed: String = text.nfc().collect();
    if composed == text { text.nfd().collect() } else { composed }
}

#[cfg(test)]
mod tests;
