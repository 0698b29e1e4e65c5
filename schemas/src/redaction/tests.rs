use std::fmt::Write as _;

use ::base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use proptest::prelude::*;

use super::*;
use crate::json;

const SECRET: &str = "pässwörd \"q\"/<a&b>+%41 😀'x";

fn masked(secret: &str, text: &str) -> String {
    let redactor = Redactor::default().with(secret);
    let masked = redactor.mask(text);
    assert_eq!(redactor.is_in(text.as_bytes()), masked != text, "detector and mask differ on {text}");
    masked
}

fn each(text: &str, encode: impl Fn(char) -> String) -> String {
    text.chars().map(encode).collect()
}

fn json_ascii(text: &str) -> String {
    each(&json::escape(text), |character| {
        let mut units = [0; 2];
        match character {
            'ö' => "\\u00F6".to_owned(),
            _ if character.is_ascii() => character.to_string(),
            _ => character.encode_utf16(&mut units).iter().fold(String::new(), |mut escaped, unit| {
                let _ = write!(escaped, "\\u{unit:04x}");
                escaped
            }),
        }
    })
}

fn percent(text: &str, keep: impl Fn(u8) -> bool) -> String {
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn url(text: &str) -> String {
    percent(text, |byte| byte.is_ascii_alphanumeric())
}

/// As C and Git write bytes beyond ASCII.
fn octal(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii() { char::from(byte).to_string() } else { format!("\\{byte:o}") })
        .collect()
}

fn hex(text: &str, separator: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(separator)
}

/// With lines of at most 30 characters.
fn quoted_printable(text: &str) -> String {
    let mut lines = vec![String::new()];
    for byte in text.bytes() {
        let encoded = match byte {
            b'=' | b' ' | 0x80.. => format!("={byte:02X}"),
            _ => char::from(byte).to_string(),
        };
        if lines[lines.len() - 1].len() + encoded.len() > 30 {
            lines.push(String::new());
        }
        lines.last_mut().unwrap().push_str(&encoded);
    }
    lines.join("=\r\n")
}

