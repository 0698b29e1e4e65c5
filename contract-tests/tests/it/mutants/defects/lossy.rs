//! Defects that compare after a conversion which makes other texts look the same: in the client secret, in the password
//! and in the username.

use base64::{Engine, prelude::BASE64_STANDARD};
use unicode_normalization::UnicodeNormalization;

use super::spelling;
use crate::mutants::{
    defect::Defect,
    rules::{Expected, basic},
};

const OF_SECRET: &[&str] = &["AUTH-4", "AUTH-7", "AUTH-8", "AUTH-9", "AUTH-20", "AUTH-22", "AUTH-28"];
const OF_BASIC: &[&str] = &["AUTH-13", "AUTH-14", "AUTH-15", "AUTH-16", "AUTH-19", "AUTH-20", "AUTH-22", "AUTH-28"];

/// Defects that differ in how two texts are compared.
macro_rules! secrets {
    ($($how:literal, $same:expr;)*) => {
        vec![$(Defect::secret(concat!("compares the secret ", $how), "AUTH-6", |r| r.secret_parts.same = $same).also(OF_SECRET)),*]
    };
}

macro_rules! parts {
    ($part:literal, $index:tt, $other:tt: $($how:literal, $same:expr;)*) => {
        vec![$(Defect::basic(concat!("compares the ", $part, " ", $how), "AUTH-18", |r| {
            r.basic_parts.same = |sent, right| {
                let same: fn(&str, &str) -> bool = $same;
                sent.$other == right.$other && same(sent.$index, right.$index)
            };
        }).also(OF_BASIC)),*]
    };
}

pub(super) fn secrets() -> Vec<Defect> {
    let mut defects = secrets! {
        "without what Latin-1 does not hold", |sent, right| latin_1(sent, None) == latin_1(right, None);
        "in Latin-1, with U+FFFD for all else", |sent, right| latin_1(sent, Some('\u{fffd}')) == latin_1(right, Some('\u{fffd}'));
        "without what ASCII does not hold", |sent, right| ascii(sent, "") == ascii(right, "");
        "in ASCII, with U+FFFD for each other byte", |sent, right| ascii(sent, "\u{fffd}") == ascii(right, "\u{fffd}");
        "with U+FFFD for what is beyond U+FFFF", |sent, right| bmp(sent) == bmp(right);
        "in any letter case, as a collation does", |sent, right| folded(sent) == folded(right);
        "with full-width forms as ASCII", |sent, right| half_width(sent) == half_width(right);
        "without accents", |sent, right| accentless(sent) == accentless(right);
        "without regard to the order of its characters", |sent, right| sorted(sent) == sorted(right);
        "so that differences cancel each other (XOR)", xor;
        "by its ends and its length", ends;
        "without anything but letters and digits", |sent, right| alphanumeric(sent) == alphanumeric(right);
        "after reading its escapes once more", |sent, right| sent == right || unescaped(sent) == right;
        "after decoding base64 where it is some", |sent, right| sent == right || decoded(sent) == right;
        "with plus signs as spaces", |sent, right| sent.replace('+', " ") == right.replace('+', " ");
        "without elements of HTML", |sent, right| untagged(sent) == untagged(right);
        "as an integer, as intval does", |sent, right| integer(sent) == integer(right);
        "with the expected one as a pattern of LIKE", |sent, right| fits(right, sent, '_');
    };
    defects.extend([
        Defect::secret("compares the secret with the expected one as a regular expression", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| fits(right, sent, '.');
        })
        .expecting(Expected::Secret("Correct.Horse-battery.staple-72")),
        Defect::secret("compares the secret as a number, as == in PHP does", "AUTH-6", |r| {
            r.secret_parts.same = |sent, right| sent == right || spelling::number(sent) == spelling::number(right);
        })
        .also(OF_SECRET)
        .expecting(Expected::Secret("462097431906509")),
        Defect::secret("compares the secret without control characters", "AUTH-20", |r| {
            r.secret_parts.same = |sent, right| sent.replace(|character: char| character.is_control(), "") == right;
        })
        .common(),
        Defect::secret("leaves out what is not UTF-8 before it reads the body", "AUTH-20", |r| {
            r.read = |body| {
                let text = String::from_utf8_lossy(body).replace('\u{fffd}', "");
                crate::mutants::json::Json::read(text.as_bytes())
                    .ok_or_else(crate::mutants::answer::Answer::bad_request)
            };
        })
        .common(),
    ]);
    defects
}

