//! Replaces secrets by a marker: every JSON string that equals a secret, and every secret of six bytes or more wherever it is,
//! in any encoding. Everything else stays byte for byte. In text that is not JSON, shorter secrets are replaced too.

use std::{iter, ops::Range};

use schemas::{
    Redactor,
    redaction::{CLIENT_SECRET_PLACEHOLDER, MIN_CREDENTIAL_BYTES},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::IgnoredAny;
use subtle::ConstantTimeEq as _;

/// The body with the marker instead of every secret and of the value at `place`, quotes included.
pub(super) fn body(body: &[u8], secrets: &[SecretString], place: Option<&Range<usize>>) -> Vec<u8> {
    let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
    let equal = |span: &Range<usize>| {
        let text = serde_json::from_slice::<String>(&body[span.clone()]);
        text.is_ok_and(|text| secrets.iter().any(|secret| is(secret, &text)))
    };
    let inside = candidates(body, is_json).filter(equal).map(|span| span.start + 1..span.end - 1);
    let mut spans: Vec<Range<usize>> = inside.chain(redactor(secrets).ranges(body)).collect();
    let is_place = |span: &Range<usize>| place == Some(span);
    if let Some(place) = place {
        spans.retain(|span| span.end <= place.start || place.end <= span.start);
        spans.push(place.clone());
    }
    spans.sort_unstable_by_key(|span| span.start);
    let (mut marked, mut at) = (Vec::with_capacity(body.len()), 0);
    for span in spans {
        if span.start >= at {
            marked.extend_from_slice(&body[at..span.start]);
            let quote: &[u8] = if is_place(&span) { b"\"" } else { b"" };
            marked.extend_from_slice(&[quote, CLIENT_SECRET_PLACEHOLDER.as_bytes(), quote].concat());
        }
        at = at.max(span.end);
    }
    marked.extend_from_slice(&body[at..]);
    if is_json { marked } else { bytes(&marked, secrets) }
}

/// The text, such as the value of a header, with the marker instead of every secret.
pub(super) fn text(text: &str, secrets: &[SecretString]) -> String {
    let marked = redactor(secrets).replace(text.as_bytes(), CLIENT_SECRET_PLACEHOLDER);
    String::from_utf8_lossy(&bytes(&marked, secrets)).into_owned()
}

/// Finds the secrets in any encoding. In JSON a short one is replaced only if it is a complete string.
fn redactor(secrets: &[SecretString]) -> Redactor {
    let mut redactor = Redactor::default();
    redactor.extend(secrets.iter().filter(|secret| secret.expose_secret().len() >= MIN_CREDENTIAL_BYTES));
    redactor
}

fn is(secret: &SecretString, text: &str) -> bool {
    secret.expose_secret().as_bytes().ct_eq(text.as_bytes()).into()
}

fn bytes(text: &[u8], secrets: &[SecretString]) -> Vec<u8> {
    let mut longest_first: Vec<&[u8]> = secrets.iter().map(|secret| secret.expose_secret().as_bytes()).collect();
    longest_first.sort_unstable_by_key(|secret| usize::MAX - secret.len());
    let (mut marked, mut at) = (Vec::with_capacity(text.len()), 0);
    while at < text.len() {
        match longest_first.iter().find(|secret| !secret.is_empty() && text[at..].starts_with(secret)) {
            Some(secret) => {
                marked.extend_from_slice(CLIENT_SECRET_PLACEHOLDER.as_bytes());
                at += secret.len();
            }
            None => {
                marked.push(text[at]);
                at += 1;
            }
        }
    }
    marked
}

/// Spans that may be a string, quotes included. In JSON these are its strings and names. In other text it is unknown which
/// quotes open a string, so these are the spans between any two quotes.
fn candidates(text: &[u8], is_json: bool) -> impl Iterator<Item = Range<usize>> {
    let (mut quotes, mut last) = (quotes(text), None);
    iter::from_fn(move || {
        let start = last.take().or_else(|| quotes.next())?;
        let end = quotes.next()?;
        if !is_json {
            last = Some(end);
        }
        Some(start..end + 1)
    })
}

/// Positions of unescaped quotes.
fn quotes(text: &[u8]) -> impl Iterator<Item = usize> {
    let mut at = 0;
    iter::from_fn(move || {
        while let Some(byte) = text.get(at) {
            let here = at;
            at += if *byte == b'\\' { 2 } else { 1 };
            if *byte == b'"' {
                return Some(here);
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(body: &str, place: Option<&Range<usize>>) -> String {
        let secrets = ["s3\"cret", "s3", ":"].map(SecretString::from);
        String::from_utf8(super::body(body.as_bytes(), &secrets, place)).unwrap()
    }

    #[test]
    fn in_json_only_strings_that_equal_a_secret_are_replaced() {
        for (case, body, expected) in [
            ("plain", r#"{ "a" : "s3" , "b":1.0e1}"#, r#"{ "a" : "<client-secret>" , "b":1.0e1}"#),
            ("escaped", r#"["\u0073\u0033","s3\"cret"]"#, r#"["<client-secret>","<client-secret>"]"#),
            ("deep", r#"{"a":[{"b":[["s3"]]}]}"#, r#"{"a":[{"b":[["<client-secret>"]]}]}"#),
            ("part of a string", r#"{"a":"not s3","b":"s3cret"}"#, r#"{"a":"not s3","b":"s3cret"}"#),
            (
                "a long one as a part",
                r#"{"a":"/login?s=s3%22cret&x","b":"czMiY3JldA==","c":"s3\u0022cret, s3&quot;cret"}"#,
                r#"{"a":"/login?s=<client-secret>&x","b":"<client-secret>","c":"<client-secret>, <client-secret>"}"#,
            ),
            ("a name", r#"{"s3":1}"#, r#"{"<client-secret>":1}"#),
            ("between strings", r#"{"a":"b"}"#, r#"{"a":"b"}"#),
            ("a number", r#"{"a":3,"b":"\\"}"#, r#"{"a":3,"b":"\\"}"#),
            ("alone", r#""s3""#, r#""<client-secret>""#),
        ] {
            assert_eq!(marked(body, None), expected, "{case}");
        }
    }

    #[test]
    fn the_place_of_the_profile_is_marked_whatever_its_value() {
        assert_eq!(
            marked(r#"{"c":"other","a":"s3"}"#, Some(&(5..12))),
            r#"{"c":"<client-secret>","a":"<client-secret>"}"#
        );
        assert_eq!(marked(r#"{"c":["s3",1],"a":2}"#, Some(&(5..13))), r#"{"c":"<client-secret>","a":2}"#);
    }

    #[test]
    fn in_text_that_is_not_json_the_bytes_are_replaced_too() {
        for (case, body, expected) in [
            ("bytes", "a=s3&b=xs3x", "a=<client-secret>&b=x<client-secret>x"),
            ("the longer one", "s3\"cret", "<client-secret>"),
            ("escaped", r#"{"a":"\u0073\u0033",}"#, r#"{"a"<client-secret>"<client-secret>",}"#),
            ("torn", r#"{"a" = "x", "b" "s3"#, r#"{"a" = "x", "b" "<client-secret>"#),
            ("nothing", "", ""),
        ] {
            assert_eq!(marked(body, None), expected, "{case}");
        }
    }
}