/// UTF-8 that is read as Windows-1252.
fn mojibake(text: &str) -> String {
    let specials = [(0x98, '˜'), (0x9F, 'Ÿ'), (0x80, '€'), (0x84, '„')];
    let character = |byte: u8| specials.iter().find(|(known, _)| *known == byte).map_or(char::from(byte), |it| it.1);
    text.bytes().map(character).collect()
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[test]
fn a_credential_is_found_and_masked_in_every_encoding() {
    let numeric = |radix: &str| {
        each(SECRET, |character| {
            let code = u32::from(character);
            match radix {
                "decimal" => format!("&#{code};"),
                "padded" => format!("&#{code:07};"),
                "hex" => format!("&#x{code:x};"),
                _ => format!("&#X{code:08X};"),
            }
        })
    };
    for (name, encoded) in [
        ("as it is", SECRET.to_owned()),
        ("JSON", json::escape(SECRET)),
        ("JSON, solidus escaped", json::escape(SECRET).replace('/', "\\/")),
        ("JSON, ASCII only", json_ascii(SECRET)),
        (
            "JSON, HTML safe",
            json::escape(SECRET).replace('<', "\\u003c").replace('>', "\\u003E").replace('&', "\\u0026"),
        ),
        ("JSON, all escaped", SECRET.encode_utf16().fold(String::new(), |all, unit| format!("{all}\\u{unit:04X}"))),
        ("JSON in JSON", json::escape(&json::escape(SECRET))),
        ("JSON in JSON, ASCII only", json::escape(&json_ascii(SECRET))),
        ("JSON in JSON in JSON", json::escape(&json::escape(&json::escape(SECRET)))),
        ("percent", url(SECRET)),
        ("percent in lower case", url(SECRET).to_ascii_lowercase()),
        ("percent, all bytes", percent(SECRET, |_| false)),
        ("percent, beyond ASCII only", percent(SECRET, |byte| byte.is_ascii())),
        ("percent, as a browser does", percent(SECRET, |byte| byte.is_ascii() && !b" \"<>'".contains(&byte))),
        ("a form", url(SECRET).replace("%20", "+")),
        ("percent twice", url(&url(SECRET))),
        ("percent three times", url(&url(&url(SECRET)))),
        ("percent of JSON", url(&json_ascii(SECRET))),
        ("percent in JSON", json::escape(&url(SECRET))),
        ("HTML", html(SECRET)),
        ("HTML twice", html(&html(SECRET))),
        ("HTML names", html(SECRET).replace('ä', "&auml;").replace('ö', "&ouml;").replace('/', "&sol;")),
        ("HTML, decimal", numeric("decimal")),
        ("HTML, decimal with zeros", numeric("padded")),
        ("HTML, hex", numeric("hex")),
        ("HTML, upper-case hex with zeros", numeric("HEX")),
        ("HTML of JSON", html(&json_ascii(SECRET))),
        ("JSON of HTML", json::escape(&html(SECRET))),
        ("Rust", SECRET.escape_default().to_string()),
        ("C", octal(SECRET)),
        ("quoted-printable", quoted_printable(SECRET)),
        ("UTF-8 taken for Latin-1", SECRET.bytes().map(char::from).collect()),
        ("UTF-8 taken for Windows-1252", mojibake(SECRET)),
        ("UTF-8 taken for Windows-1252, in JSON", json_ascii(&mojibake(SECRET))),
        ("a question mark for a character", SECRET.replace(|it: char| !it.is_ascii(), "?")),
        (
            "question marks for its bytes",
            each(SECRET, |it| if it.is_ascii() { it.into() } else { "?".repeat(it.len_utf8()) }),
        ),
        ("a replacement character", SECRET.replace(|it: char| !it.is_ascii(), "\u{FFFD}")),
        ("a replacement character in JSON", SECRET.replace('"', "\\\"").replace(|it: char| !it.is_ascii(), "\\ufffd")),
        ("capitals of ASCII", SECRET.to_ascii_uppercase()),
        ("capitals of ASCII in JSON", json_ascii(&SECRET.to_ascii_uppercase())),
        ("hexadecimal", hex(SECRET, "")),
        ("hexadecimal in upper case", hex(SECRET, "").to_uppercase()),
        ("hexadecimal with colons", hex(SECRET, ":")),
        ("hexadecimal with spaces", hex(SECRET, " ")),
        ("hexadecimal of JSON", hex(&json_ascii(SECRET), "")),
        ("base64", STANDARD.encode(SECRET)),
        ("base64 without padding", STANDARD_NO_PAD.encode(SECRET)),
        ("base64 for URLs", URL_SAFE.encode(SECRET)),
        ("base64 for URLs without padding", URL_SAFE_NO_PAD.encode(SECRET)),
        ("base64 in JSON", STANDARD.encode(SECRET).replace('/', "\\/")),
        ("base64 in a URL", url(&STANDARD.encode(SECRET))),
        ("base64 in quoted-printable", quoted_printable(&STANDARD.encode(SECRET))),
        ("base64 in HTML", STANDARD.encode(SECRET).replace('+', "&#43;").replace('=', "&equals;")),
        ("base64 of JSON", STANDARD.encode(json_ascii(SECRET))),
    ] {
        assert_eq!(masked(SECRET, &encoded), MASK, "{name}: {encoded}");
        assert_eq!(masked(SECRET, &format!("got \"{encoded}\".")), "got \"***\".", "{name}: {encoded}");
    }
}

#[test]
fn a_credential_in_another_charset_is_found_in_bytes_that_are_not_utf_8() {
    let redactor = Redactor::default().with("tür – und tor");
    for (name, text) in [
        ("Latin-1, with a question mark", &b"got t\xfcr ? und tor."[..]),
        ("Windows-1252", b"got t\xfcr \x96 und tor."),
        ("Windows-1252 in percent-encoding", b"got t%FCr+%96+und+tor."),
        ("Windows-1252 in quoted-printable", b"got t=FCr =96 und tor."),
        ("Windows-1252 in hexadecimal", b"got 74fc72209620756e6420746f72."),
        ("UTF-16 of little endian, with a question mark", b"got t\0\xfc\0r\0 \0?\0 \0u\0n\0d\0 \0t\0o\0r\0."),
        ("UTF-16 of big endian, with a question mark", b"got t\0\xfc\0r\0 \0?\0 \0u\0n\0d\0 \0t\0o\0r."),
    ] {
        assert!(redactor.is_in(text), "{name}");
        assert_eq!(redactor.replace(text, MASK), b"got ***.", "{name}");
    }
    // Of this one nothing would be left but marks.
    let redactor = Redactor::default().with("пароль-1");
    for text in ["??????-1", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}-1"] {
        assert!(!redactor.is_in(text.as_bytes()));
        assert_eq!(redactor.mask(text), text);
    }
}