pub(super) fn passwords() -> Vec<Defect> {
    let mut defects = parts! { "password", 1, 0:
        "without what Latin-1 does not hold", |sent, right| latin_1(sent, None) == latin_1(right, None);
        "in Latin-1, with U+FFFD for all else", |sent, right| latin_1(sent, Some('\u{fffd}')) == latin_1(right, Some('\u{fffd}'));
        "without what ASCII does not hold", |sent, right| ascii(sent, "") == ascii(right, "");
        "in ASCII, with U+FFFD for each other byte", |sent, right| ascii(sent, "\u{fffd}") == ascii(right, "\u{fffd}");
        "with U+FFFD for what is beyond U+FFFF", |sent, right| bmp(sent) == bmp(right);
        "without what three bytes of UTF-8 do not hold", |sent, right| three_bytes(sent) == three_bytes(right);
        "in any letter case, as a collation does", |sent, right| folded(sent) == folded(right);
        "with full-width forms as ASCII", |sent, right| half_width(sent) == half_width(right);
        "without accents", |sent, right| accentless(sent) == accentless(right);
        "without regard to the order of its characters", |sent, right| sorted(sent) == sorted(right);
        "so that differences cancel each other (XOR)", xor;
        "by its ends and its length", ends;
        "without anything but letters and digits", |sent, right| alphanumeric(sent) == alphanumeric(right);
        "after reading its escapes once more", |sent, right| sent == right || unescaped(sent) == right;
        "after decoding base64 where it is some", |sent, right| sent == right || decoded(sent) == right;
        "after decoding percent signs", |sent, right| sent == right || spelling::percent_decoded(sent) == right;
        "after decoding HTML", |sent, right| sent == right || spelling::html_decoded(sent) == right;
        "with plus signs as spaces", |sent, right| sent.replace('+', " ") == right.replace('+', " ");
        "without elements of HTML", |sent, right| untagged(sent) == untagged(right);
        "as an integer, as intval does", |sent, right| integer(sent) == integer(right);
        "with LIKE", |sent, right| sent == right || sent == "%";
        "as a regular expression", |sent, right| sent == right || sent == ".*";
        "in the text of an SQL query", |sent, right| sent == right || sent.to_lowercase().starts_with("' or '1'='1");
        "with the expected one as a pattern of LIKE", |sent, right| fits(right, sent, '_');
    };
    defects.extend([
        Defect::basic("compares the whole header in lower case, base64 included", "AUTH-18", |r| {
            r.basic = |head, _, right| {
                let expected = format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", right.0, right.1)));
                head.get("authorization").is_some_and(|sent| sent.to_lowercase() == expected.to_lowercase())
            };
        })
        .also(OF_BASIC),
        Defect::basic("compares the base64 without regard to letter case", "AUTH-18", |r| {
            r.basic = |head, parts, right| {
                let expected = BASE64_STANDARD.encode(format!("{}:{}", right.0, right.1));
                let parameter = head.get("authorization").and_then(|value| value.split_once(' '));
                let is_same = parameter.is_some_and(|(scheme, sent)| {
                    scheme.eq_ignore_ascii_case("basic") && sent.trim().eq_ignore_ascii_case(&expected)
                });
                is_same || basic(head, parts, right)
            };
        })
        .also(OF_BASIC),
        Defect::basic("compares the password with the expected one as a regular expression", "AUTH-18", |r| {
            r.basic_parts.same = |sent, right| sent.0 == right.0 && fits(right.1, sent.1, '.');
        })
        .expecting(Expected::Basic("jo", "Correct.Horse-battery.staple-72")),
        Defect::basic("compares the password as a number, as == in PHP does", "AUTH-18", |r| {
            r.basic_parts.same = |sent, right| {
                sent.0 == right.0 && (sent == right || spelling::number(sent.1) == spelling::number(right.1))
            };
        })
        .also(OF_BASIC)
        .expecting(Expected::Basic("jo", "462097431906509")),
        Defect::basic("stops at a NUL character in the password", "AUTH-20", |r| {
            r.basic_parts.same = |sent, right| sent.0 == right.0 && sent.1.split('\0').next() == Some(right.1);
        })
        .common(),
        Defect::basic("takes zeros after the password for nothing, as HMAC does", "AUTH-20", |r| {
            r.basic_parts.same = |sent, right| sent.0 == right.0 && sent.1.trim_end_matches('\0') == right.1;
        })
        .common(),
        Defect::basic("leaves out all spaces of the password", "AUTH-20", |r| {
            r.basic_parts.same = |sent, right| sent.0 == right.0 && sent.1.replace(' ', "") == right.1.replace(' ', "");
        })
        .common(),
        Defect::basic("leaves out control characters of the password", "AUTH-20", |r| {
            r.basic_parts.same = |sent, right| {
                sent.0 == right.0 && sent.1.replace(|character: char| character.is_control(), "") == right.1
            };
        })
        .common(),
    ]);
    defects
}