#[test]
fn base64_is_found_wherever_the_credential_is_in_it() {
    for before in ["", "a", "ab", "abc", "{\"clientSecret\":\""] {
        for after in ["", "x", "\"}", "xyz"] {
            let text = format!("{before}{SECRET}{after}");
            for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                let masked = masked(SECRET, &format!("key-{encoded} "));
                assert!(masked.contains(MASK) && masked.len() < 40 + before.len() * 2, "{text}: {masked}");
            }
        }
    }
    let folded = STANDARD
        .encode(SECRET.repeat(3))
        .as_bytes()
        .chunks(76)
        .fold(String::new(), |all, line| all + std::str::from_utf8(line).unwrap() + "\\r\\n");
    assert_eq!(masked(SECRET, &folded), "***\\r\\n");
    let long = format!("{}{}", "QUJD".repeat(40_000), STANDARD.encode(SECRET));
    assert!(masked(SECRET, &long).ends_with(MASK));
}

#[test]
fn a_pair_is_found_in_base64_however_short_it_is() {
    let redactor = Redactor::default().with_basic("jo", "pw");
    for (text, expected) in [
        ("basic am86cHc=", "basic ***"),
        ("basic am86cHc", "basic ***"),
        ("basic%20am86cHc%3D", "basic%20***"),
        ("use pw.", "use ***."),
        ("pwd", "pwd"),
        ("jo", "jo"),
    ] {
        assert_eq!(redactor.mask(text), expected);
    }
}

#[test]
fn what_only_looks_like_a_credential_stays() {
    for text in [
        "",
        "pässwörd",
        "PÄSSWÖRD \"Q\"/<A&B>+%41 😀'X",
        "pässwörds \"q\"/<a&b>+%41 😀'x",
        "\\u00e4 &auml; %C3%A4 QUJD",
        "p&auml;ssw&ouml;rd &quot;q&quot;/&lt;a&amp;b&gt;+%41 😀",
        "p?ssw?rd \"q\"/<a&b>?%41 ?'x",
        "????????? 70c3a47373",
    ] {
        assert_eq!(masked(SECRET, text), text);
    }
    assert_eq!(Redactor::default().with("Kennwort").mask("kennwort, Kennwort"), "kennwort, ***");
    let short = Redactor::default().with("short");
    assert!(!short.is_in(b"short"));
    assert_eq!(short.mask("too short, shorter, \"short\""), "too ***, shorter, \"***\"");
    assert_eq!(Redactor::default().with("").mask("a"), "a");
    assert!(Redactor::of(&Authentication::None).is_empty());
}

#[test]
fn several_credentials_and_overlaps_leave_nothing() {
    let redactor = Redactor::default().with("canary-1").with("canary-1-long").with("long-canary-2");
    for (text, expected) in
        [("jo:canary-1, long-canary-2", "jo:***, ***"), ("canary-1-long-canary-2", "***"), ("canary-1canary-1", "***")]
    {
        assert_eq!(redactor.mask(text), expected);
    }
    assert_eq!(masked("ababab", "xababababy"), "x***y");
    assert_eq!(masked("ababab", "x%61babab%61b y"), "x*** y");
}

#[test]
fn what_a_cut_has_left_of_a_credential_is_masked_too() {
    let redactor = Redactor::default().with("t\u{fc}r-und-tor").with("short");
    for (text, expected) in [
        ("got t\u{fc}r-und-t", "got ***"),
        ("got t\u{fc}r", "got ***"),
        ("got t\u{fc}", "got t\u{fc}"),
        ("got t\\u00fcr-un", "got ***"),
        ("got t%C3%BCr%2Dund%2", "got ***"),
        ("t\u{fc}r-und-tor t&uuml;r&#x2D;un&#x6", "*** ***"),
        ("got t\u{fc}r-und-nothing", "got t\u{fc}r-und-nothing"),
        ("", ""),
    ] {
        assert_eq!(redactor.mask_cut(text), expected, "{text}");
    }
    assert_eq!(Redactor::default().mask_cut("abc"), "abc");
}

#[test]
fn ranges_are_where_the_credential_is() {
    let redactor = Redactor::default().with("tür-und-tor");
    let text = r#"{"a":"t\u00fcr-und-tor","b":"tür-und-tor"}"#;
    let found: Vec<&str> = redactor.ranges(text.as_bytes()).into_iter().map(|range| &text[range]).collect();
    assert_eq!(found, [r"t\u00fcr-und-tor", "tür-und-tor"]);
}

#[test]
fn debug_shows_no_credential() {
    let shown = format!("{:?}", Redactor::default().with("canary-1").with_basic("jo", "x"));
    assert_eq!(shown, "Redactor { credentials: 2, .. }");
}

/// Texts that make a naive search examine most of the text again and again, so that it would not end.
#[test]
fn hostile_text_costs_no_more_than_its_length() {
    let secret = "ab".repeat(500) + "c";
    let redactor = Redactor::default().with(secret.as_str()).with("aaaaaaaaaaaaaaaaaaaab").with("üüüüabcdefüüüüü");
    for unit in [
        "ab",
        "a",
        "%61%62",
        "&amp;amp;amp;",
        "\\\\",
        "%25",
        "&#x00000061;",
        "&amp;#x00000061;",
        "&aaaaaaaa",
        "YWJh",
        "6162",
        "6",
        "?",
        "\u{FFFD}",
        "Ã",
        "=3D",
        "=\r\n",
        "\\1",
    ] {
        let text = unit.repeat((1 << 16) / unit.len());
        assert!(redactor.ranges(text.as_bytes()).is_empty(), "{unit}");
    }
    let echo = secret.repeat(1 << 6);
    assert_eq!(redactor.mask(&echo), MASK);
}

proptest! {
    #[test]
    fn any_mixture_of_encodings_is_found(
        secret in "[a-zA-Z0-9äö😀\"/<&+% ]{6,20}",
        layers in prop::collection::vec(0_usize..5, 0..=3),
        around in "[a-z ]{0,5}",
    ) {
        let encoded = layers.iter().fold(secret.clone(), |text, layer| match layer {
            0 => json_ascii(&text),
            1 => url(&text),
            2 => html(&text),
            3 => quoted_printable(&text).replace("=\r\n", ""),
            _ => json::escape(&text).replace('/', "\\/"),
        });
        let text = format!("{around}{encoded}{around}");
        let redactor = Redactor::default().with(secret.as_str());
        prop_assert!(redactor.is_in(text.as_bytes()), "{text}");
        let masked = redactor.mask(&text);
        prop_assert!(masked.contains(MASK) && !masked.contains(&encoded), "{text}: {masked}");
    }

    #[test]
    fn nothing_panics_and_ranges_are_characters(secret in "\\PC{1,12}", text in "[\\\\%&+#x0-9a-fu;=ü😀?Ã€\u{FFFD}]{0,60}") {
        let redactor = Redactor::default().with(secret.as_str()).with(text.get(1..9).unwrap_or_default());
        for range in redactor.ranges(text.as_bytes()) {
            prop_assert!(text.get(range).is_some());
        }
    }
}