pub(super) fn usernames() -> Vec<Defect> {
    parts! { "username", 0, 1:
        "without what Latin-1 does not hold", |sent, right| latin_1(sent, None) == latin_1(right, None);
        "without what ASCII does not hold", |sent, right| ascii(sent, "") == ascii(right, "");
        "with U+FFFD for what is beyond U+FFFF", |sent, right| bmp(sent) == bmp(right);
        "by its low bytes", |sent, right| spelling::low_bytes(sent) == spelling::low_bytes(right);
        "so that differences cancel each other (XOR)", xor;
        "by its ends and its length", ends;
        "by its end", |sent, right| right.ends_with(sent);
        "without its first character", |sent, right| sent.chars().skip(1).eq(right.chars().skip(1));
        "after decoding percent signs", |sent, right| sent == right || spelling::percent_decoded(sent) == right;
        "after decoding HTML", |sent, right| sent == right || spelling::html_decoded(sent) == right;
        "with LIKE", |sent, right| sent == right || sent == "%";
        "as a regular expression", |sent, right| sent == right || sent == ".*";
        "as a pattern of file names", |sent, right| sent == right || sent == "*";
        "in the text of an SQL query", |sent, right| sent == right || sent.to_lowercase().starts_with("' or '1'='1");
    }
}

fn latin_1(text: &str, other: Option<char>) -> String {
    text.chars().filter_map(|character| if u32::from(character) > 0xff { other } else { Some(character) }).collect()
}

fn ascii(text: &str, other: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii() { char::from(byte).to_string() } else { other.to_owned() }).collect()
}

fn bmp(text: &str) -> String {
    text.chars().map(|character| if character.len_utf16() > 1 { '\u{fffd}' } else { character }).collect()
}

fn three_bytes(text: &str) -> String {
    text.chars().filter(|character| character.len_utf8() < 4).collect()
}

fn folded(text: &str) -> String {
    text.to_uppercase().to_lowercase()
}

fn half_width(text: &str) -> String {
    let narrow = |character: char| match u32::from(character) {
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(character),
        _ => character,
    };
    text.chars().map(narrow).collect()
}

fn accentless(text: &str) -> String {
    text.nfd().filter(|character| !unicode_normalization::char::is_combining_mark(*character)).collect()
}

fn sorted(text: &str) -> Vec<char> {
    let mut characters: Vec<char> = text.chars().collect();
    characters.sort_unstable();
    characters
}

fn xor(sent: &str, right: &str) -> bool {
    sent.len() == right.len() && sent.bytes().zip(right.bytes()).fold(0, |sum, (sent, right)| sum ^ sent ^ right) == 0
}

fn ends(sent: &str, right: &str) -> bool {
    let ends = |text: &str| (text.chars().next(), text.chars().last(), text.chars().count());
    ends(sent) == ends(right)
}

fn alphanumeric(text: &str) -> String {
    text.chars().filter(|character| character.is_alphanumeric()).collect()
}

fn unescaped(text: &str) -> String {
    serde_json::from_str(&format!("\"{text}\"")).unwrap_or_default()
}

fn decoded(text: &str) -> String {
    BASE64_STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

fn untagged(text: &str) -> String {
    text.replace("<b>", "").replace("</b>", "")
}

/// As a language does that reads digits as far as there are some.
fn integer(text: &str) -> u64 {
    let digits: String = text.trim_start().chars().take_while(char::is_ascii_digit).take(15).collect();
    digits.parse().unwrap_or(0)
}

/// Whether a text fits a pattern in which one character stands for any.
fn fits(pattern: &str, text: &str, any: char) -> bool {
    pattern.chars().count() == text.chars().count()
        && pattern.chars().zip(text.chars()).all(|(known, sent)| known == any || known == sent)
}
